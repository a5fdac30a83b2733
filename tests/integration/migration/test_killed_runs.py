"""A run that is killed, wherever, is gone on with, and ends as one that nobody disturbed: byte for byte."""

import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.migration.moved import ROOT, dump_of, run_of
from tests.legacy.generate import generate


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(21, 150, tmp_path / "export")
    return tmp_path / "export"


@pytest.fixture
def undisturbed(export: Path, database: Database) -> list[str]:
    run_of(SqlStore(database.engine), export).run()
    return dump_of(database.engine)


def _start(database: Database, export: Path, passes: int = 0) -> "subprocess.Popen[bytes]":
    program = "tests.integration.migration.run_moved"
    command = [sys.executable, "-m", program, database.text_url, str(export), str(passes)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_killed_at_any_checkpoint_it_is_gone_on_with_and_ends_alike(
    export: Path, undisturbed: list[str], database_server: EmbeddedServer
) -> None:
    with fresh_database(database_server) as other:
        points = sorted(Random(5).sample(range(1, 200), 10))
        ends = [_start(other, export, passes).wait() for passes in points]
        assert ends.count(-signal.SIGKILL) > 5
        assert _start(other, export).wait() == 0
        assert dump_of(other.engine) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_it_is_gone_on_with_and_ends_alike(
    seed: int, export: Path, undisturbed: list[str], database_server: EmbeddedServer
) -> None:
    rng = Random(seed)
    with fresh_database(database_server) as other:
        for _ in range(8):
            process = _start(other, export)
            try:
                process.wait(timeout=rng.uniform(0.5, 4))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        assert _start(other, export).wait() == 0
        assert dump_of(other.engine) == undisturbed
