"""A few at a time, in the order in which they came.

Threads that all change the same day gain nothing by going at once: they wait for each other's locks, each in a
connection of its own, and for the interpreter, and who is unlucky in both waits twice as long as the others.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Turns:
    """Those of one process. They make waiting fair; what keeps bookings apart is the database."""

    def __init__(self, at_once: int, patience: float) -> None:
        """`patience`: seconds after which one goes without a turn: those before it may wait for something long."""
        self._free = at_once
        self._patience = patience
        self._waiting: deque[Lock] = deque()
        """Nobody, while a turn is free."""
        self._lock = Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, and pass it on at the end of the block."""
        has_turn = self._take()
        try:
            yield
        finally:
            if has_turn:
                self._pass_on()

    def _take(self) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=self._patience):
            return True
        with self._lock:
            if mine not in self._waiting:  # it was passed on to this one in the last moment
                return True
            self._waiting.remove(mine)
            return False

    def _pass_on(self) -> None:
        """To whoever waits longest: one who comes now would else take it before that one wakes up."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
