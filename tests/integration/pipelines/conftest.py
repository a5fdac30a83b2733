"""A hub on a database with an imported history; one import for the whole run, cloned for each test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg
import pytest

from hub.bootstrap import Hub, PracticeFolder, read_practice_folder
from hub.bootstrap.connected_systems import ConnectedSystems
from hub.pipelines.definitions import JOB, define
from hub.pipelines.runs import Ran, run
from hub.settings import PROJECT, Settings
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database

LEGACY = "juniper-legacy"
PROOF = f'key:"{LEGACY}/*" or group:push'
"""Import, prove, push; the pull needs a server."""


@pytest.fixture(scope="session")
def folder() -> PracticeFolder:
    """The demo's practice."""
    return read_practice_folder(Settings(practice=PROJECT / "examples" / "juniper"))


def hub_on(database: Database, folder: PracticeFolder) -> Hub:
    engine = database.engine
    return Hub(engine, SqlStore(engine), ConnectedSystems(folder, PROJECT / "mappings"))


@pytest.fixture(scope="session")
def imported_template(database_server: EmbeddedServer, folder: PracticeFolder) -> Iterator[str]:
    """The name of a database with the demo's practice and its legacy export in it."""
    with fresh_database(database_server) as database:
        hub = hub_on(database, folder)
        hub.apply_practice()
        hub.import_export(LEGACY)
        database.engine.dispose()
        database.owner.dispose()
        name = database.url.database
        assert name
        yield name


@pytest.fixture
def imported(database_server: EmbeddedServer, imported_template: str) -> Iterator[Database]:
    """A database of the test's own with the imported history."""
    with fresh_database(database_server, imported_template) as database:
        yield database


@dataclass
class Pipelines:
    """The demo's pipelines, to be run on a test's database."""

    folder: PracticeFolder
    lines: list[str] = field(default_factory=list)
    """What the runs told."""

    def run(self, on: Database | object, instance: dg.DagsterInstance, select: str = PROOF) -> Ran:
        """On a database, or with something in place of a hub."""
        hub = hub_on(on, self.folder) if isinstance(on, Database) else on

        @contextmanager
        def opening() -> Iterator[Hub]:
            yield hub  # type: ignore[misc]

        connections = tuple(self.folder.connections.values())
        defined = define(connections, self.folder.practice.zone, opening, self.lines.append)
        return run(defined, JOB, instance, select)


@pytest.fixture
def pipelines(folder: PracticeFolder) -> Pipelines:
    return Pipelines(folder)


def materialized(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    """The assets that a run made."""
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return {event.asset_key.to_user_string() for entry in events if (event := entry.dagster_event) and event.asset_key}


def failed_checks(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    """The checks that a run found wanting."""
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    checks = [entry.dagster_event.asset_check_evaluation_data for entry in events if entry.dagster_event]
    assert checks, "no check was evaluated"
    return {check.check_name for check in checks if not check.passed}
