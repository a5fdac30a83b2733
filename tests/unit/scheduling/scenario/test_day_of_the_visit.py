"""What a file may say of the day of a visit, and what is refused before anything runs."""

import pytest

from hub.errors import InvalidInput
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.run import run_scenario

HEAD = """\
zone: America/Chicago
now: 2026-03-02T08:00
resources: [{id: lee, kind: provider}]
services: [{id: consult, price: {amount_minor: 10000}, steps: [{name: talk, minutes: 30, needs: [{kind: provider}]}]}]
patients: [{id: ann}, {id: bob}]
policy: {cancellation: [{within_hours: 2, fee_share: 1.0}, {within_hours: 24, fee_share: 0.5}]}
actions:
"""
BOOK = "  - {book: {service: consult, patient: ann, arrives: 2026-03-02T09:00, as: a}}\n"
TRIP = "  - {book: {parts: [{service: consult}, {service: consult}], patient: bob, arrives: 2026-03-02T11:00, as: t}}\n"


def run(*actions):
    report = run_scenario(HEAD + BOOK + TRIP + "".join(f"  - {action}\n" for action in actions), "s.yaml")
    return [result.error for result in report.results if not result.ok], report.results[-1].got


@pytest.mark.parametrize(
    ("action", "field", "message"),
    [
        ("{late: {visit: a}}", "actions[2].late.minutes", "missing"),
        ("{late: {visit: a, minutes: 0}}", "actions[2].late.minutes", "less than 1"),
        ("{late: {visit: z, minutes: 5}}", "actions[2].late.visit", "not declared"),
        ("{over: {visit: a}}", "actions[2].over", "either `minutes` or `until`"),
        ("{over: {visit: a, minutes: 5, until: 2026-03-02T09:40}}", "actions[2].over", "either `minutes` or `until`"),
        ("{over: {visit: t, minutes: 5}}", "actions[2].over.visit", "do not run as one"),
        ("{finish: {visit: t}}", "actions[2].finish.visit", "do not run as one"),
        ("{finish: {visit: a, at: soon}}", "actions[2].finish.at", "not a wall time"),
        ("{finish: {visit: a}, expect: {knock_on: [{minutes: 5}]}}", "actions[2].expect.knock_on[0].visit", "missing"),
    ],
)
def test_a_mistake_is_named_before_anything_runs(action, field, message):
    with pytest.raises(InvalidInput) as caught:
        read_scenario(f"{HEAD}{BOOK}{TRIP}  - {action}\n", "s.yaml")
    problem = next(problem for problem in caught.value.problems if problem.field == field)
    assert (problem.line, message in problem.message) == (10, True)


def test_who_is_late_does_not_escape_the_fee():
    errors, got = run("{late: {visit: a, minutes: 120}}", "{cancel: {visit: a}}")
    assert errors == []
    assert got["fee"] == 10000


def test_a_part_that_runs_over_meets_the_next_part_of_the_same_patient():
    clock, over = "{clock: 2026-03-02T11:10}", "{over: {visit: t.1, minutes: 10}"
    expect = "{contested: [t.2], knock_on: [{visit: t.2, minutes: 10, because: [lee, patient]}]}"
    assert run(clock, f"{over}, expect: {expect}}}")[0] == []


def test_a_trip_is_late_as_a_whole():
    late = (
        "{late: {visit: t, minutes: 15}, expect: {arrives: 2026-03-02T11:15, leaves: 2026-03-02T12:15, knock_on: []}}"
    )
    assert run(late)[0] == []


def test_a_knock_on_that_is_not_expected_is_told():
    clock, over = "{clock: 2026-03-02T11:10}", "{over: {visit: t.1, minutes: 10}"
    errors, _ = run(clock, f"{over}, expect: {{knock_on: [{{visit: t.2, minutes: 9}}]}}}}")
    assert errors == ["s.yaml:11: over: not as expected: knock_on"]
    assert run(clock, f"{over}, expect: {{knock_on: []}}}}")[0]
