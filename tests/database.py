"""A real PostgreSQL for tests: one server for all workers of a run, a migrated template, a fresh database a test."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine

from hub.store.embedded import OWNER, EmbeddedServer
from hub.store.engine import application_engine, owner_engine
from hub.store.schema import migrate

TEMPLATE = "hub_template"
TRIES = 30


@dataclass(frozen=True)
class Database:
    """A migrated database that one test has for itself."""

    url: URL
    """Logs in as `hub_app`."""
    owner_url: URL
    engine: Engine
    """With the application's rights."""
    owner: Engine
    """With the owner's: to look at what the application may not see, and to break things on purpose."""

    @property
    def text_url(self) -> str:
        """The application's URL for another process."""
        return self.url.render_as_string(hide_password=False)


@contextmanager
def shared_server() -> Iterator[EmbeddedServer]:
    """The server of this test run, which its last worker stops and removes."""
    with _server_of(os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")) as server:
        yield server


@contextmanager
def own_server() -> Iterator[EmbeddedServer]:
    """One that nobody else uses: for what all databases of a server share, as its count of transactions."""
    with _server_of(uuid4().hex) as server:
        yield server


@contextmanager
def _server_of(users: str) -> Iterator[EmbeddedServer]:
    folder = _fast_folder() / f"hub-tests-{users}"
    server = EmbeddedServer(folder, durable=False)
    server.start()
    try:
        _make_template(server)
        yield server
    finally:
        if server.leave():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(server: EmbeddedServer, template: str = TEMPLATE) -> Iterator[Database]:
    """A clone of the template, dropped at the end whoever is still connected."""
    name = f"test_{uuid4().hex[:12]}"
    _administer(
        server,
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*map(sql.Identifier, (name, template))),
    )
    url, owner_url = server.url(name), server.url(name, OWNER)
    database = Database(url, owner_url, application_engine(url, connections=20), owner_engine(owner_url))
    try:
        yield database
    finally:
        database.engine.dispose()
        database.owner.dispose()
        _drop(server, name)


def _fast_folder() -> Path:
    """Memory where there is plenty: a clone takes 15 ms there, and up to half a second on a busy disk."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 2 * 1024**3:
        return memory
    return Path(tempfile.gettempdir())


def _make_template(server: EmbeddedServer) -> None:
    """Once for all workers: nobody may be connected to it while another one clones it."""
    with (server.folder / "template").open("ab") as made:
        fcntl.flock(made, fcntl.LOCK_EX)
        if made.tell():
            return
        server.create_database(TEMPLATE)
        owner = owner_engine(server.url(TEMPLATE, OWNER))
        migrate(owner)
        owner.dispose()
        made.write(b"migrated")


def _drop(server: EmbeddedServer, name: str) -> None:
    """PostgreSQL waits five seconds for those whom it ends; on a busy machine they may take longer."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    for _ in range(TRIES):
        with suppress(psycopg.errors.ObjectInUse):
            return _administer(server, drop)
    return _administer(server, drop)


def _administer(server: EmbeddedServer, statement: sql.Composed) -> None:
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute(statement)
