"""A pause that a server asked for: nobody asks it until that is over, in whichever process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from hub.ports.allowances import Allowances

LOOK_SECONDS = 1.0
"""How long a process goes by what it read of the others: a look is one statement."""
LONGEST_SECONDS = 3600.0
"""Of what is kept for the others: a server that asked for a year by mistake is asked again within the hour."""
_KEY = "paused_until"


@dataclass(slots=True)
class Pause:
    """Of one connection, as one process keeps it; with `allowances` it is told to the others, and heard from them."""

    name: str
    allowances: Allowances | None
    clock: Callable[[], float]
    _until: float = 0.0
    _look_at: float = float("-inf")
    _lock: Lock = field(default_factory=Lock)

    def due_in(self) -> float:
        """In how many seconds somebody may ask; 0 or less: now."""
        with self._lock:
            if self.allowances is not None and self.clock() >= max(self._until, self._look_at):
                self._look_at = self.clock() + LOOK_SECONDS
                with self.allowances.held(self.name) as spent:
                    left = min(float(spent.state.get(_KEY, 0.0)) - spent.now, LONGEST_SECONDS)
                self._until = max(self._until, self.clock() + left)
            return self._until - self.clock()

    def last(self, seconds: float) -> None:
        """From now on so long, or longer where that was asked for before."""
        with self._lock:
            self._until = max(self._until, self.clock() + seconds)
            if self.allowances is not None:
                with self.allowances.held(self.name) as spent:
                    until = spent.now + min(seconds, LONGEST_SECONDS)
                    spent.state[_KEY] = max(float(spent.state.get(_KEY, 0.0)), until)
