"""Fixtures that every test may ask for."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from hub.connectors.kit import shared
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database, shared_server

# A busy machine is no mistake of the code: no test fails for the time that it took.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What is tried is the same each time, so that a change is judged and not the dice; other examples:
# pytest --hypothesis-profile=explore
settings.register_profile("any_machine", settings.get_profile("explore"), derandomize=True)
settings.load_profile("any_machine")
# A shell that runs the tests in the background has them ignore Ctrl-C, and so would the programs that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a connection's gate and tokens keep within a process is of one test: the next may be given the same port."""
    monkeypatch.setattr(shared, "_gates", {})
    monkeypatch.setattr(shared, "_auths", {})


@pytest.fixture(scope="session")
def database_server() -> Iterator[EmbeddedServer]:
    """One PostgreSQL for the whole run."""
    with shared_server() as server:
        yield server


@pytest.fixture
def database(database_server: EmbeddedServer) -> Iterator[Database]:
    """A migrated, empty database of the test's own."""
    with fresh_database(database_server) as fresh:
        yield fresh


@pytest.fixture
def engine(database: Database) -> Engine:
    """The test's database with the application's rights (`hub_app`)."""
    return database.engine


@pytest.fixture
def owner(database: Database) -> Engine:
    """The test's database with its owner's rights."""
    return database.owner


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    """The test's database as operations see it."""
    return SqlStore(engine)
