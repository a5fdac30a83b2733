"""A few at a time, in the order in which they came; whoever waits too long goes without a turn."""

from collections.abc import Iterator
from threading import Event, Thread

import pytest

from hub.store.turns import Turns

LONG = 60.0
"""Seconds that no test here waits for."""


class Going:
    """Threads that take turns; each begins, says so, and ends when it is told to."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.began: list[int] = []
        self._may_end: dict[int, Event] = {}
        self._has_begun: dict[int, Event] = {}
        self._threads: list[Thread] = []

    def come(self, number: int) -> None:
        """Ask for a turn, behind all who asked before."""
        self._may_end[number], self._has_begun[number] = Event(), Event()
        waiting = len(self.turns._waiting)
        thread = Thread(target=self._go, args=(number,))
        self._threads.append(thread)
        thread.start()
        while number not in self.began and len(self.turns._waiting) == waiting:
            thread.join(0.001)

    def end(self, number: int) -> None:
        """Let it end."""
        self._may_end[number].set()

    def has_begun(self, number: int) -> bool:
        """Waited for."""
        return self._has_begun[number].wait(LONG)

    def close(self) -> None:
        """Let all end."""
        for event in self._may_end.values():
            event.set()
        for thread in self._threads:
            thread.join()

    def _go(self, number: int) -> None:
        with self.turns.taken():
            self.began.append(number)
            self._has_begun[number].set()
            self._may_end[number].wait(LONG)


@pytest.fixture
def going() -> Iterator[Going]:
    one = Going(Turns(2, LONG))
    yield one
    one.close()


def test_no_more_go_at_once_than_there_are_turns(going: Going) -> None:
    for number in range(5):
        going.come(number)
    assert going.began == [0, 1]


def test_turns_are_passed_on_in_the_order_in_which_they_were_asked_for(going: Going) -> None:
    for number in range(6):
        going.come(number)
    for number in range(4):
        going.end(number)
        assert going.has_begun(number + 2)
    assert going.began == list(range(6))


def test_whoever_comes_while_another_waits_does_not_overtake_it() -> None:
    turns = Turns(1, LONG)
    going = Going(turns)
    with turns.taken():
        going.come(1)
        turns._patience = 0.0
    assert not turns._take()  # though 1 may not have woken up yet
    going.close()


def test_a_turn_is_passed_on_by_whoever_fails() -> None:
    turns = Turns(1, LONG)
    with pytest.raises(ZeroDivisionError), turns.taken():
        _ = 1 / 0
    going = Going(turns)
    going.come(1)
    assert going.has_begun(1)
    going.close()


def test_whoever_waits_too_long_goes_without_a_turn_and_passes_none_on() -> None:
    turns = Turns(1, patience=0.0)
    with turns.taken():
        with turns.taken():  # one inside another would wait for itself
            pass
        assert (turns._free, list(turns._waiting)) == (0, [])
    assert (turns._free, list(turns._waiting)) == (1, [])


def test_a_turn_that_comes_when_patience_ends_is_taken_and_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(1, patience=0.0)

    class Late:
        """A lock that is let go right after nobody would wait for it any more."""

        def acquire(self, timeout: float | None = None) -> bool:
            if timeout is not None:
                turns._pass_on()
            return timeout is None

        def release(self) -> None:
            """It is had now."""

    turns._free = 0
    monkeypatch.setattr("hub.store.turns.Lock", Late)
    with turns.taken():
        assert (turns._free, list(turns._waiting)) == (0, [])
    assert turns._free == 1
