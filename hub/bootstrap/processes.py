"""Processes that work side by side for one that leads them, and end with it."""

import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import connection, forkserver, get_context, parent_process
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

from hub.errors import Problem, RetryLater

_Task = TypeVar("_Task")
_Done = TypeVar("_Done")

_SELDOM = 50_000, 20, 100
"""Rows make no cycles: to look for some in all that is loaded, as often as Python does, took a seventh of the time."""


@contextmanager
def open_processes(number: int, module: str, begin: Callable[..., None], *given: Any) -> Iterator[ProcessPoolExecutor]:
    """So many of them, until the block ends; what they have in hand is done first.

    They are copies of a process that has loaded `module` and nothing else. To load it in each takes twice as long, and
    to copy this one would copy its threads, and connections that must not be shared.

    Args:
        number: how many at most: each is started when there is work for it.
        module: what they need.
        begin: called in each of them first.
        given: what with.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([module])
    forkserver.ensure_running()  # it loads while whoever leads reads what there is to do
    pool = ProcessPoolExecutor(number, context, _begin, (begin, *given))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def spread(
    pool: ProcessPoolExecutor, perform: Callable[[_Task], _Done], tasks: Sequence[_Task], hint: str
) -> Iterator[_Done]:
    """What they make of the tasks, in the order of these; `hint`: what to do when one of them dies.

    Raises:
        RetryLater: one of them died.
    """
    try:
        yield from pool.map(perform, tasks)
    except BrokenProcessPool:
        raise RetryLater(Problem("a process of the run died", "killed", hint=hint)) from None


class Shared(Generic[_Task, _Done]):
    """Tasks that whoever leads does as well: it begins at once, and the others join in as soon as they are loaded."""

    def __init__(self, pool: ProcessPoolExecutor, perform: Callable[[_Task], _Done], hint: str) -> None:
        """`perform`: what the others do with a task; `hint`: what to do when one of them dies."""
        self._pool = pool
        self._perform = perform
        self._hint = hint
        self._waiting: SimpleQueue[tuple[_Task, Future[_Done]] | None] = SimpleQueue()

    def spread(
        self, perform: Callable[[_Task], _Done], ready: Sequence[_Task], plan: Callable[[], Sequence[_Task]] = tuple
    ) -> Iterator[tuple[_Task, _Done]]:
        """Each task and what is made of it, in order: those that are ready, then those that are planned meanwhile.

        `perform`: what whoever leads does with one, first of all with the first that is planned.

        Raises:
            RetryLater: one of the others died.
        """
        given: list[tuple[_Task, Future[_Done]]] = [(task, Future()) for task in ready]
        for one in given:
            self._waiting.put(one)
        planned: list[tuple[_Task, Future[_Done]]] = [(task, Future()) for task in plan()]
        for one in planned[1:]:
            self._waiting.put(one)
        for one in planned[:1]:
            _settle(*one, perform)
        try:
            for task, done in (*given, *planned):
                while not done.done() and (taken := self._take()):
                    _settle(*taken, perform)
                yield task, done.result()
        except BrokenProcessPool:
            raise RetryLater(Problem("a process of the run died", "killed", hint=self._hint)) from None

    def _take(self) -> tuple[_Task, Future[_Done]] | None:
        try:
            return self._waiting.get_nowait()
        except Empty:
            return None

    def feed(self) -> None:
        """Hand one of the others task after task, from a thread of its own, until `end`."""
        with suppress(BrokenProcessPool):
            self._pool.submit(_is_there).result()  # what it would be given before, it would keep waiting
        while taken := self._waiting.get():
            _settle(*taken, lambda task: self._pool.submit(self._perform, task).result())

    def end(self, feeding: Sequence[Thread]) -> None:
        """What they have in hand is done first; what nobody has begun is not."""
        while self._take():
            pass
        for _ in feeding:
            self._waiting.put(None)
        for thread in feeding:
            thread.join()


@contextmanager
def share(
    pool: ProcessPoolExecutor, others: int, perform: Callable[[_Task], _Done], hint: str
) -> Iterator[Shared[_Task, _Done]]:
    """Tasks for so many processes of the pool and for this one, until the block ends."""
    shared = Shared(pool, perform, hint)
    feeding = [Thread(target=shared.feed, daemon=True) for _ in range(others)]
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    for thread in feeding:
        thread.start()
    try:
        yield shared
    finally:
        shared.end(feeding)
        gc.set_threshold(*before)


def processors() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _settle(task: _Task, done: "Future[_Done]", perform: Callable[[_Task], _Done]) -> None:
    try:
        done.set_result(perform(task))
    except Exception as error:  # noqa: BLE001 raised again for whoever asks for what was done
        done.set_exception(error)


def _is_there() -> None:
    """It has begun."""


def _begin(begin: Callable[..., None], *given: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the one that leads decides
    gc.set_threshold(*_SELDOM)
    Thread(target=_end_with_parent, daemon=True).start()
    begin(*given)


def _end_with_parent() -> None:
    """Nobody would take what a worker does for a parent that was killed."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
