"""The folder of an export as source records. Reads all files before it gives any, so that nothing is half taken."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import instant_of
from hub.connectors.legacy_export.layout import FILES, FileLayout
from hub.connectors.legacy_export.rows import read_rows
from hub.errors import InvalidInput, Problem
from hub.mapping.codecs.formats import date_reader, time_reader
from hub.ports import Page
from hub.sync.export import ExportFile
from hub.tables import Row

DATES = ("%Y-%m-%d", "%m/%d/%Y", "%d-%b-%Y")
TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p")
"""The ways in which such exports write the moment of a change."""


class LegacyExportSource:
    """Reads one folder."""

    def __init__(self, folder: Path, system: str, zone: ZoneInfo) -> None:
        self.system = system
        self._folder = folder
        self._zone = zone
        self._day_of = date_reader(DATES)
        self._time_of = time_reader(TIMES)

    def read_files(self) -> tuple[ExportFile, ...]:
        """Every file, clients, services and staff before the visits that name them.

        Raises:
            InvalidInput: with what is wrong in every file that has something wrong.
        """
        files: list[ExportFile] = []
        problems: list[Problem] = []
        for layout in FILES:
            try:
                files += self._file(layout)
            except InvalidInput as error:
                problems += error.problems
        if problems:
            raise InvalidInput(*problems)
        return tuple(files)

    def fetch(self, kind: Kind, record_id: str) -> Page | None:  # noqa: ARG002
        """See the port: files are read whole."""
        return None

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """As `hub.ports.Source.read`: one page, the cursor is the file's hash, and an unchanged file gives no rows.

        Raises:
            InvalidInput: as `read_files`.
        """
        for file in self.read_files():
            if file.kind is kind:
                yield Page(() if file.sha256 == cursor else file.records, file.sha256)

    def _file(self, layout: FileLayout) -> list[ExportFile]:
        path = self._folder / layout.name
        try:
            with path.open("rb") as stream:
                sha256, rows = read_rows(stream, layout)
        except FileNotFoundError:
            if layout.optional and self._folder.is_dir():
                return []
            hint = "The key 'folder' of the connection says where the export lies"
            raise InvalidInput(Problem("the file is not there", "missing_file", str(path), hint=hint)) from None
        except OSError as error:
            raise InvalidInput(Problem(f"cannot be read: {error.strerror}", "missing_file", str(path))) from None
        records = tuple(self._record(row, layout) for row in rows)
        return [ExportFile(layout.name, layout.kind, sha256, records)]

    def _record(self, row: Row, layout: FileLayout) -> SourceRecord:
        key = "/".join(row.values[column].strip() for column in layout.key)
        version = row.values[layout.modified].strip() if layout.modified else None
        return SourceRecord(
            SourceRef(self.system, layout.kind, key),
            row.values,
            version=version or None,
            modified_at=self._instant(version),
            file=layout.name,
            line=row.line,
        )

    def _instant(self, text: str | None) -> datetime | None:
        """When a version was written; None where that cannot be read, which counts as before all others."""
        day, _, clock = (text or "").strip().partition(" ")
        on, at = self._day_of(day), self._time_of(clock.strip() or "00:00")
        return instant_of(datetime.combine(on, at), self._zone) if on and at else None
