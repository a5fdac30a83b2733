"""Which lots and vials a visit's products come out of."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from hub.canonical.practice import Practice, Vial
from hub.scheduling.diary import LotOnHand
from hub.scheduling.ledger import Movement, MovementKind, key_of, lots_after
from hub.scheduling.vials import find_lapsed, open_one


@dataclass(frozen=True, slots=True)
class Treatment:
    """The visit that products were used in."""

    location_id: str
    arrives_at: datetime
    visit_id: str | None = None
    provider_id: str | None = None


def plan_use(
    practice: Practice,
    lots: Iterable[LotOnHand],
    used: Mapping[str, Decimal],
    treatment: Treatment,
    now: datetime,
    *,
    new_vial_id: Callable[[], str],
) -> tuple[Movement, ...] | None:
    """Out of the lots usable on the date of arrival: open vials first, the earliest to close first; then the first
    lot to expire first, then by lot name. None: they hold less.

    Vials whose hours have ended are written off before and after: a vial is opened at the arrival, so that one of a
    visit that is completed late may be over at once.

    Args:
        practice: with its products.
        lots: of this location; others do no harm.
        used: product → quantity.
        treatment: the visit.
        now: when it is written down.
        new_vial_id: names each vial that is opened.
    """
    lots = tuple(lots)
    movements = find_lapsed((lot for lot in lots if lot.product_id in used), now)
    day = treatment.arrives_at.astimezone(practice.zone_of(treatment.location_id)).date()
    for product_id, quantity in used.items():
        product = practice.find_product(product_id)
        usable = _usable(lots_after(lots, movements), product_id, treatment.location_id, day)
        draws = _Draws(practice, product.vial if product else None, treatment, new_vial_id)
        drawn = tuple(draws.take(usable, quantity))
        if -sum((one.change for one in drawn), Decimal()) < quantity:
            return None
        movements += drawn
    return movements + find_lapsed((lot for lot in lots_after(lots, movements) if lot.product_id in used), now)


def _usable(lots: Iterable[LotOnHand], product_id: str, location_id: str, day: date) -> list[LotOnHand]:
    fitting = (lot for lot in lots if (lot.product_id, lot.location_id) == (product_id, location_id))
    return sorted((lot for lot in fitting if lot.expires_on >= day), key=lambda lot: (lot.expires_on, lot.lot))


@dataclass(slots=True)
class _Draws:
    """What is taken for one visit of one product."""

    practice: Practice
    vial: Vial | None
    treatment: Treatment
    new_vial_id: Callable[[], str]

    def take(self, lots: list[LotOnHand], quantity: Decimal) -> Iterator[Movement]:
        opened = sorted(((lot, vial) for lot in lots for vial in lot.open_vials), key=lambda one: one[1].closes_at)
        for lot, vial in opened:
            taken = min(vial.remaining, quantity)
            if taken > 0:
                yield self._used(lot, taken, vial.id)
                quantity -= taken
        for lot in lots:
            left = lot
            while quantity > 0 and left.sealed > 0:
                movements = self._open(left, quantity)
                yield from movements
                quantity += movements[-1].change
                (left,) = lots_after([left], movements)

    def _open(self, lot: LotOnHand, quantity: Decimal) -> tuple[Movement, ...]:
        if self.vial is None:
            return (self._used(lot, min(lot.sealed, quantity), None),)
        opening = open_one(self.practice, self.vial, lot, self.treatment.arrives_at, self.new_vial_id)
        return (opening, self._used(lot, min(opening.level or quantity, quantity), opening.vial_id))

    def _used(self, lot: LotOnHand, quantity: Decimal, vial_id: str | None) -> Movement:
        return Movement(
            MovementKind.USED,
            key_of(lot),
            self.treatment.arrives_at,
            change=-quantity,
            vial_id=vial_id,
            provider_id=self.treatment.provider_id,
            visit_id=self.treatment.visit_id,
        )
