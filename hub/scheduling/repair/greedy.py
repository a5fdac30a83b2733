"""A first plan without search: what fits stays, and the rest goes, one after the other, to the nearest place left."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hub.canonical.practice import ROOM
from hub.scheduling.board import Board
from hub.scheduling.protocol import TimedTrip
from hub.scheduling.repair.day import StandingTrip
from hub.scheduling.repair.places import Mode
from hub.scheduling.timeline import Span

Filled = dict[int, str]
"""Slot → who fills it; slots left out stay unfilled."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a trip."""

    mode: int
    arrival: int
    filled: Filled


@dataclass(slots=True)
class _Taken:
    spans: dict[str, list[Span]] = field(default_factory=dict)

    def add(self, who: str, span: Span) -> None:
        self.spans.setdefault(who, []).append(span)

    def most(self, who: str, span: Span) -> int:
        return sum(start < span[1] and span[0] < end for start, end in self.spans.get(who, ()))


def place_greedily(
    boards: Mapping[str, Board], trips: Sequence[StandingTrip], modes: Sequence[tuple[Mode, ...]], unfit: frozenset[int]
) -> dict[int, Spot]:
    """Trip → its place, for those of `unfit` that find one; the order of the day decides who is first."""
    taken = _Taken()
    for number, trip in enumerate(trips):
        if number not in unfit:
            _take(taken, trip.spans(), _patients(trip.timed, trip.arrival))
    spots: dict[int, Spot] = {}
    for number in sorted(unfit):
        trip = trips[number]
        found = next(_spots(boards[trip.location_id], trip, modes[number], taken), None)
        if found is not None:
            spots[number] = found
            mode = modes[number][found.mode]
            own = ((who, _at(span, found.arrival)) for i, who in found.filled.items() for span in mode.slots[i].spans)
            _take(taken, own, _patients(mode.timed, found.arrival))
    return spots


def _spots(board: Board, trip: StandingTrip, modes: Sequence[Mode], taken: _Taken) -> Iterator[Spot]:
    """The nearest first."""
    times = sorted((abs(at - trip.arrival), i, at) for i, mode in enumerate(modes) for at in mode.arrivals)
    for _, number, arrival in times:
        mode = modes[number]
        if all(not taken.most(who, span) for who, span in _patients(mode.timed, arrival)):
            filled = next(_Attempt(board, trip, mode, arrival, taken).fill({}), None)
            if filled is not None:
                yield Spot(number, arrival, filled)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Filling the names of a trip at one time."""

    board: Board
    trip: StandingTrip
    mode: Mode
    arrival: int
    taken: _Taken

    def fill(self, filled: Filled) -> Iterator[Filled]:
        """Every way to fill the slots after those that are filled; whoever had a name comes first."""
        slot = len(filled)
        if slot == len(self.mode.slots):
            yield {i: who for i, who in filled.items() if who}
            return
        part, name = self.mode.slots[slot].key
        before = self.trip.visits[part].resources.get(name)
        if before is None and self.mode.may_stay and self.arrival == self.trip.arrival:
            yield from self.fill({**filled, slot: ""})
            return
        for who in sorted(self.mode.free[slot], key=lambda who: who != before):
            if self._is_free(slot, who) and _goes_with(self.board, self.mode, slot, who, filled):
                yield from self.fill({**filled, slot: who})

    def _is_free(self, slot: int, who: str) -> bool:
        spans = [_at(span, self.arrival) for span in self.mode.slots[slot].spans]
        capacity = self.board.resources[who].capacity
        return self.arrival in self.mode.free[slot][who] and all(
            self.taken.most(who, span) < capacity for span in spans
        )


def _goes_with(board: Board, mode: Mode, slot: int, who: str, filled: Filled) -> bool:
    """Whether it is another one than beside it, and stands in the room of its steps, or they are in its room."""
    for other, beside in filled.items():
        one, two = mode.slots[slot], mode.slots[other]
        if one.key[0] != two.key[0] or not one.steps & two.steps or not beside:
            continue
        rooms = {two.kind: beside, one.kind: who}.get(ROOM)
        fixed = {board.resources[which].fixed_in for which in (who, beside)} - {None}
        if who == beside or (rooms is not None and fixed and fixed != {rooms}):
            return False
    return True


def _patients(timed: TimedTrip, arrival: int) -> list[tuple[str, Span]]:
    return [(f"patient {part.part.patient_id}", (arrival + part.arrival, arrival + part.leaving)) for part in timed]


def _take(taken: _Taken, *groups: Iterable[tuple[str, Span]]) -> None:
    for group in groups:
        for who, span in group:
            taken.add(who, span)


def _at(span: Span, arrival: int) -> Span:
    return arrival + span[0], arrival + span[1]
