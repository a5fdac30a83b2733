"""What is read: rows, and rows that cannot be taken."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from hub.errors import Problem


class Row(NamedTuple):
    """A row as column → text, unchanged."""

    line: int
    """On which it starts, counted from 1, the header among them; of a sheet the row's number."""
    values: dict[str, str]


class BadRow(NamedTuple):
    """A row that is there and cannot be trusted."""

    line: int
    problem: Problem
    """With file and line; its code is `wrong_encoding`, `nul_byte`, `bad_csv`, `bad_json` or `formula_cell`."""
    fields: tuple[str, ...] = ()
    """What was told apart of it, bytes that mean nothing replaced. Personal."""


class Table(Protocol):
    """One file, or one sheet of it."""

    name: str
    columns: tuple[str, ...]
    encoding: str
    """As Python names it; `xlsx` of a workbook."""
    sha256: str
    """Of the bytes when the table was opened."""

    def rows(self) -> Iterator[Row | BadRow]:
        """From the first to the last; each call begins anew. Blank lines are passed over, and counted.

        Raises:
            InvalidInput: from here on no row can be told from another, or the file is not what it was when opened:
                what was read before must be forgotten too.
        """
        ...
