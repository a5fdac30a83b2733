"""A bucket of cost points, as GraphQL vendors keep one: what is taken comes back at a steady rate."""

from collections.abc import Callable
from threading import Lock


class PointsBucket:
    """Our view of the vendor's bucket, corrected by what it says is left."""

    def __init__(self, capacity: float, per_second: float, clock: Callable[[], float]) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._clock = clock
        self._lock = Lock()
        self._level = capacity
        self._at = clock()

    def take(self, cost: float) -> float:
        """Take the points (0), or say how many seconds until they are there; more than it ever holds waits for all."""
        with self._lock:
            self._refill()
            wanted = min(cost, self._capacity)
            if self._level >= wanted:
                self._level -= cost
                return 0.0
            return (wanted - self._level) / self._per_second

    def correct(self, spent: float, left: float | None) -> None:
        """After an answer: `spent` beyond what was taken (less: below zero), and what the vendor says is left."""
        with self._lock:
            self._refill()
            self._level = min(self._level - spent, self._capacity)
            if left is not None:
                self._level = min(self._level, left)

    def _refill(self) -> None:
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._at) * self._per_second)
        self._at = now
