"""Stock: whether promises can all be kept from the lots, first expiry first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hub.canonical.practice import Practice, Use
from hub.scheduling.diary import Diary

Demand = tuple[date, Decimal]
"""(local date of arrival, quantity)."""
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

    def _counts(self, day: date) -> bool:
        return self.strict_until is None or day <= self.strict_until


def shelf_of(practice: Practice, diary: Diary, product_id: str, location_id: str, today: date) -> Shelf:
    """The shelf of a declared product, as promises and lots stand in the diary."""
    product = next(product for product in practice.products if product.id == product_id)
    strict_until = None if product.strict_days is None else today + timedelta(days=product.strict_days)
    key = (product_id, location_id)
    lots = [(lot.expires_on, lot.on_hand) for lot in diary.lots if (lot.product_id, lot.location_id) == key]
    promised = [
        (promise.promised_on, promise.quantity)
        for promise in diary.promises
        if (promise.product_id, promise.location_id) == key
        and (strict_until is None or promise.promised_on <= strict_until)
    ]
    firsts = sorted({date.min, *(expires + _ONE_DAY for expires, _ in lots if expires < date.max)})
    return Shelf(tuple((first, _from(lots, first) - _from(promised, first)) for first in firsts), strict_until)


def demands_of(uses: Iterable[Use], arrives_on: date) -> list[tuple[str, Demand]]:
    """(product, demand) of one visit."""
    return [(use.product, (arrives_on, use.quantity)) for use in uses]


def _from(entries: Iterable[Demand], first: date) -> Decimal:
    return sum((quantity for day, quantity in entries if day >= first), Decimal())
