"""A database of another system's, opened by its URL, which is a secret as a whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from hub.connectors.kit.spec.limits import LimitsSpec
from hub.connectors.sql.patience import lose_patience
from hub.errors import NeedsAttention, Problem, RetryLater

_PASSING = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)


def open_database(url: str, system: str, limits: LimitsSpec) -> sa.Engine:
    """Nothing is asked of it yet; where PostgreSQL or SQLite is asked, no statement takes longer than `limits` say.

    Raises:
        NeedsAttention: no such URL, its driver is not installed, or SQLite's file is not there. What stands in it is
            not shown.
    """
    where = f"connections/{system}.yaml"
    try:
        engine = sa.create_engine(
            url, poolclass=NullPool, hide_parameters=True, connect_args=_patience_of(sa.make_url(url), limits)
        )
    except (ArgumentError, NoSuchModuleError, ValueError):
        hint = "Write dialect+driver://user:password@host/database, as SQLAlchemy has it"
        raise NeedsAttention(Problem("'database' is no database URL", "bad_secret", where, hint=hint)) from None
    except ModuleNotFoundError as error:
        hint = f"Install the package {error.name} beside the hub"
        raise NeedsAttention(Problem("the database's driver is not installed", "no_driver", where, hint=hint)) from None
    file = engine.url.database or ":memory:"
    if engine.dialect.name == "sqlite" and not file.startswith((":", "file:")) and not Path(file).exists():
        hint = "SQLite would make an empty one: correct the path in 'database'"
        raise NeedsAttention(Problem("there is no such file of SQLite", "no_database", where, hint=hint))
    lose_patience(engine, limits)
    return engine


def _patience_of(url: sa.URL, limits: LimitsSpec) -> dict[str, Any]:
    """How long a connection or a lock is waited for, in the driver's own word; what the URL says goes before it."""
    seconds = limits.timeout_seconds
    words = {"postgresql+psycopg": ("connect_timeout", ceil(seconds)), "sqlite": ("timeout", seconds)}
    name, value = words.get(url.drivername, (None, seconds))
    return {} if name is None or name in url.query else {name: value}


@contextmanager
def told(system: str) -> Iterator[None]:
    """What the database says against a statement, without the values in it.

    Raises:
        RetryLater: it is not there, or busy.
        NeedsAttention: it does not know a table or column, or does not allow it.
    """
    try:
        yield
    except _PASSING as error:
        name = type(error.orig).__name__ if isinstance(error, DBAPIError) else type(error).__name__
        hint = "If it stays so, look at the database's address, user and password"
        raise RetryLater(
            Problem(f"{system}: the database does not answer ({name})", "unreachable", hint=hint)
        ) from None
    except NoSuchTableError as error:
        hint = "Correct 'table' of the stream"
        raise NeedsAttention(Problem(f"{system}: there is no table {error}", "no_table", hint=hint)) from None
    except SQLAlchemyError as error:
        name = type(error.orig).__name__ if isinstance(error, DBAPIError) else type(error).__name__
        hint = "Compare 'table', 'query' and the columns of the stream with the database, and the user's rights"
        raise NeedsAttention(Problem(f"{system}: the database refuses it ({name})", "refused", hint=hint)) from None


def table_of(name: str, engine: sa.Engine) -> sa.Table:
    """A table or view as it stands there; `schema.table` in another schema."""
    schema, _, table = name.rpartition(".")
    return sa.Table(table, sa.MetaData(), schema=schema or None, autoload_with=engine)
