"""Policies that come into force by date."""

from datetime import UTC, date, datetime

import pytest

from hub.canonical.practice import read_practice, read_sound_practice
from hub.errors import InvalidInput

PRACTICE = """zone: America/Chicago
locations: [{id: main}, {id: tokyo, zone: Asia/Tokyo}]
policy:
  - {hold_minutes: 5}
  - {from: 2026-06-01, hold_minutes: 6}
  - {from: 2026-07-01, hold_minutes: 7}
"""


@pytest.mark.parametrize(
    ("day", "minutes"),
    [("2020-01-01", 5), ("2026-05-31", 5), ("2026-06-01", 6), ("2026-06-30", 6), ("2026-07-01", 7), ("2040-01-01", 7)],
)
def test_an_entry_is_in_force_from_its_date_until_the_next_one_is(day: str, minutes: int) -> None:
    assert read_practice(PRACTICE, "p.yaml").policy_on(date.fromisoformat(day)).hold_minutes == minutes


def test_the_local_date_decides() -> None:
    practice = read_practice(PRACTICE, "p.yaml")
    moment = datetime(2026, 5, 31, 20, 0, tzinfo=UTC)  # five in the morning of June in Tokyo
    assert practice.policy_at(moment, "main").hold_minutes == 5
    assert practice.policy_at(moment, "tokyo").hold_minutes == 6


def test_a_plain_table_is_always_in_force_and_before_the_first_date_there_are_no_rules() -> None:
    plain = read_practice("{zone: UTC, policy: {hold_minutes: 5}}", "p.yaml")
    assert plain.policy_on(date(1990, 1, 1)).hold_minutes == 5
    dated = read_practice("{zone: UTC, policy: {from: 2026-06-01, hold_minutes: 5, self_booking: {}}}", "p.yaml")
    assert dated.policy_on(date(2026, 5, 31)).self_booking is None


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "message"),
    [
        ("2026-07-01", "2026-06-01", 3, "policy", "later than"),
        ("from: 2026-06-01, ", "", 3, "policy", "has a `from`"),
        ("hold_minutes: 6", "hold_minutes: 0", 5, "policy[1].hold_minutes", "less than 1"),
        ("hold_minutes: 6", "waive: {}", 5, "policy[1].waive", "unknown key"),
        ("hold_minutes: 6", "waivers: {desk: {reasons: []}}", 5, "policy[1].waivers.desk.reasons", "at least one"),
        ("hold_minutes: 6", "self_booking: {services: [x]}", 5, "policy[1].self_booking.services[0]", "not declared"),
        ("hold_minutes: 6", "overrides: {desk: [nonsense]}", 5, "policy[1].overrides.desk", "can never"),
    ],
)
def test_what_is_wrong_in_an_entry_is_named_with_its_line(
    old: str, new: str, line: int, field: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_sound_practice(PRACTICE.replace(old, new), "p.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, problem.field) == (line, field)
    assert message in problem.message


def test_an_empty_list_is_no_policy() -> None:
    with pytest.raises(InvalidInput, match="at least one"):
        read_practice("{zone: UTC, policy: []}", "p.yaml")
