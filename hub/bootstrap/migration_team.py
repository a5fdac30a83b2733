"""Several processes that move one history side by side: while one decodes, PostgreSQL stores for another."""

import gc
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from threading import Thread

from hub.bootstrap.migrating import open_store
from hub.bootstrap.migration_folder import read_migration_folder
from hub.errors import Problem, RetryLater
from hub.operations.migration.run_history import Counts, Planned, Run, Team
from hub.settings import Settings

WORTH_A_TEAM = 4_000_000
"""Bytes of an export from which on a team is faster than one process: to start takes each of them a second."""

_SELDOM = 50_000, 20, 100
"""Rows make no cycles: to look for some in all that is loaded, as often as Python does, took a seventh of the time."""

_run: Run
"""Of this worker."""
_opened = ExitStack()
"""What it keeps open."""


@contextmanager
def open_team(folder: Path, source: Path, settings: Settings, workers: int | None = None) -> Iterator[Team | None]:
    """So many workers, each with connections of its own, until the block ends; what they have in hand is done first.

    Args:
        folder: of the migration.
        source: of the export.
        settings: of the database that the block has open.
        workers: how many; None: as many as this machine has processors, if the export is worth it. One is no team.
    """
    number = workers or (_processors() if _bytes_in(source) >= WORTH_A_TEAM else 1)
    if number == 1:
        yield None
        return
    # A new process, not a copy of this one: it has threads, and connections that must not be shared.
    pool = ProcessPoolExecutor(number, get_context("spawn"), _begin_work, (folder, source, settings))
    try:
        yield lambda planned: _perform_all(pool, planned)
    finally:
        pool.shutdown(cancel_futures=True)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _bytes_in(source: Path) -> int:
    return sum(file.stat().st_size for file in source.glob("*") if file.is_file())


def _perform_all(pool: ProcessPoolExecutor, planned: Sequence[Planned]) -> Iterable[Counts]:
    try:
        yield from pool.map(_perform, planned)
    except BrokenProcessPool:
        problem = Problem("a process of the run died", "killed", hint="Run it again: it goes on where this one ended")
        raise RetryLater(problem) from None


def _begin_work(folder: Path, source: Path, settings: Settings) -> None:
    global _run  # noqa: PLW0603 a worker is told once what it works on
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the one that leads decides
    gc.set_threshold(*_SELDOM)
    Thread(target=_end_with_parent, daemon=True).start()
    store, _ = _opened.enter_context(open_store(settings))
    _run = Run(read_migration_folder(folder, settings).history(source), store)


def _end_with_parent() -> None:
    """Nobody would take what a worker does for a parent that was killed."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _perform(planned: Planned) -> Counts:
    return _run.perform(planned)
