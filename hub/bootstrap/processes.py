"""Processes that work side by side for one that leads them, and end with it."""

import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, forkserver, get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

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


def processors() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
