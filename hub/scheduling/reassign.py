"""Make room among claims that the engine chose itself: whoever is in the way is filled with others at the same time.

What a record or a person named never moves. A name is filled; whatever reassignable stands in its way is taken out
and must be filled anew, which may take out others; nobody is taken out twice. A way that exists is found, unless it
lies beyond `MOST_TRIALS` and clearing the resources asked for (`cleared_for`) does not open it: then a no is no proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.canonical.practice import ROOM, PracticeResource
from hub.scheduling.assignment import Choice, Chosen, Slot, free_for, goes_with, overlap
from hub.scheduling.board import Board
from hub.scheduling.cleared import cleared_for
from hub.scheduling.decision import Reassignment
from hub.scheduling.judge import Case, judge
from hub.scheduling.loosened import FIRST_FACT, Loosened, loosened
from hub.scheduling.pigeonholes import may_fit
from hub.scheduling.request import Trip
from hub.scheduling.timeline import Span

MOST_TRIALS = 100
"""Of resources for names; a day of a practice needs a few dozen."""


@dataclass(frozen=True, slots=True)
class Way:
    """Everybody's place."""

    choice: Choice
    """Who fills the names that were asked for."""
    reassignments: tuple[Reassignment, ...]
    """Units are still 1."""


@dataclass(frozen=True, slots=True)
class NoWay:
    """None was found."""

    is_proven: bool
    """False: the search was stopped before it had tried everything."""


def find_way(
    loose: Loosened, slots: Sequence[Slot], at: int, kept: tuple[Chosen, ...] = (), *, patience: int = 1
) -> Way | NoWay:
    """Who fills the slots at the minute `at` beside those that are `kept`, and what makes way for them.

    It is tried `patience` times as long as a find can wait.
    """
    may_displace = bool(loose.facts)
    if may_displace and not may_fit(loose, slots, at):
        return NoWay(is_proven=True)
    search = _Search(loose, at, patience * MOST_TRIALS)
    chosen = search.fill(tuple(sorted(slots, key=search.tightness)), _Places(kept))
    if chosen is None:
        return NoWay(is_proven=not search.was_stopped)
    wanted = {slot.key for slot in slots}
    choice = {slot.key: who.id for slot, who in chosen if slot.key in wanted}
    moved = [
        reassignment
        for slot, who in chosen
        if slot.key[0] >= FIRST_FACT and slot.key not in wanted
        for reassignment in _reassigned(loose, slot, who)
    ]
    return Way(choice, tuple(moved))


def find_case(
    board: Board, trip: Trip, arrival: int, now: datetime, passed_over: frozenset[str] = frozenset()
) -> tuple[Case, tuple[Reassignment, ...]] | None:
    """The first case of a trip that stands when others make way, and how; None: there is no way, or another reason."""
    loose = loosened(board)
    if not loose.facts:
        return None
    for case in judge(loose.board, trip, arrival, now).cases:
        if case.choice is not None and case.reasons <= passed_over:
            way = find_way(loose, case.slots, arrival)
            if isinstance(way, Way):
                return replace(case, choice=way.choice), way.reassignments
            if not way.is_proven:  # `find_openings` looks here first
                cleared = cleared_for(loose, case.slots)
                other = judge(cleared.board, trip, arrival, now).accepted(passed_over)
                if other is not None:
                    return other, cleared.needed_for(other.slots, other.choice or {}, arrival)
    return None


class _Search:
    """For one arrival. Facts that are not taken out stand where they stood."""

    def __init__(self, loose: Loosened, at: int, most: int) -> None:
        self._loose = loose
        self._at = at
        self._bit = 1 << (at - loose.board.window[0])
        self._most = most
        self._trials = 0

    @property
    def was_stopped(self) -> bool:
        """Whether there was more to try."""
        return self._trials > self._most

    def tightness(self, slot: Slot) -> tuple[bool, int]:
        """Rooms first, since what is fixed in them needs them; then whoever has the fewest free candidates."""
        free = (one for one in slot.candidates if slot.free[one.id] & self._bit)
        return slot.kind != ROOM, sum(not self._in_the_way(slot, one, _Places()) for one in free)

    def fill(self, pending: tuple[Slot, ...], places: "_Places") -> tuple[Chosen, ...] | None:
        """Fill what is pending beside what is chosen."""
        if not pending:
            return places.chosen
        slot, rest = pending[0], pending[1:]
        for resource, displaced in self._able(slot, places):
            self._trials += 1
            if self.was_stopped:
                return None
            names = [name for number in sorted(displaced) for name in self._loose.names(number)]
            if not all(name.able for name in names) or not self._is_suitable(slot, resource, places, rest):
                continue
            again = tuple(name.seen_from(self._at, self._bit) for name in names)
            beside = tuple(one for number in sorted(displaced) for one in self._loose.kept(number, self._at))
            found = self.fill((*again, *rest), places.after((slot, resource), beside, displaced))
            if found is not None:
                return found
        return None

    def _able(self, slot: Slot, places: "_Places") -> list[tuple[PracticeResource, frozenset[int]]]:
        """Who qualifies and is free but for facts that must be taken out; those who need none of that come first."""
        able = [(one, self._in_the_way(slot, one, places)) for one in slot.candidates if slot.free[one.id] & self._bit]
        free = [(one, displaced) for one, displaced in able if not displaced]
        return free + [one for one in able if one[1]] if self._loose.facts else free

    def _is_suitable(self, slot: Slot, resource: PracticeResource, places: "_Places", rest: tuple[Slot, ...]) -> bool:
        beside = (*places.kept, *places.chosen)
        if not goes_with(slot, resource, beside):
            return False
        same = [other for other, who in places.chosen if who.id == resource.id]
        is_shared = any(overlap(slot, other) for other in same)
        if is_shared and not self._has_units(resource, [slot.spans, *(other.spans for other in same)]):
            return False
        is_last_room = slot.kind == ROOM and not any(_is_room_of(other, slot.key[0]) for other in rest)
        return not is_last_room or _are_in_their_rooms((*beside, (slot, resource)), slot.key[0])

    def _has_units(self, resource: PracticeResource, demands: list[tuple[Span, ...]]) -> bool:
        return bool(free_for(self._loose.board, resource.id, demands) & self._bit)

    def _in_the_way(self, slot: Slot, resource: PracticeResource, places: "_Places") -> frozenset[int]:
        """The facts that must be taken out for the slot to be filled so."""
        at = self._at
        near = {one for start, end in slot.spans for one in self._loose.near(resource.id, at + start, at + end)}
        met = frozenset(number for _, number in near if number not in places.out)
        if not met or resource.capacity == 1:
            return met
        beside = [((start - at, end - at),) for (start, end), number in near if number in met]
        same = [other.spans for other, who in places.chosen if who.id == resource.id]
        return frozenset() if self._has_units(resource, [slot.spans, *same, *beside]) else met


@dataclass(frozen=True, slots=True)
class _Places:
    """How far a search has come."""

    kept: tuple[Chosen, ...] = ()
    """Who fills what stays; their time counts as taken already."""
    chosen: tuple[Chosen, ...] = ()
    out: frozenset[int] = frozenset()
    """The facts that were taken out."""

    def after(self, one: Chosen, kept: tuple[Chosen, ...], displaced: frozenset[int]) -> "_Places":
        return _Places((*self.kept, *kept), (*self.chosen, one), self.out | displaced)


def _is_room_of(slot: Slot, number: int) -> bool:
    return slot.kind == ROOM and slot.key[0] == number


def _are_in_their_rooms(chosen: tuple[Chosen, ...], number: int) -> bool:
    """Whether what is fixed in a room stands in one of the steps' rooms, now that all of them are chosen."""
    own = [(slot, who) for slot, who in chosen if slot.key[0] == number]
    return all(
        goes_with(slot, who, tuple(one for one in own if one[0] is not slot))
        for slot, who in own
        if who.fixed_in is not None
    )


def _reassigned(loose: Loosened, slot: Slot, who: PracticeResource) -> list[Reassignment]:
    fact = loose.fact(slot.key[0])
    return [
        Reassignment(
            claim.id, fact.id, fact.patient_id, claim.need, claim.resource_id, who.id, 1, claim.start_at, claim.end_at
        )
        for claim in fact.claims
        if claim.is_reassignable and claim.need == slot.key[1] and claim.resource_id != who.id
    ]
