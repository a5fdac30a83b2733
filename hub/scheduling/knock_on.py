"""What a visit that does not go as planned does to the visits after it. Nothing here is applied: it is shown."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Owner = tuple[Literal["resource", "patient"], str]
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Taken:
    """Time that somebody or something is taken, [start_at, end_at)."""

    owner: Owner
    start_at: datetime
    end_at: datetime
    claim_id: str = ""

    def later(self, minutes: int) -> "Taken":
        """The same so many minutes later."""
        shift = minutes * _MINUTE
        return Taken(self.owner, self.start_at + shift, self.end_at + shift, self.claim_id)

    def meets(self, other: "Taken") -> bool:
        """Whether both take the same owner at one instant."""
        return self.owner == other.owner and self.start_at < other.end_at and other.start_at < self.end_at


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit, hold or block in the book, with all it takes."""

    id: str
    taken: tuple[Taken, ...]
    is_fixed: bool = False
    """Nobody can push it: a block, a hold, a visit that is over."""

    @property
    def start_at(self) -> datetime:
        """When it begins to take something."""
        return min(one.start_at for one in self.taken)


@dataclass(frozen=True, slots=True)
class Pushed:
    """A later visit that has to wait."""

    visit_id: str
    minutes: int
    because: tuple[str, ...]
    """What it would take twice: resources, sorted, and the word `patient`."""


@dataclass(frozen=True, slots=True)
class KnockOn:
    """What is shown."""

    pushed: tuple[Pushed, ...]
    """In the order of the chain."""
    contested: tuple[str, ...]
    """What stands in the book where the running visit is now, in order of start: visits, holds, blocks."""
    displaced: frozenset[str]
    """Its claims that have no room any more."""


Capacity = Mapping[str, int]
"""Resource → how many visits may use it at once; whoever is absent is one, and so is a patient."""


@dataclass(frozen=True, slots=True)
class _Book:
    capacity: Capacity
    _taken: dict[Owner, list[Taken]] = field(default_factory=dict)

    def add(self, taken: Iterable[Taken]) -> None:
        for one in taken:
            self._taken.setdefault(one.owner, []).append(one)

    def of(self, owner: Owner) -> list[Taken]:
        return self._taken.get(owner, [])

    def is_full(self, owner: Owner, at: datetime) -> bool:
        """Whether nobody else can have it at that instant."""
        depth = sum(one.start_at <= at < one.end_at for one in self.of(owner))
        return depth >= (self.capacity.get(owner[1], 1) if owner[0] == "resource" else 1)

    def has_room(self, wanted: Taken) -> bool:
        starts = {wanted.start_at, *(one.start_at for one in self.of(wanted.owner) if one.meets(wanted))}
        return not any(self.is_full(wanted.owner, at) for at in starts if at >= wanted.start_at)


def find_knock_on(
    running: Iterable[Taken], others: Iterable[Standing], capacity: Capacity, began_at: datetime
) -> KnockOn:
    """What a visit that takes `running` now, and began at `began_at` by the book, does to all others that stand."""
    running, others = tuple(running), tuple(one for one in others if one.taken)
    displaced = find_displaced(running, others, capacity)
    contested = (one for one in others if any(taken.claim_id in displaced for taken in one.taken))
    ordered = sorted(contested, key=lambda one: one.start_at)
    ripple = find_ripple(running, others, capacity, began_at)
    return KnockOn(ripple, tuple(one.id for one in ordered), displaced)


def find_ripple(
    running: Iterable[Taken], others: Iterable[Standing], capacity: Capacity, began_at: datetime
) -> tuple[Pushed, ...]:
    """The gentlest ripple: in order of their start, later visits wait as long as they must, and no longer.

    A visit is pushed whole, past what is fixed and what comes before it; where there is a gap the ripple ends.
    Collisions that the running visit has no part in are none of it.

    Args:
        running: what the running visit takes, as it really goes.
        others: everything else that stands; of what begins at one time the first has the right of way.
        capacity: of the resources.
        began_at: when the running visit began by the book; what began by then, too, is not pushed.
    """
    moved, settled = _Book(capacity), _Book(capacity)
    for book in (moved, settled):
        book.add(running)
    others = tuple(others)
    waiting = {one.id for one in others if not one.is_fixed and one.start_at > began_at}
    pushed = []
    for visit in sorted(others, key=lambda one: (one.id in waiting, one.start_at)):
        because = tuple(sorted(set(_clashes(visit, moved, settled)))) if visit.id in waiting else ()
        minutes = _least_push(visit, settled) if because else 0
        where = [one.later(minutes) for one in visit.taken]
        settled.add(where)
        if because:
            moved.add(where)
            pushed.append(Pushed(visit.id, minutes, because))
    return tuple(pushed)


def find_displaced(running: Iterable[Taken], others: Iterable[Standing], capacity: Capacity) -> frozenset[str]:
    """The claims that have no room any more beside what is really happening; of several the later ones give way."""
    firm = _Book(capacity)
    running = tuple(running)
    firm.add(running)
    claims = sorted((one for other in others for one in other.taken), key=lambda one: (one.start_at, one.end_at))
    displaced = set()
    for claim in claims:
        shared = (_overlap(claim, one) for one in running if claim.meets(one))
        if all(firm.has_room(part) for part in shared):
            firm.add([claim])
        else:
            displaced.add(claim.claim_id)
    return frozenset(displaced)


def _clashes(visit: Standing, moved: _Book, settled: _Book) -> Iterator[str]:
    """Where the visit as it stands meets what has moved and there is no room for both."""
    for claim in visit.taken:
        meeting = (_overlap(claim, one) for one in moved.of(claim.owner) if claim.meets(one))
        if any(not settled.has_room(part) for part in meeting):
            yield "patient" if claim.owner[0] == "patient" else claim.owner[1]


def _least_push(visit: Standing, settled: _Book) -> int:
    ends = {
        -((claim.start_at - other.end_at) // _MINUTE)
        for claim in visit.taken
        for other in settled.of(claim.owner)
        if other.end_at > claim.start_at
    }
    waits = sorted(ends)
    fitting = (m for m in waits if all(settled.has_room(claim.later(m)) for claim in visit.taken))
    return next(fitting, waits[-1])


def _overlap(claim: Taken, other: Taken) -> Taken:
    start, end = max(claim.start_at, other.start_at), min(claim.end_at, other.end_at)
    return Taken(claim.owner, start, end, claim.claim_id)
