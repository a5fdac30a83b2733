"""Batches of imported files and what became of their rows."""

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import Connection, insert, select, text, update

from hub.canonical.ids import Kind
from hub.ports import Disposition, QuarantinedRow
from hub.store.bulk import copy_rows
from hub.store.tables import import_batch

_COLUMNS = ("batch_id", "file", "line", "verdict", "reason", "source_key", "source_record_id", "canonical_id")

_QUARANTINED = text("""
    SELECT d.file, d.line, coalesce(d.kind, r.kind) AS kind, d.source_key, d.reason
    FROM current_disposition d LEFT JOIN source_record r ON r.id = d.source_record_id
    WHERE d.system = :system AND d.verdict = 'quarantined' ORDER BY d.file, d.line""")


class SqlImports:
    """`hub.ports.Imports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_batch(self, system: str, folder: str, file_hashes: Mapping[str, str]) -> int:
        """See the port."""
        values = {"system": system, "folder": folder, "file_hashes": dict(file_hashes)}
        batch_id: int = self._connection.execute(insert(import_batch).returning(import_batch.c.id), values).scalar_one()
        return batch_id

    def find_loaded(self, system: str, file_hashes: Mapping[str, str]) -> int | None:
        """See the port."""
        columns = import_batch.c
        query = (
            select(columns.id)
            .where(columns.system == system, columns.state == "loaded", columns.file_hashes == dict(file_hashes))
            .order_by(columns.id.desc())
            .limit(1)
        )
        batch_id: int | None = self._connection.execute(query).scalar()
        return batch_id

    def save_dispositions(self, batch_id: int, dispositions: Sequence[Disposition]) -> None:
        """See the port."""
        rows = (
            (batch_id, d.file, d.line, str(d.verdict), d.reason, d.source_key, d.source_record_id, d.canonical_id)
            for d in dispositions
        )
        copy_rows(self._connection, "disposition", _COLUMNS, rows)

    def find_quarantined(self, system: str) -> tuple[QuarantinedRow, ...]:
        """See the port."""
        return tuple(
            QuarantinedRow(row.file, row.line, Kind(row.kind) if row.kind else None, row.source_key, row.reason)
            for row in self._connection.execute(_QUARANTINED, {"system": system})
        )

    def close_batch(self, batch_id: int, state: Literal["loaded", "failed"], counts: Mapping[str, int]) -> None:
        """See the port."""
        values = {"state": state, "counts": dict(counts), "finished_at": text("now()")}
        self._connection.execute(update(import_batch).where(import_batch.c.id == batch_id).values(**values))
