"""Rows at once: COPY into a table, or into a temporary one that statements read from; few go with the statement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from psycopg import sql
from psycopg.abc import Transformer
from psycopg.adapt import PyFormat
from psycopg.adapt import Transformer as NewTransformer
from sqlalchemy import Connection, Table, TextClause, text

from hub.store.driver import defer, defer_text, run_deferred, run_text

FEW = 50
"""A temporary table costs a millisecond, and as much again at each commit: so few rows are cheaper without one."""
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows that statements read as the table of this name."""

    name: str
    clause: str = ""
    """What the statements begin with."""
    values: Mapping[str, Any] = field(default_factory=dict)

    def execute(self, connection: Connection, statement: str, values: Mapping[str, Any] = _NONE) -> list[Any]:
        """Run a statement that reads the rows; gives its own as named tuples."""
        return run_text(connection, _text(self.clause + statement), {**self.values, **values})

    def defer(self, connection: Connection, statement: str, values: Mapping[str, Any] = _NONE) -> None:
        """Have it run with the next one."""
        defer_text(connection, _text(self.clause + statement), {**self.values, **values})


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
    extra: Mapping[str, str] = _NONE,
    *,
    prefix: str = "staged",
) -> Staged:
    """Rows with some of the columns of `like`, for statements of the transaction to read as `staged_` and its name.

    Many stand in a temporary table, empty again at commit. It stays with the connection: making it anew for each page
    of a feed would cost more than filling it. So whoever stages other columns of the same table takes another `prefix`.

    `extra` are columns of the staging alone, name → type; their values stand last in each row.
    """
    name, given = f"{prefix}_{like.name}", list(rows)
    quote = connection.dialect.identifier_preparer.quote
    if len(given) <= FEW:
        types = [str(like.c[one].type.compile(connection.dialect)) for one in columns] + [*extra.values()]
        return _given(connection, name, [*map(quote, columns), *extra], types, given)
    chosen = ", ".join([*map(quote, columns), *(f"CAST(NULL AS {type_}) AS {one}" for one, type_ in extra.items())])
    made = f"SELECT {chosen} FROM {quote(like.name)} WITH NO DATA"  # noqa: S608 names of our own
    defer(connection, f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS AS {made}")
    defer(connection, f"DELETE FROM pg_temp.{name}")  # noqa: S608 the same
    copy_rows(connection, name, [*columns, *extra], given)
    return Staged(name)


def _given(
    connection: Connection, name: str, columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Staged:
    """Each column as an array of texts, whatever its type: so the statement is one, however many rows."""
    cells = [f"given_{n}" for n in range(len(columns))]
    cast = ", ".join(f"CAST({cell} AS {type_})" for cell, type_ in zip(cells, types, strict=True))
    arrays = ", ".join(f"CAST(:{cell} AS text[])" for cell in cells)
    clause = (
        f"WITH {name} ({', '.join(columns)}) AS"  # noqa: S608 names of our own
        f" (SELECT {cast} FROM unnest({arrays}) AS given ({', '.join(cells)})) "
    )
    written = NewTransformer(connection.connection.driver_connection)
    values = {cell: _array(_written(row[n], written) for row in rows) for n, cell in enumerate(cells)}
    return Staged(name, clause, values)


def _array(texts: Iterable[str | None]) -> str:
    """As PostgreSQL writes an array; the driver would look at each character of each text."""
    return "{" + ",".join("NULL" if one is None else f'"{_quoted(one)}"' for one in texts) + "}"


def _quoted(text_: str) -> str:
    return text_.replace("\\", "\\\\").replace('"', '\\"')


def _written(value: Any, written: Transformer) -> str | None:
    """As COPY would write it."""
    if value is None or isinstance(value, str):
        return value
    dumped = written.get_dumper(value, PyFormat.TEXT).dump(value)
    return None if dumped is None else bytes(dumped).decode()


@lru_cache(maxsize=128)
def _text(statement: str) -> TextClause:
    return text(statement)
