"""Which lots a visit's products come out of."""

from datetime import date
from decimal import Decimal

import pytest

from hub.scheduling.diary import LotOnHand
from hub.scheduling.lots import plan_draws, take_out

DAY = date(2026, 3, 3)


def lot(name: str, on_hand: str, expires_on: date, product: str = "gel") -> LotOnHand:
    return LotOnHand(product, "main", name, Decimal(on_hand), expires_on)


SHELF = (
    lot("C", "1", date(2026, 12, 31)),
    lot("B", "2", date(2026, 3, 10)),
    lot("A", "2", date(2026, 3, 10)),
    lot("old", "9", date(2026, 3, 2)),
    lot("T", "5", date(2026, 3, 3), "tape"),
)


@pytest.mark.parametrize(
    ("used", "drawn"),
    [
        ({"gel": "1"}, {"A": "1"}),
        ({"gel": "3.5"}, {"A": "2", "B": "1.5"}),
        ({"gel": "5", "tape": "5"}, {"T": "5", "A": "2", "B": "2", "C": "1"}),
        ({"gel": "0"}, {}),
        ({}, {}),
    ],
)
def test_the_first_to_expire_goes_first_and_then_by_name(used: dict[str, str], drawn: dict[str, str]) -> None:
    draws = plan_draws(SHELF, {product: Decimal(quantity) for product, quantity in used.items()}, DAY)
    assert draws is not None
    assert [(draw.lot, draw.quantity) for draw in draws] == [(name, Decimal(one)) for name, one in drawn.items()]


@pytest.mark.parametrize("used", [{"gel": "5.1"}, {"tape": "5", "gel": "6"}, {"nothing": "1"}])
def test_more_than_the_usable_lots_hold_is_no_plan(used: dict[str, str]) -> None:
    assert plan_draws(SHELF, {product: Decimal(quantity) for product, quantity in used.items()}, DAY) is None


def test_what_was_drawn_is_gone_from_its_lot_alone() -> None:
    draws = plan_draws(SHELF, {"gel": Decimal(3)}, DAY)
    assert draws is not None
    assert [one.on_hand for one in take_out(SHELF, draws)] == [Decimal(n) for n in (1, 1, 0, 9, 5)]
