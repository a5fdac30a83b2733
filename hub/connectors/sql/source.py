"""Tables as a source: pages that go on after the last id, so that no row is skipped whatever moves meanwhile.

A run reads the rows that were modified since the latest moment that the table held when the run before began, less an
overlap for transactions that were open then; the first run, and one without `modified`, reads all of them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import Span
from hub.connectors.kit.engine.rows import RowTaker, plain
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.spec.tabular import TableReading
from hub.connectors.sql.opened import table_of, told
from hub.connectors.sql.values import earlier, kept, repeated_at, unkept
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.ports import Page, Rejected


class TableSource:
    """Reads the streams of one connection."""

    def __init__(self, system: str, streams: Mapping[Kind, Stream], engine: sa.Engine, zone: ZoneInfo) -> None:
        self.system = system
        self._streams = streams
        self._engine = engine
        self._zone = zone

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        """As `hub.ports.Source.fetch`."""
        run = self._run(kind)
        found = run.one(record_id)
        if found is None:
            return Page((SourceRecord(SourceRef(self.system, kind, record_id), {}, gone=True),), None)
        return Page((found,), None)

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """As `hub.ports.Source.read`; where everything is read, the last page lists all ids."""
        yield from self._run(kind).pages(cursor)

    def read_again(self, kind: Kind, cursor: str | None, within: Span | None) -> Iterator[Page]:  # noqa: ARG002
        """See `hub.connectors.kit.watching.Rereadable`: every row, whenever it was modified."""
        yield from self._run(kind, every_row=True).pages(cursor)

    def _run(self, kind: Kind, *, every_row: bool = False) -> "_Run":
        stream = self._streams.get(kind)
        if stream is None or stream.table is None or stream.table.read is None:
            raise InvalidInput(Problem(f"{self.system} declares no table with {kind}", field=f"streams.{kind}"))
        reading = stream.table.read
        taker = RowTaker(self.system, kind, reading, stream.hub_id, zone=self._zone)
        reading = reading.model_copy(update={"modified": None}) if every_row else reading
        return _Run(self.system, kind, reading, taker, self._engine)


class _Run:
    """One reading of one stream."""

    def __init__(self, system: str, kind: Kind, reading: TableReading, taker: RowTaker, engine: sa.Engine) -> None:
        self._system = system
        self._kind = kind
        self._reading = reading
        self._taker = taker
        self._engine = engine
        with told(system):
            self._rows: sa.FromClause = self._selectable()
        try:
            taker.require_columns(tuple(self._rows.c.keys()), reading.table or "query")
        except InvalidInput as error:
            raise NeedsAttention(*error.problems) from None
        self._ids = [self._rows.c[name] for name in reading.id]
        self._modified = self._rows.c[reading.modified] if reading.modified else None

    def pages(self, cursor: str | None) -> Iterator[Page]:
        held = _held(cursor)
        floor, top, after = (
            unkept(held.get("floor")),
            unkept(held.get("top")),
            [unkept(one) for one in held.get("after", ())],
        )
        if not after:
            top = self._latest()
        ids: set[str] = set()
        is_sound = not after
        if not after and (nameless := self._nameless(floor)):
            is_sound = False
            yield Page((), _text(floor, None, []), nameless)
        while True:
            rows = self._page(floor, after)
            taken = [self._taken(row) for row in rows]
            records = tuple(one for one in taken if isinstance(one, SourceRecord))
            rejected = tuple(one for one in taken if isinstance(one, Rejected))
            ids |= {one.ref.id for one in records if not one.gone}
            is_sound &= not rejected
            is_last = len(rows) < self._reading.size
            after = [] if is_last else [rows[-1][column.name] for column in self._ids]
            place = _text(top if is_last else floor, None if is_last else top, after)
            lists_all = is_last and is_sound and floor is None
            yield Page(records, place, rejected, frozenset(ids) if lists_all else None)
            if is_last:
                return

    def one(self, record_id: str) -> SourceRecord | None:
        parts = record_id.split("/") if len(self._ids) > 1 else [record_id]
        match = [sa.cast(column, sa.String) == part for column, part in zip(self._ids, parts, strict=False)]
        with told(self._system), self._engine.connect() as connection:
            row = connection.execute(sa.select(self._rows).where(*match)).mappings().first()
        return self._record(dict(row), record_id) if row is not None else None

    def _selectable(self) -> sa.FromClause:
        if self._reading.table is not None:
            return table_of(self._reading.table, self._engine)
        query = str(self._reading.query).strip().rstrip(";")
        with self._engine.connect() as connection:
            asked = sa.text(f"SELECT * FROM ({query}) AS asked WHERE 1 = 0")  # noqa: S608 - the practice's own words
            names = connection.execute(asked).keys()
        return sa.text(query).columns(*(sa.column(name) for name in names)).subquery("asked")

    def _latest(self) -> Any:
        """The latest moment that the table holds; one that is still to come there hides no change made before it."""
        if self._modified is None:
            return None
        latest = sa.select(sa.func.max(self._modified))
        with told(self._system), self._engine.connect() as connection:
            found = connection.scalar(latest)
            if isinstance(found, datetime):
                found = connection.scalar(latest.where(self._modified <= sa.func.current_timestamp()))
            return found

    def _nameless(self, floor: Any) -> tuple[Rejected, ...]:
        """Rows without a whole id, a page of them at most: no page can go on behind one."""
        missing = [one.is_(None) for one in self._ids if not isinstance(one, sa.Column) or one.nullable]
        rows = self._asked(self._select(floor).where(sa.or_(*missing))) if missing else ()
        return tuple(one for one in map(self._taken, rows) if isinstance(one, Rejected))

    def _page(self, floor: Any, after: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
        asked = self._select(floor).where(*(column.is_not(None) for column in self._ids)).order_by(*self._ids)
        return self._asked(asked.where(_behind(self._ids, after)) if after else asked)

    def _select(self, floor: Any) -> sa.Select[Any]:
        asked = sa.select(self._rows).limit(self._reading.size)
        if floor is not None and self._modified is not None:
            since = earlier(floor, self._reading.overlap + repeated_at(floor, self._taker.zone))
            asked = asked.where(sa.or_(self._modified >= since, self._modified.is_(None)))
        return asked

    def _asked(self, asked: sa.Select[Any]) -> Sequence[Mapping[str, Any]]:
        with told(self._system), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]

    def _taken(self, row: Mapping[str, Any]) -> SourceRecord | Rejected:
        payload = {name: plain(value) for name, value in row.items()}
        known = self._taker.id_of(payload)
        if known is not None:
            return self._taker.record_of(payload, known)
        hint = "Correct the row there, or 'id' of the stream"
        content = sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        ref = SourceRef(self._system, self._kind, f"no-id-{content[:16]}")
        return Rejected(SourceRecord(ref, payload), (Problem("the row has no id", "no_id", hint=hint),))

    def _record(self, row: Mapping[str, Any], record_id: str) -> SourceRecord:
        return self._taker.record_of({name: plain(value) for name, value in row.items()}, record_id)


def _behind(ids: Sequence[sa.ColumnElement[Any]], after: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Greater in the order of several columns, in words that every database knows."""
    steps = [
        sa.and_(*(column == value for column, value in zip(ids[:n], after[:n], strict=True)), ids[n] > after[n])
        for n in range(len(ids))
    ]
    return sa.or_(*steps)


def _held(cursor: str | None) -> dict[str, Any]:
    try:
        held = json.loads(cursor) if cursor is not None else {}
    except ValueError:
        held = None
    if not isinstance(held, dict):
        raise InvalidInput(Problem("not a place in a table", field="cursor"))
    return held


def _text(floor: Any, top: Any, after: Sequence[Any]) -> str:
    held = {"floor": kept(floor), "top": kept(top), "after": [kept(one) for one in after]}
    return json.dumps({name: value for name, value in held.items() if value not in (None, [])})
