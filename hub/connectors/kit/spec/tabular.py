"""How records stand in the rows of files and of database tables."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from pydantic import Field

from hub.connectors.kit.spec.declared import Declared, Duration, OneOrMore, Wrong, within
from hub.connectors.kit.spec.secrets import Secret, Setting


class ColumnMark(Declared):
    """A value in a column that says something about all of a row."""

    column: str
    equals: OneOrMore[str | int | bool] = (True,)
    """One value or several; compared as text."""


class RowReading(Declared):
    """What is common to rows, wherever they stand. Everything is named by its column."""

    id: OneOrMore[str] = Field(min_length=1)
    """Of several columns together, divided by `/`."""
    modified: str | None = None
    """When a row was changed last."""
    version: str | None = None
    """Without it, `modified` is one."""
    deleted: ColumnMark | None = None
    """How a row says that it is gone."""


class FileReading(RowReading):
    """Which files hold the rows of a stream, and how they are written."""

    names: str
    """A glob: `clients_*.csv`. Files are taken in the order of their names."""
    folder: str = ""
    """Below the connection's."""
    contains: Literal["everything", "changes"] = "everything"
    """`everything`: only the newest file counts, and what is not in it is gone; `changes`: each file is read once."""
    done: str | None = None
    """The name of the mark beside a file that is whole: `{name}.done`."""
    quiet: Duration | None = None
    """For files without a mark: one counts as whole when it was the same in two looks that are so far apart."""
    modified_formats: OneOrMore[str] = ()
    """`%m/%d/%Y %H:%M`; without them ISO. Wall times are the connection's zone's."""
    encoding: OneOrMore[str] = ("utf-8",)
    """The first in which the whole file can be read."""
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    """Without it, the one that fits."""
    header_line: int = Field(default=1, ge=0, le=100)
    """0: the file has none."""
    columns: tuple[str, ...] = ()
    """Names instead of the header's."""
    sheet: str | None = None
    """Of a workbook; without it the first."""

    def find_problems(self) -> Iterator[Wrong]:
        """Places outside the folder, and files without names for their columns."""
        for key, text in {"names": self.names, "folder": self.folder, "done": self.done or ""}.items():
            if ".." in text or text.startswith("/") or (key != "folder" and "/" in text):
                yield (key,), "this leads out of the folder", "Name it without / and .."
        if self.done is not None and "{name}" not in self.done:
            yield ("done",), "one mark for all files says nothing of each", "Write it with {name}: {name}.done"
        if self.header_line == 0 and not self.columns:
            yield ("columns",), "the columns have no names", "Add 'columns', in order"


class FileWriting(Declared):
    """Where rows for the other system are left: one new CSV a push, whole or not there."""

    folder: str = ""
    """Below the connection's."""
    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    """What its file's name begins with: `clients` makes `clients-20260105T160000Z-1f0c.csv`."""
    columns: tuple[str, ...] = Field(min_length=1)
    """In order; what the mapping writes into others is left out."""
    key_column: str | None = None
    """The same value for each try of one write, for receivers that drop what they have."""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    encoding: str = "utf-8"

    def find_problems(self) -> Iterator[Wrong]:
        """A place outside the folder."""
        if ".." in self.folder or self.folder.startswith("/"):
            yield ("folder",), "this leads out of the folder", "Name it without .."


class Files(Declared):
    """One stream in files."""

    read: FileReading | None = None
    write: FileWriting | None = None

    def find_problems(self) -> Iterator[Wrong]:
        """Those of its blocks."""
        yield from within(("read",), self.read)
        yield from within(("write",), self.write)


class Sftp(Declared):
    """A folder on another machine."""

    host: str
    port: int = Field(default=22, ge=1, le=65535)
    user: Setting
    password: Secret | None = None
    key: Secret | None = None
    """A private key as OpenSSH writes it."""
    host_key: Setting
    """The server's, as `ssh-keyscan` prints it: `ssh-ed25519 AAAA…`. Any other server is refused."""
    folder: str = "."

    def find_problems(self) -> Iterator[Wrong]:
        """Nothing to sign in with, or two things."""
        if (self.password is None) == (self.key is None):
            yield (), "one thing signs in", "Add 'password' or 'key'"


class TableReading(RowReading):
    """Which rows of a database hold the records of a stream."""

    table: str | None = None
    """Also a view; `schema.table`."""
    query: str | None = None
    """A SELECT instead, without ORDER BY."""
    size: int = Field(default=1_000, ge=1, le=10_000)
    """Rows a page; pages go on after the last id."""
    overlap: Duration = timedelta(minutes=2)
    """How late a row may appear after the moment that it says it was modified: longer than the longest transaction."""

    def find_problems(self) -> Iterator[Wrong]:
        """Neither, or both."""
        if (self.table is None) == (self.query is None):
            yield (), "rows come from one place", "Add 'table' or 'query'"


class TableWriting(Declared):
    """Which table takes the records, and which of its columns."""

    table: str
    columns: tuple[str, ...] = Field(min_length=1)
    """What the hub may write; a mapping that writes another is refused."""


class Table(Declared):
    """One stream in a database."""

    read: TableReading | None = None
    write: TableWriting | None = None

    def find_problems(self) -> Iterator[Wrong]:
        """Those of its blocks; a table that is written blindly."""
        yield from within(("read",), self.read)
        if self.write is not None and self.read is None:
            yield ("read",), "rows are written, and how they are known is not said", "Add 'read' with the id's column"
