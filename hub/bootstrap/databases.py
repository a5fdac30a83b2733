"""The database to work on: a server's, or the hub's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL

from hub.settings import Settings
from hub.store.embedded import OWNER, EmbeddedServer
from hub.store.engine import application_engine, owner_engine, read_url, require_reachable
from hub.store.schema import migrate, require_current

DATABASE = "hub"


@contextmanager
def open_database(settings: Settings) -> Iterator[URL]:
    """The database to work on: the one of `HUB_DATABASE_URL`, or the hub's own, which is started and migrated.

    Raises:
        NeedsAttention: it does not answer, or its schema is not this version's.
    """
    if settings.database_url:
        url = read_url(settings.database_url)
        _check(url)
        yield url
        return
    server = EmbeddedServer(settings.home / "database")
    server.start()
    try:
        server.create_database(DATABASE)
        _migrate(server.url(DATABASE, OWNER))
        yield server.url(DATABASE)
    finally:
        server.leave()


def migrate_database(settings: Settings) -> None:
    """Bring the schema up to date; the login of `HUB_DATABASE_URL` must own the database."""
    if settings.database_url:
        _migrate(read_url(settings.database_url))
        return
    with open_database(settings):
        pass


def _migrate(owner_url: URL) -> None:
    engine = owner_engine(owner_url)
    try:
        require_reachable(engine)
        migrate(engine)
    finally:
        engine.dispose()


def _check(url: URL) -> None:
    engine = application_engine(url)
    try:
        require_reachable(engine)
        require_current(engine)
    finally:
        engine.dispose()
