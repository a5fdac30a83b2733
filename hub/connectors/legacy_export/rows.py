"""One CSV file into rows, each with the line it starts on, or one clear message about what is wrong with the file."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from hub.connectors.legacy_export.layout import FileLayout
from hub.errors import InvalidInput, Problem


@dataclass(frozen=True, slots=True)
class Row:
    """A row as column → text, unchanged."""

    line: int
    """On which it starts, counted from 1; the header stands on 1."""
    values: dict[str, str]


def read_rows(content: bytes, layout: FileLayout) -> tuple[Row, ...]:
    """All rows of a file.

    Raises:
        InvalidInput: wrong encoding, header, quoting, number of fields, a missing id, or a last line that is cut off.
    """
    text = _decoded(content, layout)
    lines = _parsed(text, layout)
    header = _header(next(lines, (1, [])), layout)
    rows = tuple(_row(line, fields, header, layout) for line, fields in lines)
    if not text.endswith(("\n", "\r")):
        raise _cut_off(layout, rows[-1].line if rows else 1, "the last line has no end")
    return rows


def _decoded(content: bytes, layout: FileLayout) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not layout.windows_1252:
            raise _wrong_encoding(content, error.start, layout, "UTF-8") from None
        text = _from_windows(content, layout)
    if "\0" in text:
        raise _wrong_encoding(content, content.index(b"\0"), layout, "UTF-8")
    return text


def _from_windows(content: bytes, layout: FileLayout) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _wrong_encoding(content, error.start, layout, "UTF-8 or Windows-1252") from None


def _wrong_encoding(content: bytes, offset: int, layout: FileLayout, wanted: str) -> InvalidInput:
    line = content.count(b"\n", 0, offset) + 1
    hint = f"Export it again, or save it, as {wanted.split(' or ', maxsplit=1)[0]}"
    return InvalidInput(Problem(f"the file is not {wanted}", "wrong_encoding", layout.name, line, hint=hint))


def _parsed(text: str, layout: FileLayout) -> Iterator[tuple[int, list[str]]]:
    """Lines that hold something, with the number of the line each starts on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise _cut_off(layout, start, "a quoted field is never closed") from None
            hint = "Look for a stray quotation mark in this row"
            raise InvalidInput(Problem(f"not valid CSV: {error}", "bad_csv", layout.name, start, hint=hint)) from None
        if fields:
            yield start, fields
        start = reader.line_num + 1


def _header(first: tuple[int, list[str]], layout: FileLayout) -> list[str]:
    line, fields = first
    header = [name.strip() for name in fields]
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    problems = [_wrong_header(line, layout, name, f"the column {name!r} stands twice", "Keep one") for name in twice]
    known = f"The file has: {', '.join(header) or 'nothing'}"
    problems += [
        _wrong_header(line, layout, name, f"the column {name!r} is missing", known)
        for name in layout.columns
        if name not in header
    ]
    if problems:
        raise InvalidInput(*problems)
    return header


def _wrong_header(line: int, layout: FileLayout, column: str, message: str, hint: str) -> Problem:
    return Problem(message, "bad_header", layout.name, line, column, hint)


def _row(line: int, fields: list[str], header: list[str], layout: FileLayout) -> Row:
    if len(fields) != len(header):
        message = f"the row has {len(fields)} fields, the header {len(header)}"
        hint = (
            "If it is the last row, the file is cut off: export it again. Else look for a stray comma or quotation mark"
        )
        raise InvalidInput(Problem(message, "bad_csv", layout.name, line, hint=hint))
    values = dict(zip(header, fields, strict=True))
    for column in layout.key:
        if not values[column].strip():
            raise InvalidInput(Problem("the row has no id", "missing_id", layout.name, line, column, "Give it one"))
    return Row(line, values)


def _cut_off(layout: FileLayout, line: int, message: str) -> InvalidInput:
    hint = "The file looks cut off: export it again"
    return InvalidInput(Problem(message, "cut_off", layout.name, line, hint=hint))
