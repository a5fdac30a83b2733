"""What facts promise of stock: it counts like every promise, whether the lots can keep it or not."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hub.canonical.practice import Practice
from hub.scheduling.clock import wall_clock
from hub.scheduling.decision import PlannedPromise
from hub.scheduling.diary import Promise
from hub.scheduling.facts import Fact
from hub.scheduling.rules import uses_with
from hub.scheduling.timeline import minute_of


def promises_of(practice: Practice, fact: Fact) -> tuple[PlannedPromise, ...]:
    """What the visit promises for the local date of its arrival; what the hub promised itself follows it there."""
    visit = fact.visit
    if practice.find_location(visit.location_id) is None:
        return fact.promised
    on = wall_clock(practice.zone_of(visit.location_id)).date_at(minute_of(visit.arrives_at))
    if fact.is_own:
        return tuple(replace(one, location_id=visit.location_id, promised_on=on) for one in fact.promised)
    service = practice.find_service(visit.service_id)
    uses = uses_with(service, service.option(visit.option_id)) if service is not None else ()
    return tuple(PlannedPromise(use.product, visit.location_id, on, use.quantity) for use in uses if use.quantity)


class Pledges:
    """All promises of a diary, as facts are judged one after the other."""

    def __init__(self, promises: Iterable[Promise]) -> None:
        self._standing: dict[tuple[str, str, date], tuple[Decimal, int]] = {}
        self._add(promises, 1)

    def add(self, promises: Iterable[PlannedPromise]) -> None:
        """From now on they stand."""
        self._add(promises, 1)

    def remove(self, promises: Iterable[PlannedPromise]) -> None:
        """From now on they stand no more."""
        self._add(promises, -1)

    def standing(self) -> tuple[Promise, ...]:
        """All of them, summed by date."""
        return tuple(Promise(*key, *added) for key, added in self._standing.items() if added[0])

    def _add(self, promises: Iterable[Promise | PlannedPromise], sign: int) -> None:
        for one in promises:
            key = (one.product_id, one.location_id, one.promised_on)
            quantity, visits = self._standing.get(key, (Decimal(), 0))
            more = one.visits if isinstance(one, Promise) else 1
            self._standing[key] = quantity + sign * one.quantity, visits + sign * more
