"""Rows into CSV that a spreadsheet may open without harm."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO

from hub.errors import InvalidInput, Problem

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9][0-9 ().,/-]*")
"""Amounts and phone numbers: `-5.00` and `+1 512 555 0100` call nothing."""


def escaped(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would take it for a formula."""
    is_formula = text.startswith(_STARTS_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def write_csv(
    stream: BinaryIO,
    columns: Sequence[str],
    rows: Iterable[Mapping[str, str]],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> int:
    """Header and rows, escaped; gives how many rows. A column that a row has not is left empty. The stream stays open.

    Raises:
        InvalidInput: a character has no place in the encoding.
    """
    text = io.TextIOWrapper(stream, encoding, newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    count = 0
    try:
        writer.writerow([escaped(name) for name in columns])
        for row in rows:
            writer.writerow([escaped(row.get(name, "")) for name in columns])
            count += 1
        text.flush()
    except UnicodeEncodeError:
        message = f"a character of row {count + 1} cannot be written in {encoding}"
        raise InvalidInput(Problem(message, "wrong_encoding", hint="Say encoding: utf-8, or change the text")) from None
    finally:
        text.detach()
    return count
