"""One file as rows with their ids; what cannot be trusted is told apart."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from json import dumps
from typing import BinaryIO

from hub.connectors.export_files.layout import FileLayout
from hub.errors import InvalidInput, Problem
from hub.tables import BadRow, Row, Table, TableForm, open_table


def open_rows(stream: BinaryIO, name: str, layout: FileLayout) -> Table:
    """The file as a table that has the layout's columns, spelt as they are there.

    Raises:
        InvalidInput: it is no table, or a column is missing.
    """
    encodings = tuple({"windows-1252": "cp1252"}.get(one, one) for one in layout.encodings)
    form = TableForm(encodings, delimiter=layout.delimiter, ends_with_newline=layout.ends_with_newline)
    table = _spelt(open_table(stream, name, form), layout.named)
    missing = _missing(table, layout)
    if missing:
        raise InvalidInput(_bad_header(missing, table, _fitting(stream, name, form, layout)))
    return table


def _missing(table: Table, layout: FileLayout) -> list[str]:
    return [column for column in (*layout.key, *layout.columns) if column not in table.columns]


def _fitting(stream: BinaryIO, name: str, form: TableForm, layout: FileLayout) -> str | None:
    """The delimiter with which no column would be missing."""
    try:
        other = open_table(stream, name, replace(form, delimiter=None))
    except InvalidInput:
        return None
    delimiter = getattr(other, "delimiter", None)
    return delimiter if delimiter != form.delimiter and not _missing(_spelt(other, layout.named), layout) else None


def _bad_header(columns: Sequence[str], table: Table, fitting: str | None) -> Problem:
    hint = f"The file has: {', '.join(table.columns)}"
    if fitting is not None:
        hint = f"{fitting!r} stands between them: say `delimiter: {dumps(fitting)}` of these files in migration.yaml"
    return Problem("not every column is there", "bad_header", table.name, 1, ", ".join(columns), hint)


def _spelt(table: Table, named: Collection[str]) -> Table:
    """With the columns that are named in other capitals under these names, unless two might be meant."""
    written, meant = Counter(map(str.casefold, table.columns)), defaultdict[str, list[str]](list)
    for name in named:
        meant[name.casefold()].append(name)
    names = {
        column: meant[letters][0]
        for column in table.columns
        if column not in named and written[letters := column.casefold()] == len(meant[letters]) == 1
    }
    return _Respelt(table, names) if names else table


class _Respelt:
    """A table under other names of its columns."""

    def __init__(self, table: Table, names: Mapping[str, str]) -> None:
        self.name, self.encoding, self.sha256 = table.name, table.encoding, table.sha256
        self.columns = tuple(names.get(column, column) for column in table.columns)
        self._table, self._names = table, names

    def rows(self) -> Iterator[Row | BadRow]:
        """See `hub.tables.rows.Table`."""
        for row in self._table.rows():
            if isinstance(row, BadRow):
                yield row
            else:
                yield Row(row.line, {self._names.get(column, column): text for column, text in row.values.items()})


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
