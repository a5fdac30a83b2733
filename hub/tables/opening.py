"""Which kind of file it is, by its first bytes and not by its name."""

import codecs
from typing import BinaryIO

from hub.errors import InvalidInput, Problem
from hub.tables.delimited import DelimitedTable
from hub.tables.form import TableForm
from hub.tables.json_lines import JsonLinesTable
from hub.tables.rows import Table
from hub.tables.workbook import WorkbookTable

_ZIP = b"PK\x03\x04"
_NOT_TABLES = {
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook, or one with a password", "Save it as .xlsx without a password"),
    b"\x1f\x8b": ("a compressed file", "Unpack it first"),
    b"%PDF": ("a PDF", "Export the data as CSV or XLSX"),
    b"PK\x05\x06": ("an empty archive", "Export it again"),
}


def open_table(stream: BinaryIO, name: str, form: TableForm | None = None) -> Table:
    """A file as a table; its header is read, its rows are not.

    Args:
        stream: seekable, and open as long as the table is read.
        name: as messages should name the file.
        form: how it is written; by default UTF-8 with commas and a header.

    Raises:
        InvalidInput: it is no table, its header is wrong, or it would unpack to more than is borne.
    """
    stream.seek(0)
    start = stream.read(4)
    for magic, (what, hint) in _NOT_TABLES.items():
        if start.startswith(magic):
            raise InvalidInput(Problem(f"this is {what}, not a table", "not_a_table", name, hint=hint))
    form = form or TableForm()
    if start == _ZIP:
        return WorkbookTable(stream, name, form)
    if start.removeprefix(codecs.BOM_UTF8).startswith(b"{"):
        return JsonLinesTable(stream, name, form)
    return DelimitedTable(stream, name, form)
