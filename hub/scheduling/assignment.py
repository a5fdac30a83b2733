"""Who fills which name: every way the names of a trip can be filled, as timelines of arrivals.

Names that cannot get in each other's way are independent: their timelines are ANDed. The others form groups that are
searched together, resource by resource, each branch carrying the arrivals it still serves; what a branch reaches is a
complete assignment, so an arrival that is found is proven. Needs of one name are one slot: the same resource
throughout.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from hub.canonical.practice import PROVIDER, ROOM, PracticeResource
from hub.scheduling.board import Board
from hub.scheduling.protocol import TimedPart, TimedTrip, candidates, needs_of
from hub.scheduling.request import Trip
from hub.scheduling.timeline import Span, joined, moved

SlotKey = tuple[int, str]
"""(number of the part, name of the need)."""
Choice = dict[SlotKey, str]
Chosen = tuple["Slot", PracticeResource]


@dataclass(frozen=True, slots=True)
class Slot:
    """One name of one part, with who may fill it."""

    key: SlotKey
    kind: str
    steps: frozenset[int]
    """The numbers of the part's steps that need it."""
    spans: tuple[Span, ...]
    """When it is taken, from the trip's arrival; touching steps are one span."""
    candidates: tuple[PracticeResource, ...]
    qualified: dict[str, int]
    """Candidate → the arrivals at which its certifications are valid."""
    free: dict[str, int]
    """Candidate → the arrivals at which it qualifies and is free in all its steps, taken alone."""


def slots_of(board: Board, trip: Trip, timed: TimedTrip) -> tuple[Slot, ...]:
    """The names of all parts, in the order the services name them."""
    return tuple(
        _slot(board, trip, part, number, name) for number, part in enumerate(timed) for name in part.service.names
    )


def find_choices(board: Board, slots: tuple[Slot, ...], arrivals: int) -> int:
    """Those of `arrivals` at which all slots can be filled at once."""
    for group in _groups(slots):
        if not arrivals:
            return 0
        arrivals = _cover(board, group, arrivals)
    return arrivals


def first_choice(board: Board, slots: tuple[Slot, ...], arrival: int) -> Choice | None:
    """Who fills which slot at one arrival (a timeline with one bit); earlier candidates first. None: nobody can."""
    choice: Choice = {}
    for group in _groups(slots):
        found = next(_branches(board, group, [arrival], arrival, ()), None)
        if found is None:
            return None
        choice.update(found[0])
    return choice


def _slot(board: Board, trip: Trip, part: TimedPart, number: int, name: str) -> Slot:
    needs = needs_of(part.service, name)
    taken = [
        (index, (timed.start, timed.end))
        for index, timed in enumerate(part.steps)
        if any(not need.present and need.name == name for need in timed.step.needs)
    ]
    spans = joined([span for _, span in taken])
    who = tuple(
        resource
        for resource in candidates(board.practice, trip, part.part, name)
        if name != PROVIDER or part.providers is None or resource.id in part.providers
    )
    qualified = {resource.id: board.certified(resource, needs, part.arrival) for resource in who}
    free = {resource.id: qualified[resource.id] & board.fitting(resource.id, spans) for resource in who}
    return Slot((number, name), needs[0].kind, frozenset(i for i, _ in taken), spans, who, qualified, free)


def free_for(board: Board, resource_id: str, demands: list[tuple[Span, ...]]) -> int:
    """The arrivals at which the resource has units for all demands together."""
    edges = sorted({edge for spans in demands for span in spans for edge in span})
    bits = board.always
    for start, end in pairwise(edges):
        units = sum(any(s <= start and end <= e for s, e in spans) for spans in demands)
        if units:
            bits &= moved(board.free_runs(resource_id, units, end - start), start)
    return bits


def _groups(slots: tuple[Slot, ...]) -> list[tuple[Slot, ...]]:
    """The slots by who can get in whose way; in each group rooms come first, since what stands in them needs them."""
    groups: list[list[Slot]] = []
    for slot in slots:
        near = [group for group in groups if any(_interfere(slot, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(other for group in near for other in group), slot])
    return [tuple(sorted(group, key=lambda slot: (slot.kind != ROOM, slot.key[0]))) for group in groups]


def _interfere(one: Slot, other: Slot) -> bool:
    same_step = one.key[0] == other.key[0] and one.steps & other.steps
    if same_step and ((other.kind == ROOM and _is_fixed(one)) or (one.kind == ROOM and _is_fixed(other))):
        return True
    return not one.free.keys().isdisjoint(other.free) and overlap(one, other)


def overlap(one: Slot, other: Slot) -> bool:
    """Whether both are taken at some minute."""
    return any(a < d and c < b for a, b in one.spans for c, d in other.spans)


def _is_fixed(slot: Slot) -> bool:
    return any(resource.fixed_in is not None for resource in slot.candidates)


def _cover(board: Board, group: tuple[Slot, ...], arrivals: int) -> int:
    """Those of `arrivals` at which the group can be filled."""
    if len(group) == 1:
        reach = 0
        for bits in group[0].free.values():
            reach |= bits
        return arrivals & reach
    left = [arrivals]
    for _, reached in _branches(board, group, left, arrivals, ()):
        left[0] &= ~reached
    return arrivals & ~left[0]


def _branches(
    board: Board, group: tuple[Slot, ...], left: list[int], bits: int, chosen: tuple[Chosen, ...]
) -> Iterator[tuple[Choice, int]]:
    """Complete assignments of the group, each with the arrivals in `left` that it serves.

    Whoever iterates takes what it has from `left[0]`; branches that serve nothing else are not followed.
    """
    if len(chosen) == len(group):
        yield {slot.key: resource.id for slot, resource in chosen}, bits
        return
    slot = group[len(chosen)]
    for resource in slot.candidates:
        if not goes_with(slot, resource, chosen):
            continue
        here = bits & left[0] & slot.free[resource.id]
        if here:
            here &= _beside(board, slot, resource, chosen, here)
        if here:
            yield from _branches(board, group, left, here, (*chosen, (slot, resource)))


def goes_with(slot: Slot, resource: PracticeResource, chosen: tuple[Chosen, ...]) -> bool:
    """Whether it is another one than in the other names of its steps, and stands in one of the steps' rooms."""
    if not chosen:
        return True
    beside = [(other, who) for other, who in chosen if other.key[0] == slot.key[0] and other.steps & slot.steps]
    if any(who.id == resource.id for _, who in beside):
        return False
    if resource.fixed_in is None:
        return True
    rooms = [(other.steps, who.id) for other, who in beside if other.kind == ROOM]
    return all(
        any(step in steps and room == resource.fixed_in for steps, room in rooms)
        for step in slot.steps
        if any(step in steps for steps, _ in rooms)
    )


def _beside(board: Board, slot: Slot, resource: PracticeResource, chosen: tuple[Chosen, ...], bits: int) -> int:
    """Those of `bits` at which the resource has units for this slot and the other parts that it serves at the time."""
    others = [other for other, who in chosen if who.id == resource.id]
    if not any(overlap(slot, other) for other in others):
        return bits
    return bits & free_for(board, resource.id, [slot.spans, *(other.spans for other in others)])
