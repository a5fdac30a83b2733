"""Source records out of rows, by their columns."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import instant_of
from hub.connectors.kit.spec.tabular import ColumnMark, RowReading
from hub.errors import InvalidInput, Problem
from hub.mapping.codecs.formats import moment_reader

Row = dict[str, Any]


class RowTaker:
    """Makes records of one stream's rows."""

    def __init__(
        self,
        system: str,
        kind: Kind,
        reading: RowReading,
        hub_id: str | None,
        *,
        zone: ZoneInfo,
        formats: tuple[str, ...] = (),
    ) -> None:
        self._system = system
        self._kind = kind
        self._reading = reading
        self._hub_id = hub_id
        self.zone = zone
        self._moment: Callable[[str], datetime | None] = moment_reader(formats) if formats else _iso

    def require_columns(self, columns: tuple[str, ...], where: str) -> None:
        """Refuse rows in which what is declared has no place.

        Raises:
            InvalidInput: naming each column that is missing.
        """
        mark = self._reading.deleted
        wanted = [
            *self._reading.id,
            self._reading.modified,
            self._reading.version,
            mark.column if mark else None,
            self._hub_id,
        ]
        missing = [name for name in wanted if name is not None and name not in columns]
        if missing:
            hint = f"It has: {', '.join(columns[:50])}"
            raise InvalidInput(
                *(
                    Problem(f"the column {name!r} is missing", "bad_header", where, field=name, hint=hint)
                    for name in missing
                )
            )

    def id_of(self, row: Mapping[str, Any]) -> str | None:
        """None: a part of it is blank."""
        parts = [_text(row.get(name)) for name in self._reading.id]
        return "/".join(parts) if all(parts) else None

    def record_of(self, row: Row, record_id: str, file: str | None = None, line: int | None = None) -> SourceRecord:
        """One row."""
        changed = _text(row.get(self._reading.modified)) if self._reading.modified else ""
        version = _text(row.get(self._reading.version)) if self._reading.version else changed
        hub_id = _text(row.get(self._hub_id)) if self._hub_id else ""
        return SourceRecord(
            SourceRef(self._system, self._kind, record_id),
            row,
            version=version or None,
            modified_at=self._instant(changed),
            file=file,
            line=line,
            hub_id=hub_id or None,
            gone=says(row, self._reading.deleted),
        )

    def _instant(self, text: str) -> datetime | None:
        moment = self._moment(text) if text else None
        try:
            return instant_of(moment, self.zone).astimezone(UTC) if moment is not None else None
        except (ValueError, OverflowError):
            return None


def says(row: Mapping[str, Any], mark: ColumnMark | None) -> bool:
    """Whether a row says so: as text, without case."""
    if mark is None:
        return False
    value = _text(row.get(mark.column)).lower()
    return any(value == _text(wanted).lower() for wanted in mark.equals)


def plain(value: Any) -> Any:
    """A value of a database as JSON has it; amounts as text, so that no cent is lost."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value.replace("\0", "") if isinstance(value, str) else value
    return str(value) if not isinstance(value, bytes | memoryview) else bytes(value).hex()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value).strip()


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
