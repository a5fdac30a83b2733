"""Which lots a visit's products come out of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hub.scheduling.diary import LotOnHand


@dataclass(frozen=True, slots=True)
class LotDraw:
    """So much out of one lot."""

    product_id: str
    location_id: str
    lot: str
    quantity: Decimal


def plan_draws(lots: Iterable[LotOnHand], used: Mapping[str, Decimal], on: date) -> tuple[LotDraw, ...] | None:
    """Out of the lots usable on that date, first expiry first, then by lot name. None: they hold less.

    Args:
        lots: those of one location.
        used: product → quantity.
        on: the local date of arrival.
    """
    left = dict(used)
    draws = []
    for lot in sorted(lots, key=lambda lot: (lot.expires_on, lot.lot)):
        quantity = min(lot.on_hand, left.get(lot.product_id, Decimal())) if lot.expires_on >= on else Decimal()
        if quantity > 0:
            left[lot.product_id] -= quantity
            draws.append(LotDraw(lot.product_id, lot.location_id, lot.lot, quantity))
    return None if any(quantity > 0 for quantity in left.values()) else tuple(draws)


def take_out(lots: Iterable[LotOnHand], draws: Iterable[LotDraw]) -> tuple[LotOnHand, ...]:
    """What the lots hold after that."""
    taken = {(draw.product_id, draw.location_id, draw.lot): draw.quantity for draw in draws}
    return tuple(
        LotOnHand(
            lot.product_id,
            lot.location_id,
            lot.lot,
            lot.on_hand - taken.get((lot.product_id, lot.location_id, lot.lot), Decimal()),
            lot.expires_on,
        )
        for lot in lots
    )
