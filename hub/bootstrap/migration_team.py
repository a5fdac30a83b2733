"""Several processes that move one history side by side: while one decodes, PostgreSQL stores for another."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from hub.bootstrap.migration_folder import read_migration_folder
from hub.bootstrap.processes import open_processes, processors, share
from hub.operations.migration.run_history import Counts, Planned, Run, Team
from hub.settings import Settings
from hub.store.checkpoint import kill_at_named_point
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

WORTH_A_TEAM = 4_000_000
"""Bytes of an export from which on a team is faster than one process: to start it takes a second or two."""

AGAIN = "Run it again: it goes on where this one ended"

_run: Run
"""Of this worker."""


@contextmanager
def open_team(
    folder: Path, source: Path, settings: Settings, url: URL, workers: int | None = None
) -> Iterator[Team | None]:
    """Workers beside this process, with connections of their own, until the block ends.

    What they have in hand is done first.

    Args:
        folder: of the migration.
        source: of the export.
        settings: where the shipped mapping tables are.
        url: of the database, which the caller has checked and keeps open.
        workers: how many with this process; None: as many as this machine has processors, if the export is worth it.
            One is no team.
    """
    number = workers or (processors() if _bytes_in(source) >= WORTH_A_TEAM else 1)
    if number == 1:
        yield None
        return
    others = number - 1
    with (
        open_processes(others, __name__, _begin_work, folder, source, settings, url) as pool,
        share(pool, others, _perform, AGAIN) as shared,
    ):
        yield shared.spread


def _bytes_in(source: Path) -> int:
    return sum(file.stat().st_size for file in source.glob("*") if file.is_file())


def _begin_work(folder: Path, source: Path, settings: Settings, url: URL) -> None:
    global _run  # noqa: PLW0603 a worker is told once what it works on
    store = SqlStore(application_engine(url), kill_at_named_point)
    _run = Run(read_migration_folder(folder, settings).history(source), store)


def _perform(planned: Planned) -> Counts:
    return _run.perform(planned)
