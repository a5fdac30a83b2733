"""Statements straight through the driver, in the unit of work's transaction.

For what every booking runs while others wait for its locks: going through SQLAlchemy for each would cost more than the
statements themselves.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from psycopg import Connection as DriverConnection
from psycopg.rows import dict_row, namedtuple_row
from sqlalchemy import Connection, Dialect, TextClause

Found = dict[str, Any]


def run(connection: Connection, statement: str, values: Mapping[str, Any] | None = None) -> list[Found]:
    """What it gives, column → value; nothing where it gives nothing. Values are written `%(name)s`.

    Without values it may be several statements, and what the last one gives counts.
    """
    with _raw(connection).cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement, values)
        while cursor.nextset():
            pass
        # Not `description`: it would describe each column of each answer.
        return cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []


def run_text(connection: Connection, statement: TextClause, values: Mapping[str, Any]) -> list[Any]:
    """The rows that SQLAlchemy's text gives, as named tuples."""
    with _raw(connection).cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(_written(statement, connection.dialect), values).fetchall()


@lru_cache(maxsize=512)
def _written(statement: TextClause, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))


def _raw(connection: Connection) -> "DriverConnection[Any]":
    return cast("DriverConnection[Any]", connection.connection.driver_connection)
