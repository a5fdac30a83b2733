"""Stock: whether promises can all be kept from the lots, first expiry first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from hub.canonical.practice import Practice, Product
from hub.scheduling.clock import wall_clock
from hub.scheduling.diary import Diary, LotOnHand
from hub.scheduling.vials import Demand, Supply, Wanted

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What may still be promised of one product at one location, from the view of one day.

    All promises for t or later together may not exceed what is usable on t or later. Between two expiries that is
    tightest at the earliest t, so only the first day of each such stretch is looked at.
    """

    slack: tuple[tuple[date, Decimal], ...]
    """(first day of a stretch, usable then or later minus promised for then or later), in order of days."""
    strict_until: date | None
    """Promises for later days are neither refused nor counted. None: all are."""

    def holds(self, demands: Iterable[Demand]) -> bool:
        """Whether these promises can be added, all of them."""
        counted = [(day, quantity) for day, quantity in demands if quantity and self._counts(day)]
        return all(
            sum((quantity for day, quantity in counted if day >= first), Decimal()) <= slack
            for first, slack in self.slack
            if any(day >= first for day, _ in counted)
        )

    def most_on(self, day: date) -> Decimal:
        """The most that one more visit arriving on `day` could be promised."""
        return max(Decimal(), min(slack for first, slack in self.slack if first <= day))

    @property
    def turns_daily(self) -> bool:
        """Whether the answer may differ from each date to the next, and not only where a stretch begins."""
        return False

    def depends_on(self, days: Iterable[date]) -> tuple[object, ...]:
        """All that later answers depend on of equal promises that were added for these days."""
        return tuple(sum(self._counts(day) for day in days if first <= day) for first, _ in self.slack)

    def _counts(self, day: date) -> bool:
        return self.strict_until is None or day <= self.strict_until


@dataclass(frozen=True)
class VialShelf(Shelf):
    """The same of a product in vials: a promise is good when, opening vials as late as one can, nobody goes without
    who would not have gone without before.
    """

    supply: Supply
    promised: tuple[Wanted, ...]

    def holds(self, demands: Iterable[Demand]) -> bool:
        """See `Shelf`."""
        counted = [(day, quantity) for day, quantity in demands if quantity and self._counts(day)]
        if not counted:
            return True
        if self._surely_holds(counted):
            return True
        return self._short((*self.promised, *((day, quantity, 1) for day, quantity in counted))) <= self._short_already

    def _surely_holds(self, added: list[Demand]) -> bool:
        """Whether what lasts beyond all dates would do if each date opened vials of its own: quick to say, and what it
        says no to may hold all the same.
        """
        own = _sum(added) + self.supply.wasted_at_most({day for day, _ in added} - self._promised_on)
        last = max(*self._promised_on, *(day for day, _ in added), date.min)
        return self._taken_at_most + own <= self.supply.lasting(last)

    def most_on(self, day: date) -> Decimal:
        """See `Shelf`. Found by halving, down to the smallest part of a unit that is counted anywhere."""
        held = sum((lot.on_hand for lot in self.supply.lots), Decimal())
        counted = [held, *(quantity for _, quantity, _ in self.promised), *(lot.on_hand for lot in self.supply.lots)]
        step = Decimal(1).scaleb(min(int(one.normalize().as_tuple().exponent) for one in counted if one) if held else 0)
        step = min(step, Decimal(1))
        low, high = 0, int(held / step)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.holds([(day, middle * step)]) else (low, middle - 1)
        return low * step

    @property
    def turns_daily(self) -> bool:
        """See `Shelf`."""
        return True

    def depends_on(self, days: Iterable[date]) -> tuple[object, ...]:
        """See `Shelf`."""
        return tuple(day for day in days if self._counts(day))

    @cached_property
    def _taken_at_most(self) -> Decimal:
        return sum((quantity for _, quantity, _ in self.promised), Decimal()) + self.supply.wasted_at_most(
            self._promised_on
        )

    @cached_property
    def _promised_on(self) -> frozenset[date]:
        return frozenset(day for day, _, _ in self.promised)

    @cached_property
    def _short_already(self) -> Decimal:
        return self._short(self.promised)

    def _short(self, wanted: Iterable[Wanted]) -> Decimal:
        return sum(self.supply.unserved(wanted).values(), Decimal())


def shelf_of(practice: Practice, diary: Diary, product_id: str, location_id: str, today: date) -> Shelf:
    """The shelf of a declared product, as promises and lots stand in the diary."""
    product = next(product for product in practice.products if product.id == product_id)
    strict_until = None if product.strict_days is None else today + timedelta(days=product.strict_days)
    key = (product_id, location_id)
    lots = [(lot.expires_on, lot.on_hand) for lot in diary.lots if (lot.product_id, lot.location_id) == key]
    promised = [
        (promise.promised_on, promise.quantity, promise.visits)
        for promise in diary.promises
        if (promise.product_id, promise.location_id) == key
        and (strict_until is None or promise.promised_on <= strict_until)
    ]
    if product.vial is not None:
        return VialShelf((), strict_until, supply_of(practice, diary.lots, product, location_id), tuple(promised))
    wanted = [(day, quantity) for day, quantity, _ in promised]
    firsts = sorted({date.min, *(expires + _ONE_DAY for expires, _ in lots if expires < date.max)})
    return Shelf(tuple((first, _from(lots, first) - _from(wanted, first)) for first in firsts), strict_until)


def supply_of(practice: Practice, lots: Iterable[LotOnHand], product: Product, location_id: str) -> Supply:
    """What the lots of a product at a location can serve."""
    key = (product.id, location_id)
    its = tuple(lot for lot in lots if (lot.product_id, lot.location_id) == key)
    return Supply(its, product.vial, wall_clock(practice.zone_of(location_id)))


def _from(entries: Iterable[Demand], first: date) -> Decimal:
    return _sum((day, quantity) for day, quantity in entries if day >= first)


def _sum(entries: Iterable[Demand]) -> Decimal:
    return sum((quantity for _, quantity in entries), Decimal())
