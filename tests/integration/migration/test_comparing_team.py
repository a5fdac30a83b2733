"""Several processes compare one history: they find what one finds, and without one of them nothing is proven."""

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from hub.bootstrap.migration_folder import read_migration_folder
from hub.canonical.ids import Kind
from hub.errors import RetryLater
from hub.operations.migration.compare_rows import Compared, Comparing
from hub.pipelines.proving import Proving
from hub.ports.migrations import Partition
from hub.settings import Settings
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.migration.moved import FOLDER, run_of
from tests.legacy.generate import generate

VISITS, WORKERS = 600, 2
"""Of fewer than a thousand changes a proof takes no stock, which would wait for the lock on payments."""
BLOCKED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%hub_stream%'"""


@pytest.mark.slow
def test_several_processes_find_what_one_finds_and_prove_nothing_when_one_is_killed_midway(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(4, VISITS, tmp_path)
    run_of(SqlStore(database.engine), tmp_path).run()
    with database.owner.begin() as connection:
        connection.exec_driver_sql("UPDATE visit SET note = 'not so' WHERE id = (SELECT max(id) FROM visit)")
    alone = proving(database, 1).prove()
    assert [check.name for check in alone.blocking] == ["every_field_says_what_its_row_says"]
    monkeypatch.setattr(Comparing, "compare_alike", nothing_is_alike)
    with ThreadPoolExecutor(1) as beside:
        with all_waiting_for_payments(database):
            before = set(multiprocessing.active_children())
            proof = beside.submit(proving(database, WORKERS).prove)
            wait_until_blocked(database)
            working = [one for one in multiprocessing.active_children() if one not in before]
            assert len(working) == WORKERS
            assert working[0].pid
            os.kill(working[0].pid, signal.SIGKILL)
            working[0].join()
        with pytest.raises(RetryLater, match="it starts anew"):
            proof.result()
    assert attempts(database) == [alone.id]
    together = proving(database, WORKERS).prove()
    assert (together.checks, together.totals, together.data_hash) == (alone.checks, alone.totals, alone.data_hash)


def nothing_is_alike(_: Comparing, partitions: Iterable[Partition]) -> tuple[Compared, list[Partition]]:
    """Every row is looked at by itself."""
    return Compared(), [one for one in partitions if one.kind is not Kind.LOT]


def proving(database: Database, workers: int) -> Proving:
    settings = Settings(database_url=database.text_url)
    folder = read_migration_folder(FOLDER, settings)
    return Proving(folder, SqlStore(database.engine), database.engine, settings, workers)


@contextmanager
def all_waiting_for_payments(database: Database) -> Iterator[None]:
    """Who compares has people behind it by then, and visits before it."""
    with database.owner.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE payment IN ACCESS EXCLUSIVE MODE")
        yield


def wait_until_blocked(database: Database) -> None:
    """Until each of the processes is in a partition of its own and waits."""
    for _ in range(9000):
        with database.owner.connect() as connection:
            if connection.execute(text(BLOCKED)).scalar_one() == WORKERS:
                return
        Event().wait(0.02)
    pytest.fail("the processes never came to the payments")


def attempts(database: Database) -> list[int]:
    with database.owner.connect() as connection:
        return list(connection.execute(text("SELECT id FROM verification")).scalars())
