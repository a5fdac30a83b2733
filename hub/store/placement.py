"""Which facts fit beside what is firm already, and on which unit: pure, one owner at a time.

A fact fits when at no instant more claims than the owner has units would be firm. Facts are taken in order of their
start (then as given), so that the outcome depends on nothing else.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Taken:
    """A firm claim of the owner, on the unit of this number."""

    key: int
    start: datetime
    end: datetime
    unit: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A claim that would be firm if it fits."""

    key: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Placement:
    """What fits, by key, and its unit; and which firm claims go to another unit for it."""

    units: dict[int, int]
    moved: dict[int, int]


def plan_placement(taken: Sequence[Taken], wanted: Sequence[Wanted], capacity: int) -> Placement:
    """Place what fits. With a capacity above one `taken` holds also what hangs together with what is wanted: some of it
    may move.
    """
    crowd = _Crowd(taken)
    fitting: list[Wanted] = []
    for one in sorted(wanted, key=lambda one: (one.start, one.end)):
        if crowd.most_at_once(one.start, one.end) < capacity:
            crowd.add(one.start, one.end)
            fitting.append(one)
    if capacity == 1:
        return Placement({one.key: 1 for one in fitting}, {})
    return _colour(taken, fitting)


class _Crowd:
    """Spans in order of start, asked how many overlap."""

    def __init__(self, taken: Sequence[Taken]) -> None:
        self._spans = sorted((one.start, one.end) for one in taken)
        self._longest = max((end - start for start, end in self._spans), default=timedelta())

    def add(self, start: datetime, end: datetime) -> None:
        insort(self._spans, (start, end))
        self._longest = max(self._longest, end - start)

    def most_at_once(self, start: datetime, end: datetime) -> int:
        """The most spans that share one instant of [start, end)."""
        first = bisect_left(self._spans, (start - self._longest,))
        last = bisect_left(self._spans, (end,))
        changes: list[tuple[datetime, int]] = []
        for other_start, other_end in self._spans[first:last]:
            if other_end > start:
                changes += [(max(other_start, start), 1), (other_end, -1)]
        most = now = 0
        for _, change in sorted(changes):  # at one instant what ends comes before what starts
            now += change
            most = max(most, now)
        return most


def _colour(taken: Sequence[Taken], fitting: Sequence[Wanted]) -> Placement:
    """Give every span that hangs together with a new one, in order of start, the least unit that is free then."""
    units: dict[int, int] = {}
    moved: dict[int, int] = {}
    spans: list[Taken | Wanted] = [*taken, *fitting]
    for chain in _chains(sorted(spans, key=lambda one: (one.start, one.end))):
        if not any(isinstance(one, Wanted) for one in chain):
            continue
        for one, unit in _coloured(chain):
            if isinstance(one, Wanted):
                units[one.key] = unit
            elif one.unit != unit:
                moved[one.key] = unit
    return Placement(units, moved)


def _chains(ordered: Iterable[Taken | Wanted]) -> Iterator[list[Taken | Wanted]]:
    """Spans that hang together through overlaps."""
    chain: list[Taken | Wanted] = []
    until: datetime | None = None
    for one in ordered:
        if until is not None and one.start >= until:
            yield chain
            chain = []
        until = one.end if until is None else max(until, one.end)
        chain.append(one)
    yield chain


def _coloured(ordered: Iterable[Taken | Wanted]) -> Iterator[tuple[Taken | Wanted, int]]:
    """As few units as there can be."""
    busy: list[tuple[datetime, int]] = []
    free: list[int] = []
    highest = 0
    for one in ordered:
        while busy and busy[0][0] <= one.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            unit = heapq.heappop(free)
        else:
            highest += 1
            unit = highest
        heapq.heappush(busy, (one.end, unit))
        yield one, unit
