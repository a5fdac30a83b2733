"""One sheet of an XLSX workbook into rows: as a stream, bounded, nothing evaluated, nothing outside it opened."""

import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import count, pairwise
from typing import Any, BinaryIO

from hub.errors import InvalidInput, Problem
from hub.tables.form import LONGEST_ROW, TableForm
from hub.tables.header import changed, columns_of, wrong_width
from hub.tables.rows import BadRow, Row
from hub.tables.survey import find_sha256

MOST_ROWS = 1_048_576
"""As many as a spreadsheet has."""
MOST_UNPACKED = 1 << 30
MOST_SHARED = 1 << 28
"""Of the parts that are read whole: the texts that cells share, styles, names."""
MOST_PARTS = 10_000
_TELLING_SIZE, _BOMB = 1 << 23, 200
"""A part of this size that unpacks to so many times its bytes is no export."""
_PROLOGUE = 4096
_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, KeyError, IndexError, ValueError,
    TypeError, AttributeError, OverflowError, SyntaxError, NotImplementedError, RuntimeError, AssertionError, OSError,
)  # fmt: skip
"""What zipfile, the XML parser and openpyxl raise on files that are not what they should be."""


class WorkbookTable:
    """A sheet."""

    encoding = "xlsx"

    def __init__(self, stream: BinaryIO, name: str, form: TableForm) -> None:
        self.name = name
        self._stream = stream
        self._form = form
        self.sha256 = find_sha256(stream)
        self._refuse_bomb()
        header: list[str] = []
        if form.header_line:
            numbered = (cells for line, cells in self._cells() if line == form.header_line)
            header = [_text(cell.value) for cell in next(numbered, ())]
        while header and not header[-1].strip():
            header.pop()
        self.columns = columns_of(header, form, name)

    def rows(self) -> Iterator[Row | BadRow]:
        """See `hub.tables.rows.Table`."""
        columns, width = self.columns, len(self.columns)
        for line, cells in self._cells():
            if line <= self._form.header_line:
                continue
            fields = [_text(cell.value) for cell in cells]
            while len(fields) > width and not fields[-1]:
                fields.pop()
            if not any(fields):
                continue
            if any(cell.data_type == "f" for cell in cells[:width]):
                yield BadRow(line, self._formula(line))
            elif len(fields) > width or sum(map(len, fields)) > LONGEST_ROW:
                yield BadRow(line, wrong_width(len(fields), width, self.name, line), tuple(fields[:width]))
            else:
                fields += [""] * (width - len(fields))
                yield Row(line, dict(zip(columns, fields, strict=True)))
        if find_sha256(self._stream) != self.sha256:
            raise changed(self.name)

    def _cells(self) -> Iterator[tuple[int, Any]]:
        with self._sheet() as sheet:
            rows = iter(sheet.iter_rows())
            for line in count(1):
                try:
                    with _quiet():
                        cells = next(rows, None)
                except _BROKEN as error:
                    raise self._unsound(error) from None
                if cells is None:
                    return
                if line > MOST_ROWS:
                    raise self._refusal("a sheet has more rows than a spreadsheet can hold", "too_large")
                yield line, cells

    @contextmanager
    def _sheet(self) -> Iterator[Any]:
        from openpyxl import load_workbook  # noqa: PLC0415 - takes a third of a second, and most files are CSV

        self._stream.seek(0)
        try:
            with _quiet():
                book = load_workbook(self._stream, read_only=True, data_only=False, keep_links=False)
            names = [sheet.title for sheet in book.worksheets]
        except _BROKEN as error:
            raise self._unsound(error) from None
        try:
            wanted = self._form.sheet or (names[0] if names else "")
            if wanted not in names:
                raise self._refusal(f"there is no sheet {wanted!r}", "no_sheet", f"There are: {', '.join(names)}")
            sheet: Any = book[wanted]
            sheet.reset_dimensions()  # what it says of its own size is not to be trusted
            yield sheet
        finally:
            book.close()

    def _refuse_bomb(self) -> None:
        """By the sizes that the archive declares: zipfile reads no part beyond them."""
        self._stream.seek(0)
        try:
            with zipfile.ZipFile(self._stream) as archive:
                parts = archive.infolist()
                if any(_declares(archive, one) for one in parts[:MOST_PARTS] if one.filename.endswith(".xml")):
                    raise self._refusal("a part of this workbook declares XML entities")
        except _BROKEN as error:
            raise self._unsound(error) from None
        whole = [one for one in parts if not one.filename.startswith("xl/worksheets/")]
        packed = any(one.file_size > _TELLING_SIZE and one.file_size > _BOMB * one.compress_size for one in parts)
        places = sorted((one.header_offset, one.compress_size) for one in parts)
        overlaps = any(start + size > following for (start, size), (following, _) in pairwise(places))
        too_much = sum(one.file_size for one in parts) > MOST_UNPACKED or len(parts) > MOST_PARTS
        if packed or overlaps or too_much or sum(one.file_size for one in whole) > MOST_SHARED:
            hint = f"It would unpack to more than {MOST_UNPACKED >> 20} MiB, or holds far too little for its size"
            raise self._refusal("this workbook unpacks to more than is borne", "zip_bomb", hint)
        if "[Content_Types].xml" not in {one.filename for one in parts}:
            raise self._refusal("this is a ZIP archive, not a table", hint="Unpack it first")

    def _formula(self, line: int) -> Problem:
        hint = "Formulas are not evaluated: paste the sheet's values, or export it as CSV"
        return Problem("a cell of the row holds a formula", "formula_cell", self.name, line, hint=hint)

    def _unsound(self, error: Exception) -> InvalidInput:
        return self._refusal(f"not a sound workbook ({type(error).__name__})")

    def _refusal(self, message: str, code: str = "not_a_table", hint: str | None = None) -> InvalidInput:
        return InvalidInput(Problem(message, code, self.name, hint=hint or "Export it again, or save it as CSV"))


def _declares(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether entities may grow in it; no spreadsheet writes such parts."""
    with archive.open(part) as opened:
        start = opened.read(_PROLOGUE)
    return b"<!DOCTYPE" in start or b"<!ENTITY" in start


@contextmanager
def _quiet() -> Iterator[None]:
    """Without openpyxl's warnings, which quote what stands in cells."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _text(value: Any) -> str:
    """As CSV would have it: ISO dates and times, whole numbers without a point."""
    match value:
        case None:
            return ""
        case str():
            return value.replace("\0", "")
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "seconds")
        case date() | time():
            return value.isoformat()
    return str(value)
