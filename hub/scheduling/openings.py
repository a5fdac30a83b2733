"""Find: the instants at which a booking would not be refused."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from hub.canonical.practice import Practice
from hub.scheduling.assignment import Slot, find_choices, slots_of
from hub.scheduling.board import Board, board_over
from hub.scheduling.cleared import cleared_for
from hub.scheduling.clock import wall_clock
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.free_time import open_arrivals, patient_arrivals, supervised_arrivals
from hub.scheduling.loosened import loosened
from hub.scheduling.protocol import TimedTrip, reach_of, timed_trips
from hub.scheduling.reassign import Way, find_way
from hub.scheduling.request import OpeningsRequest
from hub.scheduling.rules import TripRules
from hub.scheduling.standing import refuse_unknown
from hub.scheduling.timeline import first_minute, instant_at, moved, octets_of, set_minutes

_ONE_DAY = timedelta(days=1)


def find_openings(practice: Practice, diary: Diary, request: OpeningsRequest, now: datetime) -> Openings | Refusal:
    """Every grid instant on the dates asked for at which `decide_booking` would accept the trip.

    A refusal only for what no time can mend: `unknown_service`, `unknown_patient`, `unknown_resource`.
    """
    offered = _offered(practice, diary, request, now)
    if isinstance(offered, Refusal):
        return offered
    begin, bits = offered
    return Openings(tuple([instant_at(begin + minute) for minute in set_minutes(bits)]))


def find_first_openings(
    practice: Practice, diary: Diary, request: OpeningsRequest, now: datetime
) -> dict[date, datetime] | Refusal:
    """The first opening of each local date that has one, in order; refused as `find_openings`."""
    offered = _offered(practice, diary, request, now)
    if isinstance(offered, Refusal):
        return offered
    begin, bits = offered
    clock = wall_clock(practice.zone_of(request.trip.location_id))
    firsts: dict[date, datetime] = {}
    octets = octets_of(bits)
    minute = first_minute(octets, 0)
    while minute is not None:
        day = clock.date_at(begin + minute)
        firsts.setdefault(day, instant_at(begin + minute))
        minute = first_minute(octets, max(clock.day_start(day + _ONE_DAY) - begin, minute + 1))
    return firsts


def _offered(practice: Practice, diary: Diary, request: OpeningsRequest, now: datetime) -> tuple[int, int] | Refusal:
    """A minute, and the openings as a timeline from it."""
    refusal = refuse_unknown(practice, diary, request.trip)
    if refusal is not None:
        return refusal
    if request.last_on < request.first_on:
        return 0, 0
    timed = list(timed_trips(practice, request.trip, lambda _resource, _needs, _arrival: True))
    clock = wall_clock(practice.zone_of(request.trip.location_id))
    first, last = clock.day_start(request.first_on), clock.day_start(request.last_on + _ONE_DAY)
    board = board_over(practice, diary, request.trip.location_id, (first, last), reach_of(practice, request.trip))
    bits = _find(board, request, timed, now)
    if diary.filled:
        bits = _find_by_reassigning(board, request, timed, now, bits)
    return board.window[0], bits


def _find(board: Board, request: OpeningsRequest, trips: list[TimedTrip], now: datetime) -> int:
    offered = [0]
    for _, arrivals in _fitting(board, request, trips, now, offered):
        offered[0] |= arrivals
    return offered[0]


def _find_by_reassigning(
    board: Board, request: OpeningsRequest, trips: list[TimedTrip], now: datetime, offered: int
) -> int:
    """`offered`, and what is open when claims that the engine chose make way: each time has a way of its own."""
    loose, found = loosened(board), [offered]
    if loose.facts:
        for slots, arrivals in _fitting(loose.board, request, trips, now, found):
            for _, open_then in _fitting(cleared_for(loose, slots).board, request, trips, now, found):
                found[0] |= open_then
            for minute in set_minutes(arrivals & ~found[0]):
                if isinstance(find_way(loose, slots, board.window[0] + minute), Way):
                    found[0] |= 1 << minute
    return found[0]


def _fitting(
    board: Board, request: OpeningsRequest, trips: list[TimedTrip], now: datetime, offered: list[int]
) -> Iterator[tuple[tuple[Slot, ...], int]]:
    """The names of the trip under each of its lengths, and the arrivals at which they can be filled.

    Whoever iterates adds what it takes to `offered[0]`; that is not looked at again.
    """
    rules = TripRules(board, request.trip, now)
    if next(rules.always(), None) is not None:
        return
    wanted = _wanted(board, request, rules)
    for timed in trips:
        arrivals = wanted & ~offered[0]
        arrivals &= open_arrivals(board, timed) & patient_arrivals(board, timed) & supervised_arrivals(board, timed)
        if arrivals:
            arrivals &= _allowed(board, rules, timed, arrivals)
        if arrivals:
            slots = slots_of(board, request.trip, timed)
            yield slots, find_choices(board, slots, arrivals)


def _wanted(board: Board, request: OpeningsRequest, rules: TripRules) -> int:
    """The grid instants of the dates asked for, from the earliest that may be booked."""
    grid = board.grid(request.first_on, request.last_on)
    earliest = max(rules.earliest() - board.window[0], 0)
    return moved(grid, earliest) << earliest


def _allowed(board: Board, rules: TripRules, timed: TimedTrip, arrivals: int) -> int:
    begin = board.window[0]
    first = (arrivals & -arrivals).bit_length() - 1
    return rules.dates_allowed(timed, begin + first, begin + arrivals.bit_length())
