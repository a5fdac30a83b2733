"""Files as a source: each row once, with the file and the line it stands on."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from posixpath import join
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.files.folders import HIDDEN, Entry, Folder
from hub.connectors.kit.engine.rows import RowTaker
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.spec.tabular import FileReading
from hub.errors import HubError, InvalidInput, NeedsAttention, Problem, RetryLater, only_reasons
from hub.ports import Page, Rejected
from hub.tables import BadRow, Row, TableForm, open_table

PAGE = 500


@dataclass(slots=True)
class _Place:
    """Which files were taken, and how far the one in hand is."""

    taken: dict[str, str] = field(default_factory=dict)
    """Name → mark, of files that still lie there."""
    file: str | None = None
    mark: str | None = None
    rows: int = 0
    growing: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Name → mark and since when, of files that may not be whole yet."""

    @classmethod
    def parse(cls, cursor: str | None) -> "_Place":
        try:
            held = json.loads(cursor) if cursor is not None else {}
            growing = {name: (str(mark), float(since)) for name, (mark, since) in held.get("growing", {}).items()}
            rows = int(held.get("rows", 0))
            return cls(dict(held.get("taken", {})), held.get("file"), held.get("mark"), rows, growing)
        except (ValueError, TypeError, AttributeError):
            raise InvalidInput(Problem("not a place in files", field="cursor")) from None

    def text(self) -> str:
        held = {
            "taken": self.taken, "file": self.file, "mark": self.mark, "rows": self.rows, "growing": self.growing,
        }  # fmt: skip
        return json.dumps({key: value for key, value in held.items() if value})


class FileSource:
    """Reads the streams of one connection."""

    def __init__(
        self,
        system: str,
        streams: Mapping[Kind, Stream],
        folder: Folder,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        *,
        is_look: bool = False,
    ) -> None:
        """`is_look`: nothing is kept, so no second look would tell which files stand still: all count as whole."""
        self._is_look = is_look
        self.system = system
        self._streams = streams
        self._folder = folder
        self._zone = zone
        self._clock = clock

    def fetch(self, kind: Kind, record_id: str) -> Page | None:  # noqa: ARG002
        """See the port: files cannot be asked for one record."""
        return None

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """As `hub.ports.Source.read`. A file that is cut off while it is read goes on at the row after the last page.

        Raises:
            RetryLater: a file changed, or went, while it was read.
            NeedsAttention: a file is no table, or not the one that is declared.
        """
        stream = self._streams.get(kind)
        if stream is None or stream.files is None or stream.files.read is None:
            raise InvalidInput(Problem(f"{self.system} declares no files with {kind}", field=f"streams.{kind}"))
        reading, place = stream.files.read, _Place.parse(cursor)
        taker = RowTaker(self.system, kind, reading, stream.hub_id, zone=self._zone, formats=reading.modified_formats)
        whole = self._whole(reading, place)
        place.taken = {one.name: mark for one in whole if (mark := place.taken.get(one.name)) is not None}
        for entry in whole[-1:] if reading.contains == "everything" else whole:
            if place.taken.get(entry.name) != entry.mark:
                yield from self._pages(entry, reading, taker, kind, place, can_list=stream.files.write is None)
        yield Page((), place.text())

    def _whole(self, reading: FileReading, place: _Place) -> list[Entry]:
        """Files that nobody writes any more, by name: they have their mark, and stood still for long enough.

        How long is reckoned by this machine's clock, from one look to the next: whatever clock the files' machine has.
        """
        entries = self._folder.find_entries(reading.folder)
        names = {one.name for one in entries}
        found = [one for one in entries if fnmatchcase(one.name, reading.names) and not one.name.startswith(HIDDEN)]
        whole = [one for one in found if reading.done is None or reading.done.replace("{name}", one.name) in names]
        if reading.quiet is None or self._is_look:
            return whole
        now = self._clock().timestamp()
        since = {one.name: _since(place.growing.get(one.name), one.mark, now) for one in whole}
        begun = {*place.taken.items(), (place.file, place.mark)}
        quiet = reading.quiet.total_seconds()
        still = [one for one in whole if (one.name, one.mark) in begun or now - since[one.name] >= quiet]
        place.growing = {one.name: (one.mark, since[one.name]) for one in whole if one not in still}
        return still

    def _pages(
        self, entry: Entry, reading: FileReading, taker: RowTaker, kind: Kind, place: _Place, *, can_list: bool
    ) -> Iterator[Page]:
        done = place.rows if (place.file, place.mark) == (entry.name, entry.mark) else 0
        batch = _Batch(self.system, kind, taker, entry.name)
        try:
            with self._folder.open(join(reading.folder, entry.name)) as stream:
                table = open_table(stream, entry.name, form_of(reading))
                taker.require_columns(table.columns, entry.name)
                for number, row in enumerate(table.rows(), start=1):
                    batch.take(row, is_new=number > done)
                    if batch.is_full:
                        place.file, place.mark, place.rows = entry.name, entry.mark, number
                        yield batch.page(place.text())
        except InvalidInput as error:
            raise _refusal(error) from None
        place.taken[entry.name] = entry.mark
        place.file, place.mark, place.rows = None, None, 0
        lists_all = can_list and reading.contains == "everything" and batch.is_sound
        yield batch.page(place.text(), frozenset(batch.ids) if lists_all else None)


class _Batch:
    """Rows on their way to a page."""

    def __init__(self, system: str, kind: Kind, taker: RowTaker, file: str) -> None:
        self._system = system
        self._kind = kind
        self._taker = taker
        self._file = file
        self._records: list[SourceRecord] = []
        self._rejected: list[Rejected] = []
        self.ids: set[str] = set()
        self.is_sound = True
        """Every row said who it is: what is missing is really missing."""

    @property
    def is_full(self) -> bool:
        return len(self._records) + len(self._rejected) >= PAGE

    def take(self, row: Row | BadRow, *, is_new: bool) -> None:
        """A row that an earlier run gave already only counts as being there."""
        known = self._taker.id_of(row.values) if isinstance(row, Row) else None
        if isinstance(row, Row) and known is not None:
            record = self._taker.record_of(dict(row.values), known, self._file, row.line)
            self.ids |= set() if record.gone else {known}
            self._records += [record] if is_new else []
            return
        self.is_sound = False
        self._rejected += [self._no_record(row)] if is_new else []

    def page(self, cursor: str, listed: frozenset[str] | None = None) -> Page:
        """What there is, and nothing left."""
        page = Page(tuple(self._records), cursor, tuple(self._rejected), listed)
        self._records, self._rejected = [], []
        return page

    def _no_record(self, row: Row | BadRow) -> Rejected:
        hint = "Correct the row there, or 'id' of the stream"
        no_id = Problem("the row has no id", "no_id", self._file, row.line, hint=hint)
        payload = dict(row.values) if isinstance(row, Row) else {"fields": list(row.fields)}
        ref = SourceRef(self._system, self._kind, f"{self._file}:{row.line}")
        record = SourceRecord(ref, payload, file=self._file, line=row.line)
        return Rejected(record, (row.problem if isinstance(row, BadRow) else no_id,))


def _refusal(error: InvalidInput) -> HubError:
    """A file into which somebody writes is looked at again; any other one is for a person."""
    passes = set(only_reasons(error.problems)) == {"changed_while_read"}
    return RetryLater(*error.problems) if passes else NeedsAttention(*error.problems)


def _since(before: tuple[str, float] | None, mark: str, now: float) -> float:
    """When it was seen as it is now for the first time."""
    return before[1] if before is not None and before[0] == mark and before[1] <= now else now


def form_of(reading: FileReading) -> TableForm:
    """How a stream's files are written."""
    return TableForm(reading.encoding, reading.delimiter, reading.header_line, reading.columns, reading.sheet)
