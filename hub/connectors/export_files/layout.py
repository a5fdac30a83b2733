"""Which file holds what: the part of `migration.yaml` that speaks of files."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub.canonical.ids import Kind
from hub.mapping.codecs.formats import date_reader, time_reader

Encoding = Literal["utf-8", "windows-1252", "latin-1"]


class FileLayout(BaseModel):
    """The files of one kind of record."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    files: str = Field(min_length=1)
    """A file's name, or a pattern such as `appointments*.csv`."""
    key: tuple[str, ...] = Field(min_length=1)
    """The columns that together are a row's id."""
    columns: tuple[str, ...] = ()
    """Those that must be there beside the key; a file may have more, in any order."""
    modified: str | None = None
    """The column that says when this version of the row was written, in wall time of the practice."""
    month: str | None = None
    """The column whose day divides the rows into batches; without it they are one."""
    encodings: tuple[Encoding, ...] = ("utf-8",)
    """Tried in this order."""
    delimiter: Literal[",", ";", "\t", "|"] | None = ","
    """Null: the one that fits the first lines best."""
    ends_with_newline: bool = True
    """False: the program that writes them leaves out the last line's end. Else such a file counts as cut off."""
    optional: bool = False
    """Whether the files may be absent."""
    dropped: dict[str, str] = {}
    """Columns that are not taken over, and why."""
    kept: tuple[str, ...] = ()
    """Columns that are kept as they came, in the landed row alone."""

    @property
    def named(self) -> frozenset[str]:
        """All columns that are named here; a file may write them in other capitals."""
        stamps = (one for one in (self.modified, self.month) if one is not None)
        return frozenset({*self.key, *self.columns, *self.dropped, *self.kept, *stamps})


class Layout(BaseModel):
    """All files of a system, and how they write days and times."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    dates: tuple[str, ...] = ("%Y-%m-%d", "%m/%d/%Y", "%d-%b-%Y")
    """In the `month` and `modified` columns; the mapping tables name their own."""
    times: tuple[str, ...] = ("%H:%M", "%H:%M:%S", "%I:%M %p")
    records: dict[Kind, FileLayout] = Field(min_length=1)
    """By the kind of record."""

    @field_validator("dates")
    @classmethod
    def _are_dates(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        date_reader(formats)
        return formats

    @field_validator("times")
    @classmethod
    def _are_times(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        time_reader(formats)
        return formats
