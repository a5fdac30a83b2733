"""A history that workers move, one of them killed, or as somebody asks in Dagster's web UI: it ends as one moved alone.

Each process has a home of its own, as on a machine of its own. What they share is PostgreSQL, with Dagster's runs in a
database beside the hub's, the broker, and the files.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import URL

from hub.pipelines.broker import WorkerLauncher, count_workers
from hub.pipelines.instance import CONFIGURATION
from hub.settings import PROJECT, Settings
from hub.store.embedded import OWNER, EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.migration.moved import FOLDER, dump_of, keep_year, run_of
from tests.legacy.generate import generate
from tests.peers.dagster_graphql import DagsterUi
from tests.peers.processes import free_port
from tests.peers.redis_broker import redis_broker

pytestmark = pytest.mark.slow
LEASE_SECONDS = 4 * 3600
"""Longer than all of it takes: who waited for the lease would see the run begun by the other one, too."""
START_SECONDS = 300
STORAGE = """
storage:
  postgres:
    postgres_url: {env: HUB_DAGSTER_DATABASE_URL}
"""
LAUNCHER = "run_launcher: {module: hub.pipelines.broker, class: WorkerLauncher}\n"
"""As docs/migration.md tells it to the machine that serves the web UI."""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(21, 300, tmp_path / "export")
    keep_year(tmp_path / "export", 2026)
    return tmp_path / "export"


@contextmanager
def dagster_database(server: EmbeddedServer) -> Iterator[URL]:
    name = f"dagster_{uuid4().hex[:12]}"
    server.create_database(name)
    try:
        yield server.url(name, OWNER).set(drivername="postgresql+psycopg2")
    finally:
        with psycopg.connect(server.conninfo(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Machines:
    """Processes of one deployment, each with a home of its own."""

    def __init__(self, folder: Path, shared: dict[str, str]) -> None:
        self.folder = folder
        self.shared = shared
        self.started: list[subprocess.Popen[bytes]] = []

    def start(
        self, name: str, *arguments: str, configuration: str = CONFIGURATION + STORAGE, **environment: str
    ) -> "subprocess.Popen[bytes]":
        home = self.folder / name
        (home / "dagster").mkdir(parents=True)
        (home / "dagster" / "dagster.yaml").write_text(configuration)
        here = {**os.environ, **self.shared, "HUB_HOME": str(home), "HOME": str(home), "PYTHONPATH": str(PROJECT)}
        command = [sys.executable, "-m", "hub.pipelines", *arguments]
        with self.said(name).open("wb") as log:
            process = subprocess.Popen(command, cwd=home, env=here | environment, stdout=log, stderr=log)
        self.started.append(process)
        return process

    def said(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def stop(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def other(database_server: EmbeddedServer) -> Iterator[Database]:
    with fresh_database(database_server) as fresh:
        yield fresh


@pytest.fixture
def runs(database_server: EmbeddedServer) -> Iterator[URL]:
    """Where Dagster keeps its runs."""
    with dagster_database(database_server) as url:
        yield url


@pytest.fixture
def machines(tmp_path: Path, export: Path, other: Database, runs: URL) -> Iterator[Machines]:
    with redis_broker(tmp_path) as broker:
        started = Machines(
            tmp_path / "machines",
            {
                "HUB_DATABASE_URL": other.text_url,
                "HUB_DAGSTER_DATABASE_URL": runs.render_as_string(hide_password=False),
                "HUB_BROKER_URL": broker,
                "HUB_BROKER_LEASE_SECONDS": str(LEASE_SECONDS),
                "HUB_MIGRATIONS": json.dumps({str(FOLDER): str(export)}),
            },
        )
        yield started
        started.stop()


def wait_for_workers(broker: str, number: int) -> None:
    launcher = WorkerLauncher.of(Settings(broker_url=broker))
    for _ in range(START_SECONDS):
        if count_workers(launcher) == number:
            return
        Event().wait(0.5)
    raise AssertionError("the workers do not ask for work")


def processes_of_runs(runs: URL) -> dict[str, Counter[int]]:
    """How Dagster's runs ended → the processes that began them."""
    query = (
        "SELECT r.status, e.event FROM runs r JOIN event_logs e USING (run_id) WHERE e.event LIKE '%Started process%'"
    )
    found: dict[str, Counter[int]] = {}
    with psycopg.connect(runs.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
        for status, event in connection.execute(query):
            begun = re.search(r"Started process for run \(pid: (\d+)\)", event)
            assert begun
            found.setdefault(status, Counter())[int(begun[1])] += 1
    return found


def test_of_two_workers_one_is_killed_midway_and_the_history_ends_as_if_undisturbed(
    export: Path, database: Database, other: Database, machines: Machines, runs: URL
) -> None:
    run_of(SqlStore(database.engine), export).run()
    survivor = machines.start("survivor", "work")
    victim = machines.start("victim", "work", HUB_KILL_AT="migrate_load:before_commit")
    wait_for_workers(machines.shared["HUB_BROKER_URL"], 2)
    leading = machines.start("leading", "migrate", str(FOLDER), "--source", str(export))

    assert leading.wait(timeout=3600) == 0, machines.said("leading").read_text()
    assert victim.wait() == -signal.SIGKILL
    assert dump_of(other.engine) == dump_of(database.engine)
    assert [counts for counts in performed_again(other, export) if counts is not None] == []

    began = processes_of_runs(runs)
    assert began["FAILURE"] == {victim.pid: 1}, "known as lost before its lease is over"
    assert survivor.pid in began["SUCCESS"]
    assert set(began["SUCCESS"]) <= {survivor.pid, victim.pid}, "who is killed may have begun another one before"
    assert "The worker that began it is gone." in machines.said("leading").read_text()


def test_what_somebody_starts_in_the_web_ui_is_done_by_workers_and_ends_as_if_the_engine_had_moved_it(
    export: Path, database: Database, other: Database, machines: Machines, runs: URL
) -> None:
    run_of(SqlStore(database.engine), export).run()
    workers = [machines.start(name, "work") for name in ("first", "second")]
    port = free_port()
    machines.start("ui", "serve", "--port", str(port), configuration=CONFIGURATION + STORAGE + LAUNCHER)
    wait_for_workers(machines.shared["HUB_BROKER_URL"], 2)
    with closing(DagsterUi(f"http://127.0.0.1:{port}")) as ui:
        ui.wait(START_SECONDS)
        assert ui.materialize([asset(one) for one in WHOLE]) == "SUCCESS"
        assert ui.backfill([asset(one) for one in BY_MONTH]) == "COMPLETED_SUCCESS"
        assert ui.materialize([asset(one) for one in AT_LAST]) == "SUCCESS"

    assert dump_of(other.engine) == dump_of(database.engine)
    assert [counts for counts in performed_again(other, export) if counts is not None] == []
    began = processes_of_runs(runs)
    assert set(began) == {"SUCCESS"}
    assert set(began["SUCCESS"]) <= {worker.pid for worker in workers}
    with SqlStore(other.engine).begin("look") as work:
        proof = work.verifications.find_last("legacy")
    assert proof is not None
    assert not proof.blocking


WHOLE = (
    *(f"landed_{kind}s" for kind in ("lot", "package", "patient", "payment", "provider", "service", "visit")),
    *("patients", "providers", "services"),
)
BY_MONTH = ("visits", "payments", "packages", "lots")
AT_LAST = ("replay", "claim", "account", "proof")


def asset(name: str) -> list[str]:
    return ["migration", "legacy", name]


def performed_again(database: Database, export: Path) -> list[object]:
    counts: list[object] = []
    run_of(SqlStore(database.engine), export).run(lambda _partition, done: counts.append(done))
    assert counts
    return counts
