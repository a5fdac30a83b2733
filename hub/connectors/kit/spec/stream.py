"""A stream: one kind of record of one system."""

from collections.abc import Iterator
from enum import StrEnum

from hub.connectors.kit.spec.declared import Declared, Wrong, within
from hub.connectors.kit.spec.drift import Drift
from hub.connectors.kit.spec.reading import One, Reading
from hub.connectors.kit.spec.sees import Sees
from hub.connectors.kit.spec.tabular import Files, Table
from hub.connectors.kit.spec.writing import Writing
from hub.mapping.paths import BadPath, parse_place


class StreamDirection(StrEnum):
    """Which way records of a stream move."""

    BOTH = "both"
    PULL = "pull"
    PUSH = "push"


class Stream(Declared):
    """How one kind of record is read and written. What its connector knows by itself is not said here."""

    direction: StreamDirection | None = None
    """Without it: what `read` and `write` say; with neither of them, it is pulled."""
    read: Reading | None = None
    one: One | None = None
    """How a single record is read: before it is changed, after an answer without it, when a webhook names it."""
    hub_id: str | None = None
    """Where the system keeps the hub's own id of a record (a path, of rows a column): it is written there, and known by
    it when it comes back.
    """
    write: Writing | None = None
    files: Files | None = None
    """Of `connector: files`, instead of `read`, `one` and `write`."""
    table: Table | None = None
    """Of `connector: sql`, likewise."""
    sees: Sees = Sees()
    drift: Drift | None = None

    @property
    def has_read(self) -> bool:
        """Whether it says how it is read."""
        return any(
            block is not None for block in (self.read, self.files and self.files.read, self.table and self.table.read)
        )

    @property
    def has_write(self) -> bool:
        """Whether it says how it is written."""
        return any(
            block is not None
            for block in (self.write, self.files and self.files.write, self.table and self.table.write)
        )

    @property
    def is_pulled(self) -> bool:
        """Whether records come from there."""
        if self.direction is None:
            return self.has_read or not self.has_write
        return self.direction is not StreamDirection.PUSH

    @property
    def is_pushed(self) -> bool:
        """Whether records go there."""
        if self.direction is None:
            return self.has_write
        return self.direction is not StreamDirection.PULL

    def find_problems(self) -> Iterator[Wrong]:
        """Those of its blocks."""
        yield from within(("read",), self.read)
        yield from within(("one",), self.one)
        yield from within(("write",), self.write)
        yield from within(("files",), self.files)
        yield from within(("table",), self.table)
        if self.hub_id is not None and self.files is None and self.table is None:
            yield from _of_path(self.hub_id)
        yield from within(("sees",), self.sees)
        yield from self._of_sees()

    def _of_sees(self) -> Iterator[Wrong]:
        """What `sees` and the reading say against each other."""
        sees = self.sees
        if self.read is not None and self.read.for_each is not None and sees.reads_again:
            message = "a stream with for_each is not read again"
            yield ("sees",), message, "Remove 'horizon' and 'sweep'; without 'since' it is read whole each time"
        for name in ("horizon", "sweep", "removed"):
            if getattr(sees, name) is not None and not self.is_pulled:
                yield ("sees", name), "the stream is not pulled", "Remove it, or say direction: both"
        if sees.deletions is not None and self.read is not None and self.read.deleted is not None:
            yield ("sees", "deletions"), "'deleted' of the reading sees deletions", "Remove one of the two"


def _of_path(text: str) -> Iterator[Wrong]:
    try:
        parse_place(text)
    except BadPath as error:
        yield ("hub_id",), f"not a path: {error}", None
