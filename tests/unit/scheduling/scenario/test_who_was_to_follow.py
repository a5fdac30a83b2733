"""Who was to follow a visit that is cancelled, missed or moved, as a scenario tells it."""

import pytest

from hub.scheduling.scenario.run import run_scenario

HEAD = """\
zone: America/Chicago
now: 2026-03-02T08:00
resources: [{id: lee, kind: provider}]
services:
  - {id: consult, steps: [{name: talk, minutes: 30, needs: [{kind: provider}]}]}
  - {id: laser, requires: [{before: consult}], steps: [{name: laser, minutes: 30, needs: [{kind: provider}]}]}
patients: [{id: ann}]
visits: [{id: listed, patient: ann, service: laser, arrives: 2026-03-05T09:00, with: {provider: lee}}]
policy: {overrides: {doctor: [missing_prerequisite]}}
actions:
  - {book: {service: consult, patient: ann, arrives: 2026-03-02T10:00, as: talk}}
  - {book: {parts: [{service: laser}, {service: laser}], patient: ann, arrives: 2026-03-02T11:00, as: trip}}
"""


def told(action, **expect):
    actions = f"  - {{{action}, expect: {{relying: {expect.get('relying', [])}}}}}\n"
    return run_scenario(HEAD + actions, "s.yaml").results[-1]


def test_each_part_of_a_trip_is_told_and_facts_are_not():
    got = told("cancel: {visit: talk}").got
    lacks = ["missing_prerequisite"]
    assert got["relying"] == [{"visit": "trip.1", "codes": lacks}, {"visit": "trip.2", "codes": lacks}]


@pytest.mark.parametrize(
    ("action", "relying"),
    [
        ("move: {visit: talk, arrives: 2026-03-02T09:00}", []),
        ("move: {visit: trip, arrives: 2026-03-02T13:00}", []),
        ("no_show: {visit: talk}", None),
    ],
)
def test_what_keeps_its_order_or_is_refused_leaves_nobody_behind(action, relying):
    assert told(action).got.get("relying") == relying


def test_an_expectation_that_names_too_few_or_other_codes_fails():
    rows = [{"visit": "trip.1"}, {"visit": "trip.2", "codes": ["missing_prerequisite"]}]
    assert told("cancel: {visit: talk}", relying=rows).ok
    assert not told("cancel: {visit: talk}", relying=rows[:1]).ok
    assert not told("cancel: {visit: talk}", relying=[rows[0], {"visit": "trip.2", "codes": ["too_soon"]}]).ok


def test_what_was_passed_over_at_a_move_is_not_held_against_the_visit():
    over = "override: [missing_prerequisite], reason: seen, role: doctor"
    actions = [
        f"{{move: {{visit: trip, arrives: 2026-03-02T09:00, {over}}}}}",
        "{cancel: {visit: talk}, expect: {relying: []}}",
    ]
    report = run_scenario(HEAD + "".join(f"  - {action}\n" for action in actions), "s.yaml")
    assert [result.error for result in report.results if not result.ok] == []
