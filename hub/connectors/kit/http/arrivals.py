"""When a server had this process's last requests, at the latest.

A server counts a request when it comes in, and one that was on its way for long counts later than its turn was taken:
the next one, sent in time, is then one too many for it. So a window is also counted from when each answer was there.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

LATEST = 0.1
"""Of a window: an answer that took longer is slow itself; its request was not on its way all the time."""


@dataclass(slots=True)
class Arrivals:
    """Of one connection; `windows` are (requests, seconds)."""

    windows: Sequence[tuple[int, float]]
    clock: Callable[[], float]
    _last: list[deque[float]] = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._last = [deque(maxlen=most) for most, _ in self.windows]

    def due_in(self) -> float:
        """In how many seconds one more is surely not one too many; 0 or less: now."""
        with self._lock:
            now = self.clock()
            full = zip(self.windows, self._last, strict=True)
            return max((last[0] + seconds - now for (most, seconds), last in full if len(last) == most), default=0.0)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Around a request, with whatever comes of it."""
        began = self.clock()
        try:
            yield
        finally:
            with self._lock:
                for (_, seconds), last in zip(self.windows, self._last, strict=True):
                    last.append(min(self.clock(), began + LATEST * seconds))
