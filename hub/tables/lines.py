"""Bytes into lines of text: bounded, hashed on the way, and with a note of what is wrong in them."""

import hashlib
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from hub.errors import InvalidInput, Problem
from hub.tables.form import LONGEST_LINE, LONGEST_ROW

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_AT_ONCE = 1 << 18
_UNDECODED = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of bytes that mean nothing in an encoding."""


class _Hashed(io.RawIOBase):
    """Reads through to a stream, which stays open, and hashes what it reads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        read = self._stream.read(len(memoryview(buffer)))
        memoryview(buffer)[: len(read)] = read
        self.digest.update(read)
        return len(read)


class Lines:
    """The lines of a stream from its beginning, with their ends."""

    def __init__(self, stream: BinaryIO, encoding: str, name: str) -> None:
        stream.seek(0)
        self._hashed = _Hashed(stream)
        self._encoding = encoding
        self._name = name
        self.count = 0
        self.row_length = 0
        """Characters since the reader set it to 0 last."""
        self.flaw: Problem | None = None
        """The first thing that is wrong since the reader set it to None last."""
        self.has_last_end = True
        """Whether the line given last has an end."""

    @property
    def sha256(self) -> str:
        """Of what was read so far; at the end of everything."""
        return self._hashed.digest.hexdigest()

    def __iter__(self) -> Iterator[str]:
        """Each line once.

        Raises:
            InvalidInput: a line or a row is longer than is borne, or no text at all.
        """
        buffered = io.BufferedReader(self._hashed, _AT_ONCE)
        text = io.TextIOWrapper(buffered, self._encoding, errors="surrogateescape", newline="")
        try:
            while line := text.readline(LONGEST_LINE):
                self.count += 1
                self.row_length += len(line)
                self.has_last_end = line[-1] in "\r\n"
                if self.row_length > LONGEST_ROW or (len(line) == LONGEST_LINE and not self.has_last_end):
                    raise self._endless()
                if "\0" in line or not line.isascii():
                    self._look_at(line)
                yield line
        except UnicodeDecodeError:
            raise InvalidInput(self._not_text()) from None

    def _look_at(self, line: str) -> None:
        if self.flaw is not None:
            return
        if "\0" in line:
            hint = "Export it again; if the whole file is like this, its encoding is another one"
            self.flaw = Problem("the row holds a NUL byte", "nul_byte", self._name, self.count, hint=hint)
        elif _UNDECODED.search(line):
            self.flaw = self._not_text()

    def _not_text(self) -> Problem:
        wanted = name_of(self._encoding)
        hint = f"Export the file again, or save it, as {wanted}; or say which encoding it has"
        return Problem(f"the row is not {wanted}", "wrong_encoding", self._name, max(self.count, 1), hint=hint)

    def _endless(self) -> InvalidInput:
        message = f"a row is longer than {LONGEST_ROW >> 20} MiB, or its line than {LONGEST_LINE >> 20} MiB"
        hint = "The file is no table of this kind, or a quotation mark is never closed"
        return InvalidInput(Problem(message, "endless_line", self._name, self.count, hint=hint))


def readable(fields: list[str]) -> tuple[str, ...]:
    """Fields that can be stored: what is no text in them replaced."""
    return tuple(_UNDECODED.sub("\N{REPLACEMENT CHARACTER}", field).replace("\0", "") for field in fields)


def name_of(encoding: str) -> str:
    """As people call it."""
    return {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}.get(
        encoding, encoding
    )
