"""Why there is no series: at which session it ends, every reason there, and the smallest change that lets it through.

The smallest is found by trying whether a whole series can be booked with some codes out of the way (`smallest_sets`).
So nothing smaller would do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from hub.canonical.practice import Practice
from hub.scheduling.board import Board
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.foresight import around, book_opening, with_sessions
from hub.scheduling.judge import Judge
from hub.scheduling.lifting import UNTIL, World, lift, liftable
from hub.scheduling.request import BookingRequest, OpeningsRequest
from hub.scheduling.series import SeriesRequest, decide_series
from hub.scheduling.serving import board_of
from hub.scheduling.smallest import smallest_sets
from hub.scheduling.timeline import set_minutes

MOST = 3
"""So many codes together are tried at most."""
_DAYS = timedelta(days=41)
"""Reasons are looked for on so many days after the first on which the session might be."""


@dataclass(frozen=True, slots=True)
class Hurdle:
    """One session of the series that would be, and what stands in its way today."""

    session: int
    """From 1."""
    arrives_at: datetime
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """Codes that, out of the way together, let the series through."""

    codes: tuple[str, ...]
    hurdles: tuple[Hurdle, ...]
    """Where they stand in the way of the series that would then be booked."""


@dataclass(frozen=True, slots=True)
class SeriesObstacle:
    """How far it goes, why not further, and what would mend it."""

    patient_id: str
    """Whose."""
    booked: tuple[datetime, ...]
    """The arrivals of the longest series that there is."""
    reasons: tuple[str, ...]
    """Every code against some time of the next session, sorted; `until` when no day is left for it."""
    remedies: tuple[Remedy, ...]
    """All of the smallest number of codes; none: no three codes would do."""

    @property
    def session(self) -> int:
        """The number of the session that finds no place, from 1."""
        return len(self.booked) + 1


def explain_refusal(practice: Practice, diary: Diary, request: SeriesRequest, now: datetime) -> SeriesObstacle:
    """Of a request that `decide_series` refuses with `no_series`. Tries up to some hundred series."""
    world = World(practice, diary.exchanging(()), request)  # what is lifted shares the claims by resource
    booked = _longest(world, now)
    return SeriesObstacle(
        request.trip.parts[0].patient_id, booked, _reasons(world, booked, now), tuple(_remedies(world, now))
    )


def _longest(world: World, now: datetime) -> tuple[datetime, ...]:
    """The longest series that can be booked: with every series there is the one that is a session shorter."""
    rule = world.service.series
    fits, fails = 0, world.request.sessions or (rule and rule.sessions) or 1
    found: tuple[datetime, ...] = ()
    while fails - fits > 1:
        middle = (fits + fails) // 2
        arrivals = _series(replace(world, request=replace(world.request, sessions=middle)), now)
        if arrivals is None:
            fails = middle
        else:
            fits, found = middle, arrivals
    return found


def _series(world: World, now: datetime) -> tuple[datetime, ...] | None:
    found = decide_series(world.practice, world.diary, world.request, now)
    return None if isinstance(found, Refusal) else found


def _reasons(world: World, booked: tuple[datetime, ...], now: datetime) -> tuple[str, ...]:
    """Every code against a grid time on the days that are open to the session after these."""
    first, last = _window(world, booked)
    if last < first:
        return (UNTIL,)
    diary = _with_sessions(world, booked, now)
    board = board_of(world.practice, diary, OpeningsRequest(world.request.trip, first, last))
    judge = Judge(board, world.request.trip, now)
    return tuple(sorted({code for minute in _worth_asking(board, first, last) for code in judge.at(minute).reasons}))


def _window(world: World, booked: tuple[datetime, ...]) -> tuple[date, date]:
    """The first and last day looked at."""
    first, last = world.request.start_on, world.request.until_on
    rule = world.service.series
    if booked:
        day = booked[-1].astimezone(world.practice.zone_of(world.request.trip.location_id)).date()
        first = day + timedelta(days=rule.min_days if rule else 0)
        if rule is not None and rule.max_days is not None:
            last = min(last, day + timedelta(days=rule.max_days))
    return first, min(last, first + _DAYS)


def _worth_asking(board: Board, first: date, last: date) -> Iterator[int]:
    """The grid times at which the location is open; all of them where it never is."""
    grid = board.grid(first, last)
    yield from (board.window[0] + bit for bit in set_minutes(grid & board.open_at() or grid))


def _with_sessions(world: World, booked: tuple[datetime, ...], now: datetime) -> Diary:
    bookings: list[Booking] = []
    for arrives_at in booked:
        bookings.append(_session(world, bookings, arrives_at, now))
    return with_sessions(world.diary, bookings, world.request.trip.parts[0].series_id)


def _session(world: World, before: list[Booking], arrives_at: datetime, now: datetime) -> Booking:
    """What a session takes, with those before it in the book."""
    near = with_sessions(around(world.diary, arrives_at), before, world.request.trip.parts[0].series_id)
    return book_opening(world.practice, near, world.request.trip, arrives_at, now)


def _remedies(world: World, now: datetime) -> Iterator[Remedy]:
    lifted, series = _Lifted({(): world}), dict[tuple[str, ...], tuple[datetime, ...]]()

    def mends(codes: tuple[str, ...]) -> bool:
        arrivals = _series(lifted.of(codes), now)
        if arrivals is not None:
            series[codes] = arrivals
        return arrivals is not None

    for codes in smallest_sets(liftable(world), mends, MOST):
        yield Remedy(tuple(sorted(codes)), tuple(_hurdles(world, lifted.of(codes), series[codes], now)))


@dataclass(frozen=True, slots=True)
class _Lifted:
    """The worlds without these codes; each begins with the timelines of the one without its last code."""

    known: dict[tuple[str, ...], World]

    def of(self, codes: tuple[str, ...]) -> World:
        if codes not in self.known:
            self.known[codes] = lift(self.of(codes[:-1]), codes[-1])
        return self.known[codes]


def _hurdles(world: World, mended: World, arrivals: tuple[datetime, ...], now: datetime) -> Iterator[Hurdle]:
    """What stands in the way today of each session of the series that would be."""
    relaxed: list[Booking] = []
    paid: list[Booking] = []
    zone = world.practice.zone_of(world.request.trip.location_id)
    part = world.request.trip.parts[0]
    for number, arrives_at in enumerate(arrivals, 1):
        asked = BookingRequest(world.request.trip, arrives_at)
        near = with_sessions(around(world.diary, arrives_at), paid, part.series_id)
        decision = decide_booking(world.practice, near, asked, now)
        codes = set(decision.reasons) if isinstance(decision, Refusal) else set()
        codes |= {UNTIL} if arrives_at.astimezone(zone).date() > world.request.until_on else set()
        if codes:
            yield Hurdle(number, arrives_at, tuple(sorted(codes)))
        booking = _session(mended, relaxed, arrives_at, now)
        relaxed.append(booking)
        visits = tuple(replace(visit, package_id=part.package_id) for visit in booking.visits)
        paid.append(replace(booking, visits=visits, recolourings=(), reassignments=()))
