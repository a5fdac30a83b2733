"""JSON Lines into rows: an object a line, what lies inside it as columns such as `name[0].given[1]`."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from hub.errors import InvalidInput, Problem
from hub.tables.form import MOST_COLUMNS, TableForm
from hub.tables.header import changed, without_end
from hub.tables.lines import Lines
from hub.tables.rows import BadRow, Row
from hub.tables.survey import find_encoding, find_sha256


class JsonLinesTable:
    """A file of objects. Its columns are those of all its lines, so it is read once before its rows are."""

    def __init__(self, stream: BinaryIO, name: str, form: TableForm) -> None:
        self.name = name
        self._stream = stream
        self._form = form
        self.sha256 = find_sha256(stream)
        self.encoding = find_encoding(stream, TableForm())
        self.columns = self._find_columns()

    def rows(self) -> Iterator[Row | BadRow]:
        """See `hub.tables.rows.Table`. Numbers are told as they are written, and null as nothing."""
        nothing = dict.fromkeys(self.columns, "")
        for row in self._read():
            yield Row(row.line, nothing | row.values) if isinstance(row, Row) else row

    def _find_columns(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for row in self._read():
            if isinstance(row, Row):
                found |= dict.fromkeys(row.values)
            if len(found) > MOST_COLUMNS:
                message = f"the file has more than {MOST_COLUMNS:,} columns"
                hint = "Its objects are not alike, or a list in them has no end: export fewer fields"
                raise InvalidInput(Problem(message, "too_many_columns", self.name, row.line, hint=hint))
        if not found:
            raise InvalidInput(Problem("the file holds no object", "bad_header", self.name, hint="Export it again"))
        return tuple(found)

    def _read(self) -> Iterator[Row | BadRow]:
        lines = Lines(self._stream, self.encoding, self.name)
        for text in lines:
            lines.row_length = 0
            if lines.flaw is not None:
                yield BadRow(lines.count, lines.flaw)
                lines.flaw = None
            elif text.strip():
                yield self._row(lines.count, text)
        if lines.sha256 != self.sha256:
            raise changed(self.name)
        if self._form.ends_with_newline and not lines.has_last_end:
            raise without_end(self.name, lines.count)

    def _row(self, line: int, text: str) -> Row | BadRow:
        try:
            told = json.loads(text, object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=_refuse)
            if not isinstance(told, dict):
                raise ValueError  # noqa: TRY301, TRY004 - one message for all that is no object
            values = dict(_flat("", told))
        except (ValueError, RecursionError):
            hint = "Every line is one JSON object, in which no key stands twice"
            return BadRow(line, Problem("the line is no JSON object", "bad_json", self.name, line, hint=hint))
        if any("\0" in value or (not value.isascii() and not _is_text(value)) for value in values.values()):
            hint = "Export it again"
            return BadRow(line, Problem("the row holds what is no text", "nul_byte", self.name, line, hint=hint))
        return Row(line, values)


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _flat(f"{path}[{place}]", inner)
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    else:
        yield path, "" if value is None else value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _is_text(value: str) -> bool:
    """A lone surrogate is none."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
