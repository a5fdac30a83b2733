"""While somebody serves, every connection has a thread of its own: it looks after what rang, and sends what waits.

A system that is slow or down keeps its own thread waiting and nobody else's.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread

from hub.errors import HubError

Exchange = Callable[[str], bool]
"""Does what is due with a system; whether others may have to be told of it now."""


class Exchanging:
    """The threads' alarm clocks."""

    def __init__(self, systems: Collection[str]) -> None:
        self._clocks: Mapping[str, Event] = {system: Event() for system in systems}

    def wake(self, system: str) -> None:
        """Something waits for this system, or came from it."""
        if system in self._clocks:
            self._clocks[system].set()

    def wake_others(self, system: str) -> None:
        """What came from this system may have to be told to the others."""
        for other in self._clocks.keys() - {system}:
            self._clocks[other].set()

    def wait(self, system: str, seconds: float) -> None:
        """Until it is woken, or so long."""
        self._clocks[system].wait(seconds)
        self._clocks[system].clear()

    def wake_all(self) -> None:
        """At the end: let every thread see that it is over."""
        for clock in self._clocks.values():
            clock.set()


@contextmanager
def exchanging(systems: Collection[str], exchange: Exchange, seconds: float) -> Iterator[Exchanging]:
    """Exchange with each system when it is woken, and every so many seconds (0: never) until the block ends."""
    clocks, over = Exchanging(systems if seconds else ()), Event()

    def run(system: str) -> None:
        said = ""
        while not over.is_set():
            try:
                if exchange(system):
                    clocks.wake_others(system)
                wrong = ""
            except HubError as error:
                wrong = "".join(f"{system}: {problem}\n" for problem in error.problems)
            if wrong != said:
                sys.stderr.write(wrong)
            said = wrong
            clocks.wait(system, seconds)

    threads = [Thread(target=run, args=[each], name=f"exchange-{each}", daemon=True) for each in systems if seconds]
    for thread in threads:
        thread.start()
    try:
        yield clocks
    finally:
        over.set()
        clocks.wake_all()
        for thread in threads:
            thread.join(10)  # a system that is being asked may take its time
