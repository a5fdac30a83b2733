"""Rates and points that all processes of one hub keep together.

A window is counted in fiftieths: what was taken in one counts until that fiftieth has left the window, so that no
stretch of its length ever holds more requests than declared, and at least 49 of 50 of an allowance can be used.
Turns are taken in bundles where they are used up: a bundle is good for its fiftieth alone, and what a process that dies
leaves of it is lost with that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import floor
from threading import Lock
from typing import Any

from hub.ports.allowances import Allowances

PARTS = 50
"""Of a window; also the largest part of an allowance that one process takes at once."""


@dataclass(frozen=True, slots=True)
class Window:
    """So many requests in any stretch of so many seconds."""

    most: int
    seconds: float

    @property
    def key(self) -> str:
        """Its place in the state: a connection whose limits were changed counts anew."""
        return f"{self.most}/{self.seconds:g}"

    @property
    def part(self) -> float:
        """How many seconds are counted as one."""
        return self.seconds / PARTS


@dataclass(frozen=True, slots=True)
class Grant:
    """What a process got."""

    turns: int = 0
    good_for: float = 0.0
    """Seconds in which they are to be used."""
    wait: float = 0.0
    """None were left: so many seconds until it is worth asking again."""


def take_turns(counts: dict[str, dict[str, int]], windows: Sequence[Window], now: float, wanted: int) -> Grant:
    """As many of `wanted` as all windows have left, written down in `counts`: window → number of its part → taken."""
    standing = {one: _standing(counts.get(one.key, {}), one, now) for one in windows}
    left = min(one.most - sum(taken.values()) for one, taken in standing.items())
    if left <= 0:
        full = [(one, taken) for one, taken in standing.items() if sum(taken.values()) >= one.most]
        return Grant(wait=max((min(taken) + 1) * one.part + one.seconds - now for one, taken in full))
    turns = min(wanted, left)
    for one, taken in standing.items():
        number = floor(now / one.part)
        taken[number] = taken.get(number, 0) + turns
    counts.clear()
    counts.update({one.key: {str(number): many for number, many in taken.items()} for one, taken in standing.items()})
    return Grant(turns, min((floor(now / one.part) + 1) * one.part - now for one in windows))


def _standing(taken: dict[str, int], window: Window, now: float) -> dict[int, int]:
    """What of it has not left the window yet."""
    known = {int(number): many for number, many in taken.items()}
    return {number: many for number, many in known.items() if (number + 1) * window.part > now - window.seconds}


@dataclass(slots=True)
class SharedRates:
    """The windows of one connection, as one process asks for turns."""

    name: str
    windows: Sequence[Window]
    allowances: Allowances
    clock: Callable[[], float]
    _turns: int = 0
    _good_until: float = 0.0
    _wanted: int = 1
    _lock: Lock = field(default_factory=Lock)

    def due_in(self) -> float:
        """Take a turn (0), or say in how many seconds it is worth asking again."""
        with self._lock:
            if self._turns > 0 and self.clock() < self._good_until:
                self._turns -= 1
                return 0.0
            self._wanted = self._next_bundle()
            asked_at = self.clock()
            with self.allowances.held(self.name) as spent:
                counts = spent.state.setdefault("rates", {})
                grant = take_turns(counts, self.windows, spent.now, self._wanted)
            self._turns, self._good_until = max(grant.turns - 1, 0), asked_at + grant.good_for
            return grant.wait

    def _next_bundle(self) -> int:
        """Twice as many where the last ones were used up in their time; else one: nothing is taken from the others."""
        most = max(1, min(one.most for one in self.windows) // PARTS)
        are_used_up = self._turns == 0 and self.clock() < self._good_until
        return min(2 * self._wanted, most) if are_used_up else 1


@dataclass(slots=True)
class SharedPoints:
    """The bucket of cost points of one connection: what is taken comes back at a steady rate."""

    name: str
    capacity: float
    per_second: float
    allowances: Allowances

    def take(self, cost: float) -> float:
        """Take the points (0), or say how many seconds until they are there; more than it ever holds waits for all."""
        with self.allowances.held(self.name) as spent:
            level, wanted = self._level(spent.state, spent.now), min(cost, self.capacity)
            is_there = level >= wanted
            self._keep(spent.state, level - cost if is_there else level, spent.now)
            return 0.0 if is_there else (wanted - level) / self.per_second

    def correct(self, spent_more: float, left: float | None) -> None:
        """After an answer: what it did cost beyond what was taken, and what the vendor says is left."""
        with self.allowances.held(self.name) as spent:
            level = min(self._level(spent.state, spent.now) - spent_more, self.capacity)
            self._keep(spent.state, level if left is None else min(level, left), spent.now)

    def _level(self, state: dict[str, Any], now: float) -> float:
        level, at = map(float, state.get("points", (self.capacity, now)))
        return min(self.capacity, level + max(0.0, now - at) * self.per_second)

    def _keep(self, state: dict[str, Any], level: float, now: float) -> None:
        state["points"] = (level, now)
