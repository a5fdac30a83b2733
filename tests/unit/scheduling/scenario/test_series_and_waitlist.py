import pytest

from hub.scheduling.scenario.run import run_scenario

PRACTICE = """
zone: UTC
now: 2026-03-02T08:00
resources: [{id: lee, kind: provider}]
services:
  - {id: peel, series: {sessions: 2, min_days: 7}, steps: [{name: peel, minutes: 60, needs: [{kind: provider}]}]}
  - {id: talk, steps: [{name: talk, minutes: 30, needs: [{kind: provider}]}]}
patients: [{id: ann}]
actions:
"""
SERIES = "  - {series: {service: peel, patient: ann, start: 2026-03-02, until: 2026-03-31, as: s}}\n"


def errors(actions):
    return [result.error for result in run_scenario(PRACTICE + actions, "x.yaml").results]


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (SERIES + "  - {move: {visit: s, arrives: 2026-03-03T09:00}}", "a series is not moved as a whole"),
        (
            "  - {series: {service: talk, patient: ann, start: 2026-03-02, until: 2026-03-31}}",
            "the key 'sessions' is missing: the service 'talk' does not say how many",
        ),
        (
            "  - {series: {service: peel, patient: ann, start: 2026-03-02, until: 2026-03-01}}",
            "`until` is not before `start`",
        ),
        (
            "  - {waitlist: {service: peel, patient: ann, from: 2026-03-02, until: 2026-03-01}}",
            "`until` is not before `from`",
        ),
        (
            "  - {series: {service: peel, patient: ann, start: 2026-03-02, until: 2026-03-31, sessions: 0}}",
            "sessions",
        ),
    ],
)
def test_a_mistake_in_a_series_or_a_waitlist_is_named_before_anything_runs(actions, message):
    found = errors(actions)
    assert len(found) == 1
    assert message in found[0]
    assert found[0].startswith("x.yaml:1")


def test_a_name_that_no_longer_means_a_series_may_be_moved():
    again = "  - {book: {service: talk, patient: ann, arrives: 2026-03-03T09:00, as: s}}\n"
    assert errors(SERIES + again + "  - {move: {visit: s, arrives: 2026-03-04T09:00}}") == [None] * 3
