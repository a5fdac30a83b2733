"""CSV and its kin into rows."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from hub.errors import InvalidInput, Problem
from hub.tables.form import TableForm
from hub.tables.header import changed, columns_of, without_end, wrong_width
from hub.tables.lines import Lines, readable
from hub.tables.rows import BadRow, Row
from hub.tables.survey import find_delimiter, find_encoding, find_sha256


class DelimitedTable:
    """A file of delimited text."""

    def __init__(self, stream: BinaryIO, name: str, form: TableForm) -> None:
        self.name = name
        self._stream = stream
        self._form = form
        self.sha256 = find_sha256(stream)
        self.encoding = find_encoding(stream, form)
        self.delimiter = form.delimiter or find_delimiter(stream, self.encoding, form)
        self.columns = columns_of(self._header(), form, name)

    def _header(self) -> list[str]:
        if self._form.header_line == 0:
            return []
        lines = Lines(self._stream, self.encoding, self.name)
        _, fields = next(self._parsed(lines), (1, []))
        if isinstance(fields, Problem):
            raise InvalidInput(fields)
        if lines.flaw is not None:
            raise InvalidInput(lines.flaw)
        return fields

    def rows(self) -> Iterator[Row | BadRow]:
        """See `hub.tables.rows.Table`."""
        lines = Lines(self._stream, self.encoding, self.name)
        parsed = self._parsed(lines)
        if self._form.header_line:
            next(parsed, None)
        columns, width, last = self.columns, len(self.columns), 1
        for start, fields in parsed:
            last = start
            if lines.flaw is None and isinstance(fields, list) and len(fields) == width:
                yield Row(start, dict(zip(columns, fields, strict=True)))
            else:
                yield self._bad(start, fields, lines.flaw)
                lines.flaw = None
            lines.row_length = 0
        if lines.sha256 != self.sha256:
            raise changed(self.name)
        if self._form.ends_with_newline and not lines.has_last_end:
            raise without_end(self.name, last)

    def _bad(self, line: int, fields: list[str] | Problem, flaw: Problem | None) -> BadRow:
        if isinstance(fields, Problem):
            return BadRow(line, fields)
        return BadRow(line, flaw or wrong_width(len(fields), len(self.columns), self.name, line), readable(fields))

    def _parsed(self, lines: Lines) -> Iterator[tuple[int, list[str] | Problem]]:
        """Lines that hold something, from the header's on, each with the number of the line it starts on."""
        feed = iter(lines)
        for _ in range(self._form.header_line - 1):
            next(feed, None)
        above = max(self._form.header_line - 1, 0)
        reader = csv.reader(feed, delimiter=self.delimiter, strict=True)
        start = above + 1
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield start, self._unparsed(error, start, above + reader.line_num)
            else:
                if not _is_blank(fields):
                    yield start, fields
            start = above + reader.line_num + 1

    def _unparsed(self, error: csv.Error, start: int, end: int) -> Problem:
        """A row of one line is given up alone; after a broken one of several nobody knows where the next one starts."""
        if "unexpected end" in str(error):
            hint = "The file looks cut off: export it again"
            raise InvalidInput(Problem("a quoted field is never closed", "cut_off", self.name, start, hint=hint))
        problem = Problem(
            f"not valid CSV: {error}", "bad_csv", self.name, start, hint="Look for a stray quotation mark in this row"
        )
        if end > start:
            raise InvalidInput(problem)
        return problem


def _is_blank(fields: list[str]) -> bool:
    """Of a line with nothing on it, or nothing but blanks."""
    return not fields or (len(fields) == 1 and fields[0] != "" and not fields[0].strip(" \t"))
