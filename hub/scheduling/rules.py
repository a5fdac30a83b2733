"""Every rule that looks at dates, patients, stock and credit rather than at free time: one set for every channel."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

from hub.canonical.practice import Dated, Option, PracticeService, SelfBooking, Use
from hub.scheduling.board import Board
from hub.scheduling.clock import WallClock, wall_clock
from hub.scheduling.protocol import TimedPart, TimedTrip
from hub.scheduling.request import DESK, Part, Trip
from hub.scheduling.rules_between_visits import (
    DatedVisit,
    day_counts,
    is_too_late,
    is_too_soon,
    lacks_prerequisite,
)
from hub.scheduling.stock import Shelf, shelf_of
from hub.scheduling.timeline import minute_from, minute_of, span_bits
from hub.scheduling.vials import Demand


class TripRules:
    """The rules for one trip at one moment. What does not depend on the time of arrival is worked out once."""

    def __init__(self, board: Board, trip: Trip, now: datetime) -> None:
        self._board = board
        self._trip = trip
        self._clock = board.clock
        self._now = minute_from(now)
        self._today = board.clock.date_at(minute_of(now))
        self._policy = board.practice.policy_on(self._today).self_booking
        self._is_self_booking = trip.channel != DESK
        self._visits = {part.patient_id: dated_visits(board, part.patient_id) for part in trip.parts}
        self._packages = {package.id: package for package in board.diary.packages}
        self._shelves: dict[str, Shelf] = {}

    def always(self) -> Iterator[str]:
        """The reasons that hold whatever the time."""
        if self._is_self_booking:
            if any(not _is_offered(self._policy, part) for part in self._trip.parts):
                yield "service_not_offered"
            if self._policy is not None and self._policy.known_only and not self._all_known():
                yield "known_only"

    def earliest(self) -> int:
        """The first minute that is neither in the past nor within the lead time."""
        lead = self._policy.lead_minutes if self._is_self_booking and self._policy is not None else 0
        return self._now + lead

    def by_time(self, arrival: int) -> Iterator[str]:
        """The reasons that depend on the minute of arrival alone."""
        if arrival < self._now:
            yield "in_the_past"
        if arrival < self.earliest() and self._is_self_booking and self._policy is not None:
            yield "lead_time"
        if self._is_self_booking and not self._clock.is_on_grid(arrival, self._board.practice.grid_minutes):
            yield "off_grid"

    def by_date(self, timed: TimedTrip, arrival: int) -> Iterator[str]:
        """The reasons that change at midnights and at arrivals of the patients' other visits."""
        dates = [self._clock.date_at(arrival + part.arrival) for part in timed]
        planned = [_dated(part, arrival, day) for part, day in zip(timed, dates, strict=True)]
        beside = [self._beside(planned, number) for number in range(len(timed))]
        if any(is_too_soon(visit, others) for visit, others in zip(planned, beside, strict=True)):
            yield "too_soon"
        if any(is_too_late(visit, others) for visit, others in zip(planned, beside, strict=True)):
            yield "too_late"
        if any(lacks_prerequisite(visit, others) for visit, others in zip(planned, beside, strict=True)):
            yield "missing_prerequisite"
        if not self._has_stock(timed, dates):
            yield "no_stock"
        if not self._has_credit(dates):
            yield "no_credit"
        if any(day > self._horizon() for day in dates):
            yield "horizon"
        if not all(_is_offered_on(part.service, day) for part, day in zip(timed, dates, strict=True)):
            yield "service_not_offered"

    def dates_allowed(self, timed: TimedTrip, first: int, last: int) -> int:
        """The arrivals from `first` until `last` without a reason of `by_date`, as a timeline of the board."""
        begin = self._board.window[0]
        bits = 0
        edges = sorted({first, last, *(edge for edge in self._edges(timed, first, last) if first < edge < last)})
        for start, end in pairwise(edges):
            if next(self.by_date(timed, start), None) is None:
                bits |= span_bits(start - begin, end - begin)
        return bits

    def _edges(self, timed: TimedTrip, first: int, last: int) -> Iterator[int]:
        """The arrivals at which the answer of `by_date` may differ from the one a minute before."""
        for number, part in enumerate(timed):
            begin = self._clock.date_at(first + part.arrival).toordinal()
            days = range(begin, self._clock.date_at(last + part.arrival).toordinal() + 1)
            daily = self._minds_other_parts(timed, number) or self._minds_vials(part)
            turning = days if daily else {*self._turning_days(part)}.intersection(days)
            yield from (self._clock.day_start(date.fromordinal(day)) - part.arrival for day in turning)
            for visit, _ in self._related(part):
                yield visit.arrival - part.arrival
                yield visit.arrival - part.arrival + 1

    def _turning_days(self, part: TimedPart) -> Iterator[int]:
        """The dates, as ordinals, on which a reason may begin or end as long as other parts do not matter."""
        yield self._horizon().toordinal() + 1
        offered = part.service.offered or Dated()
        yield (offered.since or date.min).toordinal()
        yield (offered.until or date.max).toordinal() + 1
        package = self._packages.get(part.part.package_id or "")
        if package is not None and package.expires_on is not None:
            yield package.expires_on.toordinal() + 1
        for use in uses_of(part):
            shelf = self._shelf(use.product)
            yield from (day.toordinal() for day, _ in shelf.slack)
            if shelf.strict_until is not None:
                yield shelf.strict_until.toordinal() + 1
        for visit, counts in self._related(part):
            day = visit.arrives_on.toordinal()
            for count in counts:
                yield from (day - count, day - count + 1, day + count, day + count + 1)

    def _related(self, part: TimedPart) -> Iterator[tuple[DatedVisit, frozenset[int]]]:
        """The patient's visits that a rule looks at from this part or from which one looks at it, with its days."""
        planned = _dated(part, 0, self._today)
        for visit in self._visits[part.part.patient_id]:
            counts = day_counts(planned, visit)
            if counts:
                yield visit, counts

    def _minds_vials(self, part: TimedPart) -> bool:
        return any(self._shelf(use.product).turns_daily for use in uses_of(part))

    def _minds_other_parts(self, timed: TimedTrip, number: int) -> bool:
        """Whether a rule looks at the days between this part and another of its patient: both move together."""
        planned = [_dated(part, 0, self._today) for part in timed]
        patient = timed[number].part.patient_id
        return any(
            day_counts(planned[number], planned[i])
            for i, other in enumerate(timed)
            if i != number and other.part.patient_id == patient
        )

    def _beside(self, planned: list[DatedVisit], number: int) -> list[DatedVisit]:
        """The patient's other visits, those of the same trip included."""
        patient = self._trip.parts[number].patient_id
        own = [visit for i, visit in enumerate(planned) if i != number and self._trip.parts[i].patient_id == patient]
        return [*self._visits[patient], *own]

    def _has_stock(self, timed: TimedTrip, dates: list[date]) -> bool:
        demands: dict[str, list[Demand]] = {}
        for part, day in zip(timed, dates, strict=True):
            for use in uses_of(part):
                demands.setdefault(use.product, []).append((day, use.quantity))
        return all(self._shelf(product).holds(wanted) for product, wanted in demands.items())

    def _shelf(self, product_id: str) -> Shelf:
        shelf = self._shelves.get(product_id)
        if shelf is None:
            board = self._board
            shelf = shelf_of(board.practice, board.diary, product_id, board.location_id, self._today)
            self._shelves[product_id] = shelf
        return shelf

    def _has_credit(self, dates: list[date]) -> bool:
        wanted = Counter(part.package_id for part in self._trip.parts if part.package_id is not None)
        return all(
            self._pays(part, day, wanted)
            for part, day in zip(self._trip.parts, dates, strict=True)
            if part.package_id is not None
        )

    def _pays(self, part: Part, day: date, wanted: Counter[str]) -> bool:
        package = self._packages.get(part.package_id or "")
        return (
            package is not None
            and (package.patient_id, package.service_id) == (part.patient_id, part.service_id)
            and (package.expires_on is None or day <= package.expires_on)
            and wanted[package.id] <= package.credits_left
        )

    def _horizon(self) -> date:
        if not self._is_self_booking or self._policy is None or self._policy.horizon_days is None:
            return date.max
        return self._today + timedelta(days=self._policy.horizon_days)

    def _all_known(self) -> bool:
        return all(self._board.diary.patients.get(part.patient_id, False) for part in self._trip.parts)


def uses_of(part: TimedPart) -> tuple[Use, ...]:
    """What the part uses."""
    return uses_with(part.service, part.option)


def uses_with(service: PracticeService, option: Option | None) -> tuple[Use, ...]:
    """What a visit of the service uses: its option's list where it has one."""
    return service.uses if option is None or option.uses is None else option.uses


def dated_visits(board: Board, patient_id: str) -> list[DatedVisit]:
    """The patient's visits with their local dates, each in its own location's zone."""
    clocks: dict[str, WallClock] = {board.location_id: board.clock}
    services = {service.id: service for service in board.practice.services}
    dated = []
    for visit in board.diary.visits_of(patient_id):
        if visit.location_id not in clocks:
            clocks[visit.location_id] = wall_clock(board.practice.zone_of(visit.location_id))
        arrival = minute_of(visit.arrives_at)
        service = services.get(visit.service_id)
        arrives_on = clocks[visit.location_id].date_at(arrival)
        dated.append(DatedVisit(visit.service_id, service, arrival, arrives_on, visit.series_id))
    return dated


def _dated(part: TimedPart, arrival: int, day: date) -> DatedVisit:
    return DatedVisit(part.service.id, part.service, arrival + part.arrival, day, part.part.series_id)


def _is_offered_on(service: PracticeService, day: date) -> bool:
    return service.offered is None or service.offered.holds_on(day)


def _is_offered(policy: SelfBooking | None, part: Part) -> bool:
    return policy is not None and (policy.services is None or part.service_id in policy.services)
