"""Vials: opened, they may be used for some hours and not after their lot's expiry; what is left then is waste.

Promises are of local dates, so they count on a vial only where it is sure to be usable all day long: from its opening,
whenever on its first date that is, to the end of its last one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from hub.canonical.practice import Practice, Vial
from hub.scheduling.clock import WallClock, wall_clock
from hub.scheduling.diary import LotOnHand, OpenVial
from hub.scheduling.ledger import ZERO, Movement, MovementKind, key_of
from hub.scheduling.timeline import instant_at, minute_of

Demand = tuple[date, Decimal]
"""(local date of arrival, quantity) of one visit."""
Wanted = tuple[date, Decimal, int]
"""The same of so many visits, added up."""
LAPSED = "lapsed"
"""The reason of waste at the end of a vial's hours."""
_ONE_DAY = timedelta(days=1)


def find_lapsed(lots: Iterable[LotOnHand], now: datetime) -> tuple[Movement, ...]:
    """The waste of vials whose hours have ended, each at its own moment, in order."""
    over = [(vial.closes_at, key_of(lot), vial) for lot in lots for vial in lot.open_vials if vial.closes_at <= now]
    return tuple(
        Movement(MovementKind.WASTED, key, at, change=-vial.remaining, vial_id=vial.id, reason=LAPSED)
        for at, key, vial in sorted(over, key=lambda one: (one[0], one[1], one[2].id))
    )


def closing_of(practice: Practice, vial: Vial, lot: LotOnHand, opened_at: datetime) -> datetime:
    """The end of its hours, or of the lot's last date where that comes first."""
    closes_at = opened_at + timedelta(hours=vial.open_hours)
    zone = practice.zone_of(lot.location_id)
    if lot.expires_on >= closes_at.astimezone(zone).date():
        return closes_at
    return instant_at(wall_clock(zone).day_start(lot.expires_on + _ONE_DAY))


def open_one(
    practice: Practice, vial: Vial, lot: LotOnHand, opened_at: datetime, new_vial_id: Callable[[], str]
) -> Movement:
    """A whole vial is opened; of an odd rest what there is."""
    return Movement(
        MovementKind.OPENED,
        key_of(lot),
        opened_at,
        level=min(vial.units, lot.sealed),
        vial_id=new_vial_id(),
        closes_at=closing_of(practice, vial, lot, opened_at),
    )


@dataclass(slots=True)
class _Batch:
    """Units that may be used up to and on a local date."""

    left: Decimal
    last_on: date


@dataclass(frozen=True, slots=True)
class Supply:
    """What the lots of one product at one location can serve, date by date.

    A vial is opened only when those that are open do not suffice, so of a date's vials at most one is left with
    something in it each time their hours end; and after the last visit of the date nobody misses it.
    """

    lots: tuple[LotOnHand, ...]
    vial: Vial | None
    """None: units are taken one by one and keep to their lot's expiry."""
    clock: WallClock

    def unserved(self, promises: Iterable[Wanted]) -> dict[date, Decimal]:
        """Of what is wanted on each date what there is nothing for; dates that are served whole are left out."""
        wanted: dict[date, tuple[Decimal, int]] = {}
        for day, quantity, visits in promises:
            before = wanted.get(day, (ZERO, 0))
            wanted[day] = before[0] + quantity, before[1] + visits
        opened = [_Batch(vial.remaining, self._last_on(lot, vial.closes_at)) for lot, vial in self._open()]
        sealed = [
            _Batch(lot.sealed, lot.expires_on) for lot in sorted(self.lots, key=lambda lot: (lot.expires_on, lot.lot))
        ]
        short: dict[date, Decimal] = {}
        for day in sorted(wanted):
            opened = sorted((one for one in opened if one.left and one.last_on >= day), key=lambda one: one.last_on)
            missing = self._serve(day, *wanted[day], opened, sealed)
            if missing > 0:
                short[day] = missing
        return short

    def lasting(self, last: date) -> Decimal:
        """Unopened units that may be used up to and on `last`."""
        return sum((lot.sealed for lot in self.lots if lot.expires_on >= last), ZERO)

    def wasted_at_most(self, days: Iterable[date]) -> Decimal:
        """What is left unused if each of these dates opens vials of its own, at most."""
        whole = self.vial.units if self.vial else ZERO
        return sum(((1 + self._endings(day)) * whole for day in days), ZERO)

    def _serve(self, day: date, quantity: Decimal, visits: int, opened: list[_Batch], sealed: list[_Batch]) -> Decimal:
        """Takes from those that are open, the first to end first, then opens more; they join `opened`."""
        left = quantity + self._spoilt(day, visits) if quantity else ZERO
        for batch in opened:
            left -= _take(batch, left)
        for batch in (one for one in sealed if one.last_on >= day):
            while left > 0 and batch.left > 0:
                vial = _Batch(_take(batch, self.vial.units if self.vial else left), batch.last_on)
                left -= _take(vial, left)
                vial.last_on = min(vial.last_on, self._lasts_until(day))
                opened.append(vial)
        return min(left, quantity)

    def _open(self) -> list[tuple[LotOnHand, OpenVial]]:
        return [(lot, vial) for lot in self.lots for vial in lot.open_vials]

    def _last_on(self, lot: LotOnHand, closes_at: datetime) -> date:
        """The last date at whose end the vial is still usable."""
        day = self.clock.date_at(minute_of(closes_at))
        whole = minute_of(closes_at) >= self.clock.day_start(day + _ONE_DAY)
        return min(lot.expires_on, day if whole else day - _ONE_DAY)

    def _lasts_until(self, day: date) -> date:
        """The last date all of which a vial lasts that is opened on `day`, at whatever time."""
        if self.vial is None:
            return date.max
        closes = self.clock.day_start(day) + self.vial.open_hours * 60
        last = day
        while self.clock.day_start(last + 2 * _ONE_DAY) <= closes:
            last += _ONE_DAY
        return last

    def _spoilt(self, day: date, visits: int) -> Decimal:
        """The most that may be left in vials whose hours end before the last of a date's visits."""
        return max(0, min(self._endings(day), visits - 1)) * self.vial.units if self.vial is not None else ZERO

    def _endings(self, day: date) -> int:
        """How often the hours of vials that are opened on the date end on it, at most."""
        if self.vial is None:
            return 0
        minutes = self.clock.day_start(day + _ONE_DAY) - self.clock.day_start(day)
        return -(-minutes // (self.vial.open_hours * 60)) - 1


def _take(batch: _Batch, quantity: Decimal) -> Decimal:
    taken = min(batch.left, quantity)
    batch.left -= taken
    return taken
