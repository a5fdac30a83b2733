"""A circuit breaker: after so many failures in a row a server is left alone for a while, then asked once.

Ours, because the kept libraries either hold one lock while a request runs, so that no two run at once, or count on the
wall clock.
"""

from collections.abc import Callable
from threading import Lock

from hub.errors import Problem, RetryLater


class Breaker:
    """Shared by the threads that ask one server."""

    def __init__(self, most_failures: int, leave_alone_seconds: float, clock: Callable[[], float]) -> None:
        self._most = most_failures
        self._seconds = leave_alone_seconds
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._open_until = 0.0

    def enter(self, name: str) -> None:
        """Let a request through. Where the pause is over, the first one goes and the others wait for what comes of it.

        Raises:
            RetryLater: the server is left alone; nothing was sent.
        """
        with self._lock:
            if self._failures < self._most:
                return
            left = self._open_until - self._clock()
            if left <= 0:
                self._open_until = self._clock() + self._seconds
                return
        hint = "It failed several times in a row and is asked again then; nothing was sent"
        raise RetryLater(Problem(f"{name} is left alone", code="left_alone", hint=hint), after_seconds=left)

    def succeeded(self) -> None:
        """It answered, whatever it said."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """It was not reached, or failed, or answered half."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._most:
                self._open_until = self._clock() + self._seconds
