"""One file as rows with their ids; what cannot be trusted is told apart."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from hub.connectors.export_files.layout import FileLayout
from hub.errors import InvalidInput, Problem
from hub.tables import BadRow, Row, Table, TableForm, open_table


def open_rows(stream: BinaryIO, name: str, layout: FileLayout) -> Table:
    """The file as a table that has the layout's columns.

    Raises:
        InvalidInput: it is no table, or a column is missing.
    """
    encodings = tuple({"windows-1252": "cp1252"}.get(one, one) for one in layout.encodings)
    ends = layout.ends_with_newline
    table = open_table(stream, name, TableForm(encodings, delimiter=layout.delimiter, ends_with_newline=ends))
    missing = [column for column in (*layout.key, *layout.columns) if column not in table.columns]
    if missing:
        raise InvalidInput(_missing(missing, table))
    return table


def _missing(columns: Sequence[str], table: Table) -> Problem:
    hint = f"The file has: {', '.join(table.columns)}"
    if len(table.columns) == 1:
        hint += ". If something else than the layout's `delimiter` stands between its columns, save it with that one"
    return Problem("not every column is there", "bad_header", table.name, 1, ", ".join(columns), hint)


def identified(table: Table, layout: FileLayout) -> Iterator[tuple[Row | BadRow, str]]:
    """Each row with its id; a row without one, or that cannot be trusted, has the id of its line.

    Raises:
        InvalidInput: from here on no row can be told from another.
    """
    key = layout.key
    for row in table.rows():
        if isinstance(row, BadRow):
            yield row, f"line {row.line}"
            continue
        parts = [row.values[column].strip() for column in key]
        if all(parts):
            yield row, "/".join(parts)
        else:
            problem = Problem("the row has no id", "missing_id", table.name, row.line, hint="Give it one")
            yield BadRow(row.line, problem, tuple(row.values.values())), f"line {row.line}"
