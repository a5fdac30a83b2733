"""A folder of tables as dated rows, one kind at a time, one row in memory at a time."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from hashlib import file_digest
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import instant_of
from hub.connectors.export_files.layout import FileLayout, Layout
from hub.connectors.export_files.rows import identified, open_rows
from hub.errors import InvalidInput, Problem
from hub.mapping.codecs.formats import KEPT, date_reader, time_reader
from hub.ports.migrations import BAD_ROW, DatedRow
from hub.tables import BadRow, Row


@dataclass(frozen=True)
class FilesSource:
    """Implements `hub.ports.migrations.HistorySource` for one folder."""

    folder: Path
    system: str
    zone: ZoneInfo
    layout: Layout

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Of which there are files."""
        return tuple(self.files)

    @cached_property
    def files(self) -> Mapping[Kind, tuple[Path, ...]]:
        """The files of each kind, in order of names.

        Raises:
            InvalidInput: there is no such folder; or with a problem for each file that must be there and is not.
        """
        hint = "--source names the folder of the export"
        if not self.folder.is_dir():
            what = "this is no folder" if self.folder.exists() else "this folder is not there"
            raise InvalidInput(Problem(what, "missing_file", str(self.folder), hint=hint))
        found = {kind: self._find(one.files) for kind, one in self.layout.records.items()}
        missing = [
            Problem("the file is not there", "missing_file", str(self.folder / one.files), hint=hint)
            for kind, one in self.layout.records.items()
            if not found[kind] and not one.optional
        ]
        if missing:
            raise InvalidInput(*missing)
        return {kind: paths for kind, paths in found.items() if paths}

    def _find(self, pattern: str) -> tuple[Path, ...]:
        """By name; where there is none, also by one that is written with other capitals."""
        if exact := sorted(self.folder.glob(pattern)):
            return tuple(exact)
        paths = sorted(self.folder.iterdir())
        return tuple(path for path in paths if fnmatchcase(path.name.lower(), pattern.lower()))

    def hashes(self, kind: Kind) -> dict[str, str]:
        """File name → SHA-256 of its bytes."""
        found = {}
        for path in self.files[kind]:
            with _reading(path), path.open("rb") as stream:
                found[path.name] = file_digest(stream, "sha256").hexdigest()
        return found

    def columns(self, kind: Kind) -> tuple[str, ...]:
        """Those of all files of a kind, in order of first appearance."""
        found: dict[str, None] = {}
        for path in self.files[kind]:
            with _reading(path), path.open("rb") as stream:
                found |= dict.fromkeys(open_rows(stream, path.name, self.layout.records[kind]).columns)
        return tuple(found)

    def read(self, kind: Kind) -> Iterator[DatedRow]:
        """Every row of a kind's files, in their order.

        Raises:
            InvalidInput: it is no table, or from some line on no row can be told from another.
        """
        layout = self.layout.records[kind]
        for path in self.files[kind]:
            file = path.name
            with _reading(path), path.open("rb") as stream:
                for row, key in identified(open_rows(stream, file, layout), layout):
                    ref = SourceRef(self.system, kind, key)
                    yield _bad(row, ref, file) if isinstance(row, BadRow) else self._dated(row, ref, file, layout)

    def _dated(self, row: Row, ref: SourceRef, file: str, layout: FileLayout) -> DatedRow:
        line, values = row
        version = values[layout.modified].strip() or None if layout.modified else None
        modified_at = self._instant(version) if version else None
        month = self._month_of(values[layout.month]) if layout.month else ""
        return DatedRow(SourceRecord(ref, values, version, modified_at, file, line), month)

    @cached_property
    def _day_of(self) -> Callable[[str], date | None]:
        return date_reader(self.layout.dates)

    @cached_property
    def _time_of(self) -> Callable[[str], time | None]:
        return time_reader(self.layout.times)

    @cached_property
    def _month_of(self) -> Callable[[str], str]:
        """Of a day; empty where that cannot be read."""

        @lru_cache(KEPT)
        def month_of(text: str) -> str:
            day = self._day_of(text.strip())
            return f"{day:%Y-%m}" if day else ""

        return month_of

    def _instant(self, text: str) -> datetime | None:
        """When a version was written; None where that cannot be read, which counts as before all others."""
        day, _, clock = text.partition(" ")
        on, at = self._day_of(day), self._time_of(clock.strip() or "00:00")
        return instant_of(datetime.combine(on, at), self.zone) if on and at else None


def _bad(row: BadRow, ref: SourceRef, file: str) -> DatedRow:
    """A row that cannot be trusted, with why."""
    fields = {str(place): text for place, text in enumerate(row.fields, start=1)}
    return DatedRow(SourceRecord(ref, {**fields, BAD_ROW: row.problem.code}, file=file, line=row.line), "")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """A pipe or a device might be read for ever."""
    if path.exists() and not path.is_file():
        raise InvalidInput(
            Problem("this is no plain file", "missing_file", str(path), hint="Copy the export's file here")
        )
    try:
        yield
    except OSError as error:
        raise InvalidInput(Problem(f"cannot be read: {error.strerror}", "missing_file", str(path))) from None
