"""A series: the earliest first session that can be completed into a whole one, then the earliest second, and so on.

Each session takes the first opening of its day, in a book that holds the sessions before it. The search walks the days
in order and goes back where it cannot go on; what the future depends on (day, stock promised, sessions nearby) is
remembered when it leads nowhere, so that no such state is looked at twice.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from hub.canonical.practice import Practice, PracticeService
from hub.errors import InvalidInput, Problem
from hub.scheduling.clock import wall_clock
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.foresight import book_opening, with_sessions
from hub.scheduling.openings import find_first_openings
from hub.scheduling.protocol import reach_of, timed_trips
from hub.scheduling.request import OpeningsRequest, Trip
from hub.scheduling.rules import uses_of
from hub.scheduling.stock import Shelf, shelf_of
from hub.scheduling.timeline import MINUTES_PER_DAY, instant_at, minute_of

_NO_SERIES = Refusal(("no_series",))


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """Sessions of one service whose arrivals lie on the local dates from `start_on` to `until_on`, both counted."""

    trip: Trip
    """Of one part, whose `series_id` names the series."""
    start_on: date
    until_on: date
    sessions: int | None = None
    """None: as many as the service's series has."""


def decide_series(
    practice: Practice, diary: Diary, request: SeriesRequest, now: datetime
) -> tuple[datetime, ...] | Refusal:
    """The arrivals of all sessions, in order: booked one after another, none is refused. Or `no_series`.

    Like any refusal, `unknown_service`, `unknown_patient` and `unknown_resource` come first. The diary must hold all
    claims from `start_on` to `until_on`, a day more on both sides.

    Raises:
        InvalidInput: not one part without a number of sessions, or as `decide_booking`.
    """
    asked = OpeningsRequest(request.trip, request.start_on, request.until_on)
    firsts = find_first_openings(practice, diary, asked, now)
    if isinstance(firsts, Refusal):
        return firsts
    search = _Search(practice, diary, request, now, firsts)
    path = search.find() if search.has_credits() else None
    return tuple(session.arrives_at for session in path) if path else _NO_SERIES


@dataclass(frozen=True, slots=True)
class _Session:
    day: date
    arrives_at: datetime


_Path = tuple[_Session, ...]
_State = tuple[object, ...]


class _Search:
    """One search. `firsts` are the first openings, by day, of a single session in the book as it stands."""

    def __init__(
        self,
        practice: Practice,
        diary: Diary,
        request: SeriesRequest,
        now: datetime,
        firsts: dict[date, datetime],
    ) -> None:
        self._practice, self._diary, self._request, self._now = practice, diary, request, now
        self._part = request.trip.parts[0]
        self._service = _service(practice, request.trip)
        self._sessions = _sessions(self._service, request.sessions)
        self._clock = wall_clock(practice.zone_of(request.trip.location_id))
        self._firsts = firsts
        self._gap = _least_gap(self._service)
        self._widest = self._service.series.max_days if self._service.series else None
        self._dead: set[_State] = set()
        self._bookings: dict[_Path, Booking] = {}
        self._days_near: dict[date, Diary] = {}

    def has_credits(self) -> bool:
        """Whether the package, if one pays, pays that many sessions."""
        wanted = self._part.package_id
        return wanted is None or any(
            package.id == wanted and package.credits_left >= self._sessions for package in self._diary.packages
        )

    def find(self) -> _Path | None:
        """The first series in the order of days, or None."""
        path: _Path = ()
        choices = [self._choices(path)]
        while choices:
            session = next(choices[-1], None)
            if session is None:
                choices.pop()
                if path:
                    self._dead.add(self._state(path))
                path = path[:-1]
                continue
            longer = (*path, session)
            if len(longer) == self._sessions:
                return longer
            if self._state(longer) not in self._dead:
                path = longer
                choices.append(self._choices(path))
        return None

    def _choices(self, path: _Path) -> Iterator[_Session]:
        """The next session's days, in order, each with its first opening."""
        left = self._sessions - len(path)
        first, last = self._request.start_on, self._request.until_on
        if path:
            first, last = path[-1].day + timedelta(days=self._gap), self._last_after(path[-1].day)
        for day in self._days_within(first, last):
            if self._chains[day] >= left:
                session = self._session(path, day)
                if session is not None:
                    yield session

    def _session(self, path: _Path, day: date) -> _Session | None:
        # All that are still to come are of this day or later: what each promises counts on this day at the latest.
        ahead = self._sessions - len(path) if self._counts_to_the_end else 1
        if not self._has_stock([*(session.day for session in path), *[day] * ahead]):
            return None
        if not self._needs_itself and not (path and self._is_near(path[-1].day, day)):
            return _Session(day, self._firsts[day])
        asked = OpeningsRequest(self._request.trip, day, day)
        found = find_first_openings(self._practice, self._book(path, day), asked, self._now)
        return None if isinstance(found, Refusal) or day not in found else _Session(day, found[day])

    @cached_property
    def _days(self) -> list[date]:
        """The days on which a session may be possible, in order."""
        if not self._needs_itself:
            return list(self._firsts)
        length = (self._request.until_on - self._request.start_on).days + 1
        return [self._request.start_on + timedelta(days=number) for number in range(length)]

    @cached_property
    def _chains(self) -> dict[date, int]:
        """Day → the most sessions, it being the first, that the gaps alone allow; with no gap as many as wanted."""
        chains: dict[date, int] = {}
        for day in reversed(self._days):
            first, last = day + timedelta(days=self._gap), self._last_after(day)
            # Where there is no widest gap, the first of them can do what any later one can.
            later = self._days_within(first, last)[: 1 if self._widest is None else None]
            chains[day] = 1 + max((chains[other] for other in later), default=0) if self._gap else self._sessions
        return chains

    def _last_after(self, day: date) -> date:
        """The last day on which the session after one of `day` may be."""
        widest = (self._request.until_on - day).days if self._widest is None else self._widest
        return min(self._request.until_on, day + timedelta(days=widest))

    def _days_within(self, first: date, last: date) -> list[date]:
        return self._days[bisect_left(self._days, first) : bisect_right(self._days, last)]

    def _has_stock(self, days: list[date]) -> bool:
        return all(shelf.holds((day, quantity) for day in days) for shelf, quantity in self._shelves)

    @cached_property
    def _counts_to_the_end(self) -> bool:
        """Whether no session can lie beyond the days that stock is counted for."""
        ends = (shelf.strict_until for shelf, _ in self._shelves)
        return all(end is None or end >= self._request.until_on for end in ends)

    def _is_near(self, earlier: date, later: date) -> bool:
        """Whether a session on one day may take what one on the other needs."""
        return (later - earlier).days <= self._reach_days

    def _state(self, path: _Path) -> _State:
        """All that the sessions still to come depend on."""
        days = [session.day for session in path]
        last = days[-1]
        promised = tuple(shelf.depends_on(days) for shelf, _ in self._shelves)
        nearby: tuple[object, ...] = ()
        if self._gap <= self._reach_days:
            nearby = tuple(
                (claim.resource_id, claim.start_at, claim.end_at)
                for number, day in enumerate(days)
                if self._is_near(day, last)
                for claim in self._booking(path[: number + 1]).visits[0].claims
            )
        return (len(path), last, promised, nearby, tuple(path) if self._needs_itself else ())

    def _book(self, path: _Path, day: date) -> Diary:
        """The diary around a day, with these sessions in it."""
        bookings = (self._booking(path[:number]) for number in range(1, len(path) + 1))
        return with_sessions(self._near(day), bookings, self._part.series_id)

    def _booking(self, path: _Path) -> Booking:
        """What the last of these sessions takes."""
        known = self._bookings.get(path)
        if known is None:
            last, before = path[-1], self._book(path[:-1], path[-1].day)
            known = book_opening(self._practice, before, self._request.trip, last.arrives_at, self._now)
            self._bookings[path] = known
        return known

    def _near(self, day: date) -> Diary:
        """The diary with the claims that a session of that day may meet."""
        known = self._days_near.get(day)
        if known is None:
            slack = timedelta(days=1 + self._reach_days)
            first, last = self._clock.day_start(day - slack), self._clock.day_start(day + slack + timedelta(days=1))
            known = self._days_near[day] = self._diary.near(instant_at(first), instant_at(last))
        return known

    @cached_property
    def _shelves(self) -> tuple[tuple[Shelf, Decimal], ...]:
        """What a session uses: the shelf, and how much of it."""
        timed = next(timed_trips(self._practice, self._request.trip, lambda _resource, _needs, _arrival: True))
        wanted: dict[str, Decimal] = {}
        for use in uses_of(timed[0]):
            wanted[use.product] = wanted.get(use.product, Decimal()) + use.quantity
        today = self._clock.date_at(minute_of(self._now))
        location = self._request.trip.location_id
        return tuple(
            (shelf_of(self._practice, self._diary, product, location, today), quantity)
            for product, quantity in wanted.items()
        )

    @cached_property
    def _reach_days(self) -> int:
        return 1 + -(-2 * reach_of(self._practice, self._request.trip) // MINUTES_PER_DAY)

    @cached_property
    def _needs_itself(self) -> bool:
        """Whether a session may be what a later one requires: openings then come with the sessions before."""
        return any(self._service.answers_to(rule.before) for rule in self._service.requires)


def _service(practice: Practice, trip: Trip) -> PracticeService:
    service = practice.find_service(trip.parts[0].service_id)
    if service is None or len(trip.parts) != 1:
        raise InvalidInput(Problem("a series is of one service", field="service"))
    return service


def _sessions(service: PracticeService, wanted: int | None) -> int:
    sessions = wanted or (service.series.sessions if service.series else None)
    if sessions is None:
        hint = "The service has no `series`: say how many sessions are wanted"
        raise InvalidInput(Problem("the key 'sessions' is missing", field="sessions", hint=hint))
    return sessions


def _least_gap(service: PracticeService) -> int:
    """The days that two sessions are apart at least."""
    series = [service.series.min_days] if service.series else []
    return max([0, *series, *(rule.min_days for rule in service.spacing if service.answers_to(rule.after))])


def as_session(trip: Trip, series_id: str) -> Trip:
    """The trip as a session of that series."""
    return replace(trip, parts=tuple(replace(part, series_id=series_id) for part in trip.parts))
