"""The board with the facts laid anew, so that they stand on what somebody asks for only where all else is taken.

In order of their starts each goes to the first that is free: where all may stand anywhere, no order needs fewer. A
plain look at this board finds most of what making way opens, for all times together; the search, one time after the
other, is left with the rest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.scheduling.assignment import Choice, Slot
from hub.scheduling.board import Board
from hub.scheduling.decision import Reassignment
from hub.scheduling.diary import BusyClaim
from hub.scheduling.loosened import FIRST_FACT, FactName, Loosened
from hub.scheduling.timeline import Span

_Names = tuple[FactName, ...]


@dataclass(frozen=True)
class Cleared:
    """Facts as they would all stand together; whoever takes what one of them left needs only some of their moves."""

    board: Board
    _loose: Loosened
    _moves: dict[tuple[int, str], tuple[FactName, str]]
    """(fact, need) → where it goes."""

    def needed_for(self, slots: Sequence[Slot], choice: Choice, at: int) -> tuple[Reassignment, ...]:
        """What makes way for this choice at the minute `at`: who stands there, who stands where those go, and so on."""
        taken = [(choice[slot.key], (at + start, at + end)) for slot in slots for start, end in slot.spans]
        needed: dict[tuple[int, str], tuple[FactName, str]] = {}
        while taken:
            who, (start, end) = taken.pop()
            for key in self._standing(who, start, end):
                if key not in needed:
                    name, to = needed[key] = self._moves[key]
                    taken += [(to, span) for span in name.spans]
        return tuple(move for key, (_, to) in needed.items() for move in self._reassigned(*key, to))

    def _standing(self, who: str, start: int, end: int) -> Iterator[tuple[int, str]]:
        """The names of facts that stand there now and will not."""
        for number in {number for _, number in self._loose.near(who, start, end)}:
            for name in self._loose.names(number):
                meets = any(first < end and start < last for first, last in name.spans)
                if name.current == who and meets and (number, name.need) in self._moves:
                    yield number, name.need

    def _reassigned(self, number: int, need: str, to: str) -> Iterator[Reassignment]:
        fact = self._loose.fact(number)
        for one in fact.claims:
            if one.is_reassignable and one.need == need:
                left, span = one.resource_id, (one.start_at, one.end_at)
                yield Reassignment(one.id, fact.id, fact.patient_id, need, left, to, 1, *span)


def cleared_for(loose: Loosened, slots: Iterable[Slot]) -> Cleared:
    """Laid anew for whatever may fill these slots."""
    wanted = frozenset(one.id for slot in slots for one in slot.candidates)
    key = ("cleared", loose.board.location_id, loose.board.window, wanted)
    kept: Cleared | None = loose.board.diary.views.get(key)
    if kept is None:
        kept = loose.board.diary.views[key] = _cleared(loose, wanted)
    return kept


def _cleared(loose: Loosened, wanted: frozenset[str]) -> Cleared:
    movable: list[FactName] = []
    fixed: list[FactName] = []
    for number in range(FIRST_FACT, FIRST_FACT + len(loose.facts)):
        names = loose.names(number)
        (movable if _may_move(loose, number, names) else fixed).extend(names)
    moves: dict[tuple[int, str], tuple[FactName, str]] = {}
    for cluster in _clusters(sorted(movable, key=lambda name: name.spans)):
        for name, to in _laid(loose, cluster, fixed, wanted):
            if to != name.current:
                moves[name.number, name.need] = (name, to)
    goes = {key: to for key, (_, to) in moves.items()}
    claims = [
        BusyClaim(one.id, goes.get((number, one.need), one.resource_id), 1, one.start_at, one.end_at)
        for number, fact in enumerate(loose.facts, FIRST_FACT)
        for one in fact.claims
        if one.is_reassignable
    ]
    return Cleared(loose.board.following(loose.board.diary.exchanging((), claims, filled=())), loose, moves)


def _may_move(loose: Loosened, number: int, names: _Names) -> bool:
    """Whether each name can go for itself: one name that may be filled anew, of one at a time, and nothing fixed."""
    resources = loose.board.resources
    own = (resources.get(one.resource_id) for one in loose.fact(number).claims)
    return len(names) == 1 and all(one is None or (one.capacity == 1 and one.fixed_in is None) for one in own)


def _clusters(names: Sequence[FactName]) -> Iterator[list[FactName]]:
    """Names, in order of start, that hang together in time."""
    cluster: list[FactName] = []
    until = 0
    for name in names:
        if cluster and name.spans[0][0] >= until:
            yield cluster
            cluster = []
        cluster.append(name)
        until = max(until, name.spans[-1][1]) if len(cluster) > 1 else name.spans[-1][1]
    if cluster:
        yield cluster


def _laid(
    loose: Loosened, cluster: Sequence[FactName], fixed: Sequence[FactName], wanted: frozenset[str]
) -> list[tuple[FactName, str]]:
    """Where all of them go; nothing where one finds no place."""
    taken: dict[str, list[Span]] = {}
    for name in fixed:
        taken.setdefault(name.current, []).extend(name.spans)
    found: list[tuple[FactName, str]] = []
    for name in cluster:
        beside = {one.resource_id for one in loose.fact(name.number).claims if not one.is_reassignable}
        # Who stands on what nobody asks for stays if it can; those asked for are taken always in the same order.
        able = sorted(name.able, key=lambda one: (one.id in wanted, one.id != name.current and one.id not in wanted))
        free = (
            one.id
            for one in able
            if one.capacity == 1 and one.fixed_in is None and one.id not in beside
            if not any(_meets(span, other) for span in name.spans for other in taken.get(one.id, ()))
        )
        to = next(free, None)
        if to is None:
            return []
        taken.setdefault(to, []).extend(name.spans)
        found.append((name, to))
    return found


def _meets(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
