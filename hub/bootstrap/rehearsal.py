"""A copy of the hub's database on the same server, to try on it what shall be done to the original."""

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

from psycopg import errors, sql
from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError

from hub.bootstrap.databases import open_database
from hub.errors import HubError, InvalidInput, NeedsAttention, Problem, RetryLater
from hub.settings import Settings
from hub.store.embedded import OWNER
from hub.store.engine import owner_engine

_SERVICE = "postgres"
"""The database from which others are made."""


@contextmanager
def open_copy(settings: Settings, keep: str | None = None) -> Iterator[Settings]:
    """The settings with a copy of their database, which is dropped at the end unless it is to be kept by a name.

    Raises:
        RetryLater: somebody works on the original, which cannot be copied meanwhile.
        NeedsAttention: the login may not create databases.
        InvalidInput: there is a database of that name.
    """
    with open_database(settings) as url:
        name = keep or f"{url.database}_rehearsal_{token_hex(4)}"
        login = url if settings.database_url else url.set(username=OWNER)
        engine = owner_engine(login.set(database=_SERVICE))
        try:
            _copy(engine, url, name)
            try:
                copy = url.set(database=name).render_as_string(hide_password=False)
                yield settings.model_copy(update={"database_url": copy})
            finally:
                if keep is None:
                    _execute(engine, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        finally:
            engine.dispose()


def _copy(engine: Engine, original: URL, name: str) -> None:
    names = sql.Identifier(name), sql.Identifier(original.database or "")
    try:
        _execute(engine, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
    except DBAPIError as error:
        raise _refusal(error, original.database or "", name) from None


def _refusal(error: DBAPIError, original: str, name: str) -> HubError:
    if isinstance(error.orig, errors.ObjectInUse):
        hint = "Stop `hub serve` and whatever else is connected to it for as long as the copy takes"
        return RetryLater(Problem(f"somebody works on the database {original!r}", "database_in_use", hint=hint))
    if isinstance(error.orig, errors.DuplicateDatabase):
        return InvalidInput(Problem(f"there is a database {name!r}", "known", field="--keep", hint="Take another name"))
    hint = "Let the login of HUB_DATABASE_URL own the database and create others (ALTER ROLE … CREATEDB)"
    return NeedsAttention(Problem(f"the database {original!r} cannot be copied", "database", hint=hint))


def _execute(engine: Engine, statement: sql.Composed) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement.as_string())
