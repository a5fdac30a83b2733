"""Many rows at once: COPY into a table, or into a temporary one that later statements read from."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Table

from hub.store.driver import run_deferred


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows; they must satisfy the table's constraints. JSON is given as text."""
    run_deferred(connection)
    raw = connection.connection.driver_connection
    if raw is None:
        raise ConnectionError("the connection is closed")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def stage(
    connection: Connection, like: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], extra: str = ""
) -> str:
    """Rows in a temporary table with some of the columns of `like`, gone at commit; gives its name.

    `extra` adds columns of the staging alone, as SQL: `0 AS position`; their values stand last in each row.
    """
    name = f"staged_{like.name}"
    quote = connection.dialect.identifier_preparer.quote
    chosen = ", ".join([*map(quote, columns), *([extra] if extra else [])])
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS pg_temp.{name}")
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT {chosen} FROM {quote(like.name)} WITH NO DATA"  # noqa: S608
    )
    names = [*columns, *(part.rpartition(" AS ")[2] for part in extra.split(", ") if part)]
    copy_rows(connection, name, names, rows)
    return name
