"""Several processes that compare the rows of one moved history with its records, partition by partition."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Engine

from hub.bootstrap.migration_folder import MigrationFolder, read_migration_folder
from hub.bootstrap.moved_history import read_moved
from hub.bootstrap.processes import open_processes, processors, spread
from hub.operations.migration.compare_rows import Compare, Compared, Comparing
from hub.ports.migrations import Partition
from hub.settings import Settings
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

WORTH_A_TEAM = 300_000
"""Rows from which on a team is faster: to start takes each of them seconds, and the database has work beside it."""

AGAIN = "Prove it again with `hub migrate verify`: nothing was kept of this proof, and it starts anew"

_comparing: Comparing
"""Of this worker."""


@contextmanager
def open_comparing(
    folder: MigrationFolder, settings: Settings, engine: Engine, alone: Comparing, workers: int
) -> Iterator[Compare]:
    """Whoever compares row by row, until the block ends: several processes with connections of their own, or this one.

    Args:
        folder: of the migration.
        settings: where the shipped mapping tables are.
        engine: of the database.
        alone: compares in this process.
        workers: how many; one is this process.
    """
    if workers == 1:
        yield partial(map, alone.compare)
        return
    with open_processes(workers, __name__, _begin_work, folder.path, settings, engine.url) as pool:
        yield lambda partitions: spread(pool, _compare, partitions, AGAIN)


def workers_for(rows: int) -> int:
    """As many as this machine has processors, if there are enough rows to look at one by one."""
    return processors() if rows >= WORTH_A_TEAM else 1


def _begin_work(folder: Path, settings: Settings, url: URL) -> None:
    global _comparing  # noqa: PLW0603 a worker is told once what it works on
    store = SqlStore(application_engine(url))
    with store.begin("read_moved") as work:
        _comparing = Comparing(store, read_moved(work, read_migration_folder(folder, settings)).loader)


def _compare(partition: Partition) -> Compared:
    return _comparing.compare(partition)
