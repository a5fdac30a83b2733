"""The ledger of lots: what came, was opened, used, wasted, counted and put right. What a lot holds is its sum."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from hub.scheduling.diary import LotOnHand, OpenVial

ZERO = Decimal()
LotKey = tuple[str, str, str]
"""(product, location, lot)."""


class MovementKind(StrEnum):
    """What happened to a lot."""

    RECEIVED = "received"
    OPENED = "opened"
    USED = "used"
    WASTED = "wasted"
    COUNTED = "counted"
    ADJUSTED = "adjusted"
    """The book follows a count."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the ledger. Never changed: what was wrong is put right by another line."""

    kind: MovementKind
    lot: LotKey
    at: datetime
    """When it happened: a lapse at the end of the vial's hours, an opening when it was opened."""
    change: Decimal = ZERO
    """Of what the lot holds, open vials included."""
    level: Decimal | None = None
    """OPENED: what the vial held. COUNTED: what was found."""
    vial_id: str | None = None
    """The open vial it is about; None: the unopened rest."""
    closes_at: datetime | None = None
    """OPENED: the first instant at which the vial may not be used any more."""
    expires_on: date | None = None
    """RECEIVED."""
    provider_id: str | None = None
    """Who; None: nobody, its hours ended."""
    witness_id: str | None = None
    visit_id: str | None = None
    reason: str | None = None


def key_of(lot: LotOnHand) -> LotKey:
    """How movements name the lot."""
    return (lot.product_id, lot.location_id, lot.lot)


def lots_after(lots: Iterable[LotOnHand], movements: Iterable[Movement]) -> tuple[LotOnHand, ...]:
    """The lots once all of it has happened. Lots nobody knew come in at the end."""
    found = {key_of(lot): lot for lot in lots}
    for movement in movements:
        lot = found.get(movement.lot)
        if lot is None:
            lot = LotOnHand(*movement.lot, ZERO, movement.expires_on or date.max)
        found[movement.lot] = _after(lot, movement)
    return tuple(found.values())


def _after(lot: LotOnHand, movement: Movement) -> LotOnHand:
    vials = lot.open_vials
    if movement.kind is MovementKind.OPENED and movement.vial_id and movement.closes_at:
        vials = (*vials, OpenVial(movement.vial_id, movement.closes_at, movement.level or ZERO))
    elif movement.vial_id is not None:
        vials = tuple(
            replace(vial, remaining=vial.remaining + movement.change) if vial.id == movement.vial_id else vial
            for vial in vials
        )
    return replace(lot, on_hand=lot.on_hand + movement.change, open_vials=tuple(v for v in vials if v.remaining > 0))
