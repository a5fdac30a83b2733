"""Many rows at once: COPY into a table, or into a temporary one that later statements read from."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Table

from hub.store.driver import defer, run_deferred


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
    connection: Connection,
    like: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    extra: str = "",
    *,
    prefix: str = "staged",
) -> str:
    """Rows in a temporary table with some of the columns of `like`, empty again at commit; gives its name.

    The table stays with the connection: making it anew for each page of a feed would cost more than filling it. So
    whoever stages other columns of the same table takes another `prefix`.

    `extra` adds columns of the staging alone, as SQL: `0 AS position`; their values stand last in each row.
    """
    name = f"{prefix}_{like.name}"
    quote = connection.dialect.identifier_preparer.quote
    chosen = ", ".join([*map(quote, columns), *([extra] if extra else [])])
    made = f"SELECT {chosen} FROM {quote(like.name)} WITH NO DATA"  # noqa: S608 names of our own
    defer(connection, f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS AS {made}")
    defer(connection, f"DELETE FROM pg_temp.{name}")  # noqa: S608 the same
    names = [*columns, *(part.rpartition(" AS ")[2] for part in extra.split(", ") if part)]
    copy_rows(connection, name, names, rows)
    return name
