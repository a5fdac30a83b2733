"""Statements straight through the driver, in the unit of work's transaction.

For what every booking runs while others wait for its locks: going through SQLAlchemy's compiler would cost more than
the statements themselves. Values are written `%(name)s`; rows have their columns' names.
"""

from collections.abc import Mapping
from typing import Any, cast

from psycopg import Connection as DriverConnection
from psycopg.rows import dict_row
from sqlalchemy import Connection

Found = dict[str, Any]


def run(connection: Connection, statement: str, values: Mapping[str, Any] | None = None) -> list[Found]:
    """What it gives, column → value; nothing where it gives nothing.

    Without values it may be several statements, and what the last one gives counts.
    """
    raw = cast("DriverConnection[Any]", connection.connection.driver_connection)
    with raw.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement, values)
        while cursor.nextset():
            pass
        return cursor.fetchall() if cursor.description is not None else []
