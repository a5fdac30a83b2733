"""How a file is written, as far as it is known; and how much of it is borne."""

from dataclasses import dataclass

MOST_COLUMNS = 16_384
"""As many as a spreadsheet has."""
LONGEST_LINE = 1 << 20
"""Characters of a line."""
LONGEST_ROW = 1 << 22
"""Characters of a row, whose quoted fields may run over many lines. One field holds 131,072, as Python's csv has it."""
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class TableForm:
    """How to read a file. The same form reads a workbook, to which only header, columns and sheet matter."""

    encodings: tuple[str, ...] = ("utf-8",)
    """The first of them in which the whole file can be read; where there is none, the first, and rows that hold other
    bytes are bad ones. A byte order mark decides before them, and so does, for UTF-8 as the first, any letter in it."""
    delimiter: str | None = ","
    """None: the one of `, ; tab |` that fits the first lines best."""
    header_line: int = 1
    """Where the columns' names stand, and above it nothing that counts; 0: nowhere."""
    columns: tuple[str, ...] = ()
    """Names instead of the header's, in order."""
    sheet: str | None = None
    """Of a workbook; without it the first one."""
    ends_with_newline: bool = False
    """A file whose last line has no end is one that was cut off."""


ANY_FORM = TableForm(encodings=("utf-8", "cp1252", "latin-1"), delimiter=None)
"""For a file that nobody has described yet."""
