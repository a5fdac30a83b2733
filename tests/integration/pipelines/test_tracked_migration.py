"""A history moved as tracked runs ends as one that the engine moved, and Dagster knows each partition."""

import itertools
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import pytest

from hub.canonical.ids import Kind
from hub.operations.migration.run_history import Planned, Run
from hub.pipelines.assets.migrated import migration_key, months_of
from hub.pipelines.instance import open_instance
from hub.pipelines.migrating import run_migration
from hub.ports.migrations import Partition, Stage
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.migration.moved import ROOT, dump_of, keep_year, run_of
from tests.legacy.generate import generate

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(7, 40, tmp_path / "export")
    return tmp_path / "export"


def test_tracked_runs_end_as_the_engine_alone_does_and_leave_nothing_personal(
    export: Path, tmp_path: Path, database: Database, database_server: EmbeddedServer
) -> None:
    run_of(SqlStore(database.engine), export).run()
    lines: list[str] = []
    with fresh_database(database_server) as other:
        moving = run_of(SqlStore(other.engine), export)
        assert run_migration(moving, tmp_path / "dagster", lines.append)
        assert dump_of(other.engine) == dump_of(database.engine)
        assert_dagster_knows(moving, tmp_path / "dagster", lines)


def assert_dagster_knows(moving: Run, home: Path, lines: list[str]) -> None:
    system = moving.history.system
    visits = migration_key(system, Partition(Stage.LOAD, Kind.VISIT))
    with moving.store.begin("read") as work:
        attempts = work.migrations.find_attempts(system)
        people = work.people.load_all().values()
    with open_instance(home) as instance:
        records = instance.fetch_materializations(visits, limit=1000).records
        told = {one.partition_key: one.asset_materialization.metadata for one in records if one.asset_materialization}
        assert set(told) == set(instance.get_dynamic_partitions(months_of(system, Kind.VISIT).name or ""))
        for month, metadata in told.items():
            attempt = attempts[Partition(Stage.LOAD, Kind.VISIT, (month or "").removeprefix("undated"))]
            said = {name: value.value for name, value in metadata.items()}
            assert said == {**said, "batch": attempt.batch_id, **attempt.counts}
        kept = [str(instance.all_logs(run.run_id)) for run in instance.get_runs()]
        assert all(run.status is dg.DagsterRunStatus.SUCCESS for run in instance.get_runs())
    assert any("every_row_has_a_verdict" in line and "ok" in line for line in lines)
    personal = {value for one in people for value in (one.email, one.phone) if value}
    assert personal
    assert [value for value in personal if any(value in one for one in (*kept, *lines))] == []


def test_the_engine_goes_on_where_a_tracked_move_failed(
    export: Path, tmp_path: Path, database: Database, database_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, begun, lines = Run.perform, itertools.count(1), list[str]()

    def perform_some(self: Run, planned: Planned) -> Mapping[str, int] | None:
        if next(begun) > 5:
            raise ConnectionError("Ada Lovelace")
        return done(self, planned)

    with monkeypatch.context() as patched:
        patched.setattr(Run, "perform", perform_some)
        assert not run_migration(run_of(SqlStore(database.engine), export), tmp_path / "dagster", lines.append)
    assert [line for line in lines if "FAILED" in line and "ConnectionError" in line and "Ada" not in line]
    run_of(SqlStore(database.engine), export).run()
    with fresh_database(database_server) as other:
        run_of(SqlStore(other.engine), export).run()
        assert dump_of(other.engine) == dump_of(database.engine)


def test_tracked_move_that_was_killed_is_gone_on_with_by_another_and_ends_alike(
    export: Path, tmp_path: Path, database: Database, database_server: EmbeddedServer
) -> None:
    keep_year(export, 2026)
    run_of(SqlStore(database.engine), export).run()
    home = tmp_path / "dagster"
    with fresh_database(database_server) as other:
        ends = [_tracked(other, export, home, passes) for passes in (31, 110, 0)]
        assert ends == [-signal.SIGKILL, -signal.SIGKILL, 0]
        assert dump_of(other.engine) == dump_of(database.engine)
    with open_instance(home) as instance:
        statuses = Counter(run.status for run in instance.get_runs())
    assert statuses.keys() == {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
    assert statuses[dg.DagsterRunStatus.FAILURE] == 2, "the runs that were killed, and no others"


def _tracked(database: Database, export: Path, home: Path, passes: int) -> int:
    command = [sys.executable, "-m", "tests.integration.pipelines.run_tracked"]
    arguments = [database.text_url, str(export), str(home), str(passes)]
    return subprocess.run([*command, *arguments], check=False, cwd=ROOT, stdout=subprocess.DEVNULL).returncode
