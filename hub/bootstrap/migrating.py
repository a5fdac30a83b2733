"""Migrations, wired to the database: no practice folder is needed."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from hub.bootstrap.databases import open_database
from hub.settings import Settings
from hub.store.checkpoint import kill_at_named_point
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore


@contextmanager
def open_store(settings: Settings) -> Iterator[tuple[SqlStore, Engine]]:
    """The database that `settings` name, as operations see it, until the block ends.

    Raises:
        NeedsAttention: the database does not answer or has another schema.
    """
    with open_database(settings) as url:
        engine = application_engine(url)
        try:
            yield SqlStore(engine, kill_at_named_point), engine
        finally:
            engine.dispose()
