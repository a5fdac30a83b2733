"""What has to be known of a file before its rows are read: its hash, its encoding, what divides its fields."""

import codecs
import csv
import hashlib
import re
from typing import BinaryIO

from hub.tables.form import DELIMITERS, LONGEST_LINE, TableForm

_AT_ONCE = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_FIRST_LINES = 20
_BEYOND_ASCII = re.compile("[^\0-\x7f\N{REPLACEMENT CHARACTER}]")


def find_sha256(stream: BinaryIO) -> str:
    """Of all of it."""
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(_AT_ONCE):
        digest.update(chunk)
    return digest.hexdigest()


def find_encoding(stream: BinaryIO, form: TableForm) -> str:
    """By its byte order mark; else the first of the form's in which all of it can be read; else the form's first.

    A file in which some bytes are UTF-8 beyond ASCII is UTF-8, if that comes first: its other bytes are broken.
    """
    stream.seek(0)
    start = stream.read(3)
    marked = next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), None)
    if marked is not None:
        return marked
    first, *others = form.encodings
    if not others or _is_all(stream, first) or (first == "utf-8" and _is_partly_utf8(stream)):
        return first
    return next((encoding for encoding in others if _is_all(stream, encoding)), first)


def _is_partly_utf8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    stream.seek(0)
    while chunk := stream.read(_AT_ONCE):
        if _BEYOND_ASCII.search(decoder.decode(chunk)):
            return True
    return False


def _is_all(stream: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    try:
        while chunk := stream.read(_AT_ONCE):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def find_delimiter(stream: BinaryIO, encoding: str, form: TableForm) -> str:
    """The one with which most of the first rows are as wide as the header, and the widest of those."""
    stream.seek(0)
    text = stream.read(LONGEST_LINE).decode(encoding, errors="replace")
    lines = text.splitlines()[max(form.header_line - 1, 0) :][:_FIRST_LINES]

    def fit(delimiter: str) -> tuple[bool, float, int]:
        try:
            widths = [len(fields) for fields in csv.reader(lines, delimiter=delimiter) if fields]
        except csv.Error:
            return False, 0, 0
        width = widths[0] if widths else 0
        return width > 1, widths.count(width) / max(len(widths), 1), width

    return max(DELIMITERS, key=fit)
