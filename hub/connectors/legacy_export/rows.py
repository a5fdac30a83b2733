"""One file of an export into rows, all of them or none."""

from typing import BinaryIO

from hub.connectors.legacy_export.layout import FileLayout
from hub.errors import InvalidInput, Problem
from hub.tables import BadRow, Row, TableForm, open_table


def read_rows(stream: BinaryIO, layout: FileLayout) -> tuple[str, tuple[Row, ...]]:
    """The file's hash, and all its rows.

    Raises:
        InvalidInput: wrong encoding, header, quoting, number of fields, a missing id, or a last line that is cut off.
    """
    encodings = ("utf-8", "cp1252") if layout.windows_1252 else ("utf-8",)
    table = open_table(stream, layout.name, TableForm(encodings, ends_with_newline=True))
    _require_columns(table.columns, layout)
    return table.sha256, tuple(_taken(row, layout) for row in table.rows())


def _require_columns(found: tuple[str, ...], layout: FileLayout) -> None:
    missing = [column for column in layout.columns if column not in found]
    if missing:
        known = f"The file has: {', '.join(found)}"
        raise InvalidInput(
            *(Problem(f"the column {name!r} is missing", "bad_header", layout.name, 1, name, known) for name in missing)
        )


def _taken(row: Row | BadRow, layout: FileLayout) -> Row:
    if isinstance(row, BadRow):
        raise InvalidInput(row.problem)
    for column in layout.key:
        if not row.values[column].strip():
            problem = Problem("the row has no id", "missing_id", layout.name, row.line, column, "Give it one")
            raise InvalidInput(problem)
    return row
