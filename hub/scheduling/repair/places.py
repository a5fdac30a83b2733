"""Where a trip could be placed: for each way the providers can make its lengths, the times and who is free then."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

from hub.canonical.practice import PROVIDER, ROOM
from hub.scheduling.assignment import Slot, slots_of
from hub.scheduling.board import Board
from hub.scheduling.free_time import open_arrivals, patient_arrivals, supervised_arrivals
from hub.scheduling.protocol import TimedPart, TimedTrip, candidates, step_lengths, time_steps
from hub.scheduling.repair.day import StandingTrip
from hub.scheduling.repair.fitness import as_trip
from hub.scheduling.request import Part
from hub.scheduling.timeline import moved, set_minutes

Lengths = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to take a trip: settled lengths, the arrivals at which it may begin, who is free when."""

    timed: TimedTrip
    arrivals: tuple[int, ...]
    """Minutes, in order; its own time among them where it may stay."""
    slots: tuple[Slot, ...]
    free: tuple[Mapping[str, tuple[int, ...]], ...]
    """By slot: resource → those of `arrivals` at which it is free, all other trips aside."""
    may_stay: bool
    """At its own time names it leaves out stay unfilled."""


@dataclass(frozen=True, slots=True)
class Window:
    """When trips may be moved to."""

    on: date
    earliest: int


def find_modes(
    board: Board, trip: StandingTrip, asked: Sequence[Mapping[str, str]], window: Window, *, is_movable: bool
) -> tuple[Mode, ...]:
    """Every mode with an arrival, the lengths it has now first; `asked` by visit are the resources that stay."""
    found = (
        _mode(board, trip, asked, timed, window if is_movable else None)
        for timed in _timed_ways(board, trip, asked, ())
    )
    modes = [mode for mode in found if mode is not None]
    return tuple(sorted(modes, key=lambda mode: not mode.may_stay))


def _timed_ways(
    board: Board, trip: StandingTrip, asked: Sequence[Mapping[str, str]], done: TimedTrip
) -> Iterator[TimedTrip]:
    number = len(done)
    if number == len(trip.visits):
        yield done
        return
    # A part follows the one before as it does now: at once, or after what was cancelled between them.
    between = trip.timed[number].arrival - trip.timed[number - 1].leaving if number else 0
    arrival = done[-1].leaving + between if done and not trip.is_together else 0
    part = as_trip(trip, asked).parts[number]
    for lengths, providers in _lengths(board, trip, part, number).items():
        yield from _timed_ways(
            board, trip, asked, (*done, _timed(trip.timed[number], part, lengths, arrival, providers))
        )


def _lengths(board: Board, trip: StandingTrip, part: Part, number: int) -> dict[Lengths, frozenset[str] | None]:
    service, option = trip.timed[number].service, trip.timed[number].option
    if PROVIDER not in service.names:
        return {step_lengths(service, option, None): None}
    groups: dict[Lengths, frozenset[str]] = {}
    if PROVIDER not in trip.visits[number].resources:
        groups[step_lengths(service, option, None)] = frozenset()
    for resource in candidates(board.practice, as_trip(trip), part, PROVIDER):
        lengths = step_lengths(service, option, resource.id)
        groups[lengths] = groups.get(lengths, frozenset()) | {resource.id}
    return dict(groups)


def _timed(now: TimedPart, part: Part, lengths: Lengths, arrival: int, providers: frozenset[str] | None) -> TimedPart:
    steps = time_steps(now.service, lengths, arrival)
    leaving = max(step.end for step in steps if step.step.patient)
    return TimedPart(part, now.service, now.option, steps, arrival, leaving, providers)


def _mode(
    board: Board, trip: StandingTrip, asked: Sequence[Mapping[str, str]], timed: TimedTrip, window: Window | None
) -> Mode | None:
    may_stay = _may_stay(trip, timed)
    begin = board.window[0]
    own = 1 << (trip.arrival - begin)
    bits = _new_times(board, timed, window) & ~(0 if may_stay else own if _keeps_arrivals(trip, timed) else 0)
    bits |= own if may_stay else 0
    bits &= open_arrivals(board, timed) & patient_arrivals(board, timed) & supervised_arrivals(board, timed)
    slots = slots_of(board, as_trip(trip, asked), timed)
    left_out = [may_stay and trip.visits[slot.key[0]].resources.get(slot.key[1]) is None for slot in slots]
    whose = _in_rooms(board, slots, left_out)
    for free, is_left_out in zip(whose, left_out, strict=True):
        bits &= reduce(or_, free.values(), own if is_left_out else 0)
    if not bits:
        return None
    minutes = tuple({who: _minutes(begin, its & bits) for who, its in free.items() if its & bits} for free in whose)
    return Mode(timed, _minutes(begin, bits), slots, minutes, may_stay)


def _in_rooms(board: Board, slots: Sequence[Slot], left_out: Sequence[bool]) -> list[dict[str, int]]:
    """By slot who is free when; where a step needs what is fixed in rooms, only the rooms in which something stands."""
    free = [dict(slot.free) for slot in slots]
    for slot, who, is_left_out in zip(slots, list(free), left_out, strict=True):
        fixed = {board.resources[one].fixed_in for one in who}
        if is_left_out or None in fixed:
            continue
        for step in slot.steps:
            rooms = [i for i, other in enumerate(slots) if _is_room_beside(slot, other) and step in other.steps]
            if len(rooms) == 1:
                free[rooms[0]] = {room: bits & _standing(board, who, room) for room, bits in free[rooms[0]].items()}
    return free


def _is_room_beside(slot: Slot, other: Slot) -> bool:
    return other.kind == ROOM and other.key[0] == slot.key[0] and other.key != slot.key


def _standing(board: Board, who: Mapping[str, int], room: str) -> int:
    """When something that is fixed in the room is free."""
    return reduce(or_, (bits for one, bits in who.items() if board.resources[one].fixed_in == room), 0)


def _minutes(begin: int, bits: int) -> tuple[int, ...]:
    return tuple(begin + minute for minute in set_minutes(bits))


def _keeps_arrivals(trip: StandingTrip, timed: TimedTrip) -> bool:
    return all(part.arrival == now.arrival for part, now in zip(timed, trip.timed, strict=True))


def _may_stay(trip: StandingTrip, timed: TimedTrip) -> bool:
    """Whether the parts keep their arrivals, and lengths without a provider are the default ones."""
    return _keeps_arrivals(trip, timed) and all(
        PROVIDER in visit.resources
        or PROVIDER not in part.service.names
        or part.end - part.start == now.end - now.start
        for visit, part, now in zip(trip.visits, timed, trip.timed, strict=True)
    )


def _new_times(board: Board, timed: TimedTrip, window: Window | None) -> int:
    """The grid times to which the trip may be moved: every part stays on the date."""
    if window is None:
        return 0
    day = board.clock.dates_bits(window.on, window.on, board.window)
    earliest = max(window.earliest - board.window[0], 0)
    bits = moved(board.grid(window.on, window.on), earliest) << earliest
    for part in timed:
        bits &= moved(day, part.arrival)
    return bits
