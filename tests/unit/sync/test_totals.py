"""Totals are told side by side, and only what waits in quarantine explains a difference."""

from decimal import Decimal

import pytest

from hub.sync.totals import MUST_AGREE, compare_totals

MARCH, APRIL = ("2026-03", "payment"), ("2026-04", "payment")


def test_each_key_of_either_side_has_its_total_and_what_is_not_told_is_nothing() -> None:
    totals = compare_totals("payments", {MARCH: 100}, {MARCH: 100, APRIL: 5}, {})
    assert [(one.key, one.source, one.hub, one.difference) for one in totals] == [
        (MARCH, 100, 100, 0),
        (APRIL, 0, 5, 5),
    ]
    assert [one.blocks for one in totals] == [False, True]


@pytest.mark.parametrize(("quarantined", "unexplained"), [(30, 0), (29, -1), (31, 1), (0, -30)])
def test_rows_in_quarantine_explain_exactly_what_they_say(quarantined: int, unexplained: int) -> None:
    (total,) = compare_totals("payments", {MARCH: 100}, {MARCH: 70}, {MARCH: quarantined})
    assert (total.difference, total.unexplained, total.blocks) == (-30, unexplained, unexplained != 0)


@pytest.mark.parametrize("measure", sorted(MUST_AGREE))
def test_sessions_and_what_else_was_paid_ahead_agree_or_nobody_goes_on(measure: str) -> None:
    (total,) = compare_totals(measure, {("all",): 6}, {("all",): 4}, {("all",): 2})
    assert total.unexplained == 0
    assert total.blocks


def test_parts_of_a_unit_are_compared_to_the_last_digit() -> None:
    (total,) = compare_totals("units", {("botox",): Decimal("12.5")}, {("botox",): Decimal("12.50")}, {})
    assert not total.blocks
