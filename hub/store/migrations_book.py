"""Histories that are moved here: landed rows, attempts, conflicts, and what became of each row."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import groupby
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import IntegrityError

from hub.canonical.ids import Kind
from hub.canonical.records import VisitState
from hub.canonical.source import SourceRecord, SourceRef
from hub.ports.migrations import (
    Attempt,
    DatedRow,
    FileAccount,
    MigrationHead,
    Partition,
    RowFate,
    Stage,
    StoredRow,
)
from hub.store.bulk import copy_rows
from hub.store.landing import stored_row
from hub.store.migration_sql import (
    ACCOUNT,
    CLOSE,
    CONFLICTS,
    FATES,
    HISTORY,
    LAND,
    LANDED,
    LED,
    MERGED,
    MONTHS,
    NAMED,
    NAMES,
    NOTE,
    OPEN,
    RANK,
    ROWS,
    STAGE,
    SUPERSEDE,
    TAKEN_BY,
    UNPLACED,
    UNTAKEN,
    UNTOLD,
    VERDICTS,
)
from hub.sync.conflicts import Overlap, Stay

CHUNK = 5000
_AS_STREAM = {"stream_results": True, "max_row_buffer": CHUNK}
_KINDS = {str(kind): kind for kind in Kind}
_STATES = {str(state): state for state in VisitState}
_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))
"""What `str.strip` takes off, as whoever loads a row does."""
_STAGED = (
    "position", "file", "line", "source_id", "version", "content_hash", "payload", "modified_at", "month",
)  # fmt: skip


class SqlMigrations:
    """`hub.ports.migrations.Migrations`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def _in_bulk(self) -> Iterator[None]:
        """What just landed has no statistics, and PostgreSQL takes loops over whole tables for cheap."""
        self._connection.exec_driver_sql("SET LOCAL enable_nestloop = off")
        yield
        self._connection.exec_driver_sql("SET LOCAL enable_nestloop = on")

    def begin(self, system: str, folder: str, zone: str, today: date) -> MigrationHead:
        """See the port."""
        values = {"system": system, "folder": folder, "zone": zone, "today": today}
        statement = """
            INSERT INTO migration (system, folder, zone, today) VALUES (:system, :folder, :zone, :today)
            ON CONFLICT (system) DO UPDATE SET folder = excluded.folder, zone = excluded.zone
            RETURNING system, folder, zone, today"""
        return MigrationHead(*self._connection.execute(text(statement), values).one())

    def find_heads(self) -> tuple[MigrationHead, ...]:
        """See the port."""
        rows = self._connection.execute(text("SELECT system, folder, zone, today FROM migration ORDER BY system"))
        return tuple(MigrationHead(*row) for row in rows)

    def find_attempts(self, system: str, stage: Stage | None = None) -> dict[Partition, Attempt]:
        """See the port."""
        query = """
            SELECT id, stage, kind, month, fingerprint, counts FROM import_batch
            WHERE system = :system AND state = 'loaded' AND stage <> 'import'
            AND (CAST(:stage AS text) IS NULL OR stage = :stage)"""
        rows = self._connection.execute(text(query), {"system": system, "stage": stage})
        found = (
            Attempt(row.id, Partition(Stage(row.stage), row.kind and Kind(row.kind), row.month), *row[4:])
            for row in rows
        )
        return {one.partition: one for one in found}

    def open_attempt(self, system: str, folder: str, partition: Partition, fingerprint: str) -> int:
        """See the port."""
        place = {"system": system, "stage": partition.stage, "kind": partition.kind, "month": partition.month}
        self._connection.execute(SUPERSEDE, place)
        values = {**place, "folder": folder, "fingerprint": fingerprint}
        batch_id: int = self._connection.execute(OPEN, values).scalar_one()
        if partition.stage is Stage.LOAD:
            self._connection.execute(NOTE, {"batch": batch_id})
        return batch_id

    def close_attempt(self, batch_id: int, counts: Mapping[str, int], file_hashes: Mapping[str, str]) -> None:
        """See the port."""
        values = {"counts": json.dumps(dict(counts)), "hashes": json.dumps(dict(file_hashes)), "id": batch_id}
        self._connection.execute(CLOSE, values)

    def supersede(self, batch_ids: Sequence[int]) -> None:
        """See the port."""
        statement = "UPDATE import_batch SET state = 'superseded' WHERE id = ANY(:ids) AND state = 'loaded'"
        self._connection.execute(text(statement), {"ids": list(batch_ids)})

    def save_mapping(self, system: str, kind: Kind, fingerprint: str, content: str) -> None:
        """See the port."""
        statement = """
            INSERT INTO mapping_version (system, kind, fingerprint, content) VALUES (:system, :kind, :mark, :content)
            ON CONFLICT DO NOTHING"""
        values = {"system": system, "kind": str(kind), "mark": fingerprint, "content": content}
        self._connection.execute(text(statement), values)

    def land(self, batch_id: int, system: str, kind: Kind, rows: Iterable[DatedRow]) -> int:
        """See the port."""
        self._connection.exec_driver_sql("SET LOCAL work_mem = '96MB'")
        # Rows as they were staged would be sorted, by what they are in order of, to be merged with their ranks.
        self._connection.exec_driver_sql("SET LOCAL enable_mergejoin = off")
        self._connection.execute(STAGE)
        copy_rows(self._connection, "staged_landed_row", _STAGED, _staged(rows))
        values = {"batch_id": batch_id, "system": system, "kind": str(kind)}
        with self._in_bulk():
            self._land_new(values)
            return self._connection.execute(LANDED, values).rowcount

    def _land_new(self, values: Mapping[str, object]) -> None:
        """What another lands meanwhile is in its place when this is tried again: cheaper than to look at each row."""
        for is_last in (False, False, True):
            try:
                with self._connection.begin_nested():
                    self._connection.execute(RANK, values)
                    self._connection.execute(LAND, values)
            except IntegrityError as error:
                if is_last or not isinstance(error.orig, UniqueViolation):
                    raise
            else:
                return

    def find_months(self, landing_id: int) -> dict[str, str]:
        """See the port."""
        return {row.month: row.mark for row in self._connection.execute(MONTHS, {"landing": landing_id})}

    def find_named(self, landing_id: int, column: str, kind: Kind) -> dict[str, str]:
        """See the port."""
        values = {"landing": landing_id, "column": column, "kind": str(kind), "blanks": _BLANKS}
        with self._in_bulk():
            return {row.month: row.mark for row in self._connection.execute(NAMED, values)}

    def find_month_of(self, landing_id: int, source_ids: Sequence[str]) -> dict[str, str]:
        """See the port."""
        if not source_ids:
            return {}
        statement = "SELECT source_id, month FROM landed_row WHERE batch_id = :landing AND source_id = ANY(:ids)"
        rows = self._connection.execute(text(statement), {"landing": landing_id, "ids": list(source_ids)})
        return {row.source_id: row.month for row in rows}

    def read_rows(self, landing_id: int, month: str) -> Iterator[list[StoredRow]]:
        """See the port."""
        self._connection.exec_driver_sql("SET LOCAL work_mem = '32MB'")  # a month's rows are sorted there
        # They are read to the last: to begin at once PostgreSQL would go through those of all months in order.
        self._connection.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
        values = {"landing": landing_id, "month": month}
        found = self._connection.execute(ROWS, values, execution_options=_AS_STREAM)
        for part in found.partitions(CHUNK):
            yield [_stored(row) for row in part]

    def count_names(self, landing_id: int, columns: Sequence[str]) -> dict[tuple[str, ...], int]:
        """See the port."""
        values = {f"name_{n}": name for n, name in enumerate(columns)}
        statement = NAMES.format(columns=", ".join(f"r.payload ->> :{name}" for name in values))
        rows = self._connection.execute(text(statement), {"landing": landing_id, **values})
        return {tuple(name or "" for name in row.names): row.number for row in rows}

    def save_merged(self, batch_id: int, landing_id: int, month: str) -> None:
        """See the port."""
        values = {"batch": batch_id, "landing": landing_id, "month": month}
        with self._in_bulk():
            self._connection.execute(MERGED, values)

    def count_verdicts(self, batch_id: int) -> dict[str, int]:
        """See the port."""
        counts = {"rows": 0}
        for row in self._connection.execute(VERDICTS, {"batch": batch_id}):
            for name in ("rows", row.verdict, *([f"reason.{row.reason}"] if row.reason else [])):
                counts[name] = counts.get(name, 0) + row.number
        return counts

    def find_untaken(self, batch_id: int) -> tuple[int, ...]:
        """See the port."""
        rows = list(self._connection.execute(UNTAKEN, {"batch": batch_id}).scalars())
        values = {"batch": batch_id, "ids": rows}
        return tuple(self._connection.execute(TAKEN_BY, values).scalars()) if rows else ()

    def read_history(self, system: str) -> Iterator[Stay]:
        """See the port."""
        with self._in_bulk():
            found = self._connection.execute(HISTORY, {"system": system}, execution_options=_AS_STREAM)
        for id_, start, end, state, *units in found:
            yield Stay(id_, start, end, _STATES[state], *units)

    def save_conflicts(self, system: str, overlaps: Iterable[Overlap]) -> int:
        """See the port."""
        self._connection.execute(text("DELETE FROM history_conflict WHERE system = :system"), {"system": system})
        rows = ((system, one.unit, one.unit_id, one.first, one.second) for one in overlaps)
        copy_rows(self._connection, "history_conflict", ("system", "unit", "unit_id", "first_id", "second_id"), rows)
        count: int = self._connection.execute(CONFLICTS, {"system": system}).scalar_one()
        return count

    def note_led_visits(self, system: str, column: str) -> None:
        """See the port."""
        with self._in_bulk():
            self._connection.execute(LED, {"system": system, "column": column})

    def find_unplaced(self, system: str, since: datetime) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._connection.execute(UNPLACED, {"system": system, "since": since}).scalars())

    def find_untold(self, system: str, kind: Kind, to: str, since: datetime | None) -> tuple[str, ...]:
        """See the port."""
        values = {"system": system, "kind": str(kind), "to": to, "since": since}
        return tuple(self._connection.execute(UNTOLD, values).scalars())

    def account(self, system: str) -> tuple[FileAccount, ...]:
        """See the port."""
        with self._in_bulk():
            rows = self._connection.execute(ACCOUNT, {"system": system})
        grouped = groupby(rows, key=lambda row: (row.file, row.kind))
        return tuple(_account(file, Kind(kind), list(group)) for (file, kind), group in grouped)

    def read_fates(self, system: str) -> Iterator[RowFate]:
        """See the port."""
        with self._in_bulk():
            found = self._connection.execute(FATES, {"system": system}, execution_options=_AS_STREAM)
        for row in found:
            yield RowFate(**{**row._asdict(), "kind": Kind(row.kind)})


def _staged(rows: Iterable[DatedRow]) -> Iterator[tuple[object, ...]]:
    for position, (record, month) in enumerate(rows):
        version, digest, payload, modified_at = stored_row(record)
        yield (position, record.file, record.line, record.ref.id, version, digest, payload, modified_at, month)


def _stored(row: Sequence[Any]) -> StoredRow:
    number, system, kind, source_id, version, payload, modified_at, file, line, canonical_id, is_stale = row
    ref = SourceRef(system, _KINDS[kind], source_id)
    return StoredRow(number, SourceRecord(ref, payload, version, modified_at, file, line), canonical_id, is_stale)


def _account(file: str, kind: Kind, rows: Sequence[Row[Any]]) -> FileAccount:
    of: dict[str | None, int] = {}
    reasons: dict[str, int] = {}
    for row in rows:
        of[row.verdict] = of.get(row.verdict, 0) + row.number
        if row.reason is not None:
            reasons[row.reason] = reasons.get(row.reason, 0) + row.number
    loaded, merged, quarantined, review, landed, taken_back = (
        of.get(verdict, 0) for verdict in ("loaded", "merged", "quarantined", "review", None, "reversed")
    )
    return FileAccount(file, kind, sum(of.values()), loaded, merged, quarantined, review, landed, taken_back, reasons)
