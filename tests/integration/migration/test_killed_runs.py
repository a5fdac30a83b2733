"""A run that is killed, wherever, is gone on with, and ends as one that nobody disturbed: byte for byte."""

import multiprocessing
import signal
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from threading import Event

import pytest

from hub.bootstrap.migration_team import open_team
from hub.errors import RetryLater
from hub.settings import Settings
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.migration.moved import FOLDER, dump_of, run_of
from tests.integration.migration.run_moved import at_each_step, move_until
from tests.legacy.generate import generate

KILLS = 100
_FRESH = multiprocessing.get_context("forkserver")
_FRESH.set_forkserver_preload([move_until.__module__])


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(21, 40, tmp_path / "export")
    return tmp_path / "export"


@pytest.fixture
def undisturbed(export: Path, database: Database) -> tuple[list[str], int]:
    """What a run leaves, and how many steps it takes."""
    steps = count(1)
    at_each_step(database.engine, lambda: next(steps))
    run_of(SqlStore(database.engine), export).run()
    return dump_of(database.engine), next(steps)


def _start(database: Database, export: Path, steps: int = 0) -> BaseProcess:
    process = _FRESH.Process(target=move_until, args=(database.text_url, export, steps))
    process.start()
    return process


def _end_of(process: BaseProcess) -> int:
    process.join()
    assert process.exitcode is not None
    return process.exitcode


@pytest.mark.slow
def test_killed_at_a_hundred_random_steps_it_is_gone_on_with_and_ends_alike(
    export: Path, undisturbed: tuple[list[str], int], database_server: EmbeddedServer
) -> None:
    dump, steps = undisturbed
    rng, killed = Random(5), 0
    while killed < KILLS:
        with fresh_database(database_server) as other:
            while (end := _end_of(_start(other, export, rng.randint(1, steps // 3)))) == -signal.SIGKILL:
                killed += 1  # some six times till it is through
            assert end == 0
            assert dump_of(other.engine) == dump


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_it_is_gone_on_with_and_ends_alike(
    seed: int, export: Path, undisturbed: tuple[list[str], int], database_server: EmbeddedServer
) -> None:
    rng = Random(seed)
    with fresh_database(database_server) as other:
        for _ in range(8):
            process = _start(other, export)
            process.join(rng.uniform(0.1, 2))
            process.kill()
            process.join()
        assert _end_of(_start(other, export)) == 0
        assert dump_of(other.engine) == undisturbed[0]


@pytest.mark.slow
def test_a_team_whose_workers_are_killed_stops_and_the_next_run_ends_alike(
    export: Path, undisturbed: tuple[list[str], int], database_server: EmbeddedServer
) -> None:
    with fresh_database(database_server) as other:
        settings, store = Settings(), SqlStore(other.engine)
        url, first = other.engine.url, iter([_kill_a_worker])
        with open_team(FOLDER, export, settings, url, 2) as team, pytest.raises(RetryLater, match="goes on where"):
            run_of(store, export).run(lambda *_: next(first, _nothing)(), team)
        with open_team(FOLDER, export, settings, url, 2) as team:
            run_of(store, export).run(team=team)
        assert dump_of(other.engine) == undisturbed[0]


def _nothing() -> None:
    """Of the partitions after the first."""


def _kill_a_worker() -> None:
    """As soon as there is one: the process that leads works before the others are there."""
    for _ in range(3000):
        if children := multiprocessing.active_children():
            return children[0].kill()
        Event().wait(0.02)
    pytest.fail("no worker ever came")
