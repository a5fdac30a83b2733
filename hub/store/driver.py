"""Statements straight through the driver, in the unit of work's transaction.

For what every booking runs while others wait for its locks: going through SQLAlchemy for each would cost more than the
statements themselves. What gives nothing back waits and goes out with the next statement, whoever runs it: one journey
to the server instead of two, and where the first waits for a lock the second begins the moment it is had.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from psycopg import Connection as DriverConnection
from psycopg import RawCursor
from psycopg.abc import Buffer
from psycopg.rows import dict_row, namedtuple_row
from psycopg.types.array import ListDumper
from sqlalchemy import Connection, Dialect, Engine, TextClause, event
from sqlalchemy.pool import ConnectionPoolEntry

Found = dict[str, Any]
Values = Mapping[str, Any] | None

_DEFERRED = "hub_deferred"
_PLAIN = re.compile(r"[\w.:/-]+(?:,[\w.:/-]+)*", re.ASCII)
_NAME = re.compile(r"%\((\w+)\)s")
# A commit that waits for the disk keeps its locks meanwhile. So this one lets them go first, and a note right behind it
# in the log waits for the disk for both: nobody is told before, and who builds on it is written after it.
_NOTE = "SELECT pg_logical_emit_message(true, 'hub', '')"
_COMMIT: tuple[tuple[str, Values], ...] = (
    ("SET LOCAL synchronous_commit = off", None),
    ("COMMIT", None),
    (_NOTE, None),
)


class PlainListDumper(ListDumper):
    """Lists of plain words, as ids are, joined at once: the driver looks at each for what must be quoted."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        """As the driver's own; it writes whatever is not plain."""
        try:
            joined = ",".join(obj)
        except TypeError:
            return super().dump(obj)
        is_plain = _PLAIN.fullmatch(joined) and joined.count(",") == len(obj) - 1 and "null" not in joined.lower()
        return b"{%b}" % joined.encode() if is_plain else super().dump(obj)


def run(connection: Connection, statement: str, values: Values = None) -> list[Found]:
    """What it gives, column → value; nothing where it gives nothing. Values are written `%(name)s`."""
    raw = _raw(connection)
    deferred = connection.info.pop(_DEFERRED, None)
    with RawCursor(raw, row_factory=dict_row) as cursor:
        if deferred:
            with raw.pipeline():
                _send(raw, deferred)
                _execute(cursor, statement, values)
        else:
            _execute(cursor, statement, values)
        # Not `description`: it would describe each column of each answer.
        return cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []


def defer(connection: Connection, statement: str, values: Values = None) -> None:
    """Have it run right before whatever is run next, or the commit; nobody sees what it gives.

    What is wrong with it is raised then. The connection's engine is one of `hub.store.engine`.
    """
    connection.info.setdefault(_DEFERRED, []).append((statement, values))


def end_on_disk(connection: Connection) -> None:
    """Have the end of this transaction wait for the disk though it writes nothing.

    For whoever tells as a promise what another wrote: that one may still be waiting for the disk.
    """
    defer(connection, _NOTE)


def run_deferred(connection: Connection) -> None:
    """For whoever goes on without `run` or SQLAlchemy."""
    if deferred := connection.info.pop(_DEFERRED, None):
        raw = _raw(connection)
        with raw.pipeline():
            _send(raw, deferred)


def run_text(connection: Connection, statement: TextClause, values: Mapping[str, Any]) -> list[Any]:
    """The rows that SQLAlchemy's text gives, as named tuples."""
    run_deferred(connection)
    with _raw(connection).cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(_written(statement, connection.dialect), values).fetchall()


def keep_order(engine: Engine) -> None:
    """Let nothing that SQLAlchemy sends over this engine overtake what is deferred."""

    @event.listens_for(engine, "before_cursor_execute")
    def before(connection: Connection, *_: object) -> None:
        run_deferred(connection)

    @event.listens_for(engine, "commit")
    def commit(connection: Connection) -> None:
        if deferred := connection.info.pop(_DEFERRED, None):
            raw = _raw(connection)
            with raw.pipeline():
                _send(raw, [*deferred, *_COMMIT])  # SQLAlchemy's own has nothing left to do then

    @event.listens_for(engine, "rollback")
    def rollback(connection: Connection) -> None:
        if not connection.invalidated:
            connection.info.pop(_DEFERRED, None)

    @event.listens_for(engine, "checkin")
    def checkin(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info.pop(_DEFERRED, None)


def _send(raw: "DriverConnection[Any]", deferred: list[tuple[str, Values]]) -> None:
    for statement, values in deferred:
        _execute(RawCursor(raw), statement, values)


def _execute(cursor: "RawCursor[Any]", statement: str, values: Values) -> None:
    """Without the driver's own reading of the statement, which it does each time where a statement is long."""
    numbered, names = _numbered(statement)
    cursor.execute(numbered, [values[name] for name in names] if values is not None else None)


@lru_cache(maxsize=512)
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with `$1`, `$2` for its names, and the names in that order."""
    names = tuple(dict.fromkeys(_NAME.findall(statement)))
    return _NAME.sub(lambda found: f"${names.index(found[1]) + 1}", statement).encode(), names


@lru_cache(maxsize=512)
def _written(statement: TextClause, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))


def _raw(connection: Connection) -> "DriverConnection[Any]":
    return cast("DriverConnection[Any]", connection.connection.driver_connection)
