"""Whether a trip still fits where it stands, and which of the resources asked for are gone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from hub.canonical.practice import ROOM
from hub.scheduling.assignment import Slot, slots_of
from hub.scheduling.board import Board
from hub.scheduling.free_time import open_arrivals, patient_arrivals, supervised_arrivals
from hub.scheduling.protocol import TimedPart, candidates, needs_of
from hub.scheduling.repair.day import BookedVisit, StandingTrip
from hub.scheduling.request import Trip
from hub.scheduling.timeline import Span, minute_from, minute_of


def find_unfit(boards: Mapping[str, Board], trips: Sequence[StandingTrip]) -> frozenset[int]:
    """The numbers of the trips that break a rule at their time with their resources, all others as they stand.

    `boards` are by location, without the trips. What depends on dates alone is not asked: a repair keeps the date.
    """
    overfull = _overfull(boards, trips) | _double_booked(trips)
    return frozenset(
        number
        for number, trip in enumerate(trips)
        if number in overfull or not _fits_alone(boards[trip.location_id], trip)
    )


def asked_and_there(board: Board, trip: StandingTrip, number: int) -> dict[str, str]:
    """What the patient of a visit asked for and has, without the resources that are gone."""
    visit, part = trip.visits[number], trip.timed[number]
    return {
        name: resource_id
        for name, resource_id in visit.part.resources.items()
        if visit.resources.get(name) == resource_id and _is_there(board, trip, part, visit, name)
    }


def _is_there(board: Board, trip: StandingTrip, part: TimedPart, visit: BookedVisit, name: str) -> bool:
    """Whether the resource qualifies and is on duty, busy or not, when the visit needs it."""
    asked = replace(visit.part, resources={name: visit.resources[name]})
    who = next(iter(candidates(board.practice, as_trip(trip), asked, name)), None)
    at = trip.arrival - board.window[0]
    if who is None or not board.certified(who, needs_of(part.service, name), part.arrival) >> at & 1:
        return False
    return all(
        board.duty_runs(who.id, step.end - step.start) >> (at + step.start) & 1
        for step in part.steps
        if any(need.name == name and not need.present for need in step.step.needs)
    )


def as_trip(trip: StandingTrip, resources: Sequence[Mapping[str, str]] | None = None) -> Trip:
    """The trip as a request, with these resources asked for; default: those it has."""
    asked = resources or [visit.resources for visit in trip.visits]
    parts = (replace(visit.part, resources=names) for visit, names in zip(trip.visits, asked, strict=True))
    return Trip(tuple(parts), trip.location_id, together=trip.is_together)


def _fits_alone(board: Board, trip: StandingTrip) -> bool:
    bit = 1 << (trip.arrival - board.window[0])
    has = as_trip(trip)
    # With those it has: who was asked for may have been exchanged by an earlier repair.
    timed = tuple(replace(part, part=asked) for part, asked in zip(trip.timed, has.parts, strict=True))
    if not open_arrivals(board, timed) & patient_arrivals(board, timed) & supervised_arrivals(board, timed) & bit:
        return False
    filled = [
        (slot, who)
        for slot in slots_of(board, has, timed)
        if (who := trip.visits[slot.key[0]].resources.get(slot.key[1])) is not None
    ]
    return all(slot.free.get(who, 0) & bit for slot, who in filled) and _go_together(board, filled)


def _go_together(board: Board, filled: Sequence[tuple[Slot, str]]) -> bool:
    """Whether names of one step have different resources, and what is fixed in a room stands in one of the step's."""
    for (slot, who), (other, beside) in combinations(filled, 2):
        if slot.key[0] == other.key[0] and slot.steps & other.steps and who == beside:
            return False
    return all(_is_in_its_room(board, slot, who, filled) for slot, who in filled)


def _is_in_its_room(board: Board, slot: Slot, who: str, filled: Sequence[tuple[Slot, str]]) -> bool:
    room = board.resources[who].fixed_in
    rooms = [
        (other.steps, which)
        for other, which in filled
        if other.kind == ROOM and other.key != slot.key and other.key[0] == slot.key[0]
    ]
    return room is None or all(
        any(step in steps and which == room for steps, which in rooms)
        for step in slot.steps
        if any(step in steps for steps, _ in rooms)
    )


def _overfull(boards: Mapping[str, Board], trips: Sequence[StandingTrip]) -> frozenset[int]:
    taken: dict[str, list[tuple[Span, int | None]]] = {}
    for number, trip in enumerate(trips):
        for resource_id, span in trip.spans():
            taken.setdefault(resource_id, []).append((span, number))
    found = set()
    for resource_id, entries in taken.items():
        board = boards[trips[entries[0][1] or 0].location_id]
        others = ((minute_of(c.start_at), minute_from(c.end_at)) for c in board.diary.claims_of.get(resource_id, ()))
        spans = [*(span for span, _ in entries), *others]
        resource = board.resources.get(resource_id)
        capacity = resource.capacity if resource else 0
        found |= {number for span, number in entries if number is not None and _depth(span, spans) > capacity}
    return frozenset(found)


def _depth(span: Span, spans: Iterable[Span]) -> int:
    """How many spans hold the busiest minute of `span`."""
    near = [other for other in spans if other[0] < span[1] and span[0] < other[1]]
    starts = {max(start, span[0]) for start, _ in near}
    return max(sum(start <= at < end for start, end in near) for at in starts)


def _double_booked(trips: Sequence[StandingTrip]) -> frozenset[int]:
    """The trips whose patient is in another of the trips at the time."""
    busy = [
        (part.part.patient_id, trip.arrival + part.arrival, trip.arrival + part.leaving, number)
        for number, trip in enumerate(trips)
        for part in trip.timed
    ]
    found: set[int] = set()
    for (who, start, end, number), (other, begin, leave, beside) in combinations(busy, 2):
        if number != beside and who == other and start < leave and begin < end:
            found |= {number, beside}
    return frozenset(found)
