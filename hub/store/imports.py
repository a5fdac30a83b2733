"""What became of the rows of imported files."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from hub.canonical.ids import Kind
from hub.ports import Disposition, QuarantinedRow
from hub.store.bulk import copy_rows

_COLUMNS = ("batch_id", "file", "line", "verdict", "reason", "source_key", "source_record_id", "canonical_id", "field")

_QUARANTINED = text("""
    SELECT d.file, d.line, coalesce(d.kind, r.kind) AS kind, d.source_key, d.reason, d.field
    FROM current_disposition d LEFT JOIN source_record r ON r.id = d.source_record_id
    WHERE d.system = :system AND d.verdict = 'quarantined' ORDER BY d.file, d.line""")


class SqlImports:
    """`hub.ports.Imports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save_dispositions(self, batch_id: int, dispositions: Sequence[Disposition]) -> None:
        """See the port."""
        rows = (
            (
                batch_id,
                d.file,
                d.line,
                str(d.verdict),
                d.reason,
                d.source_key,
                d.source_record_id,
                d.canonical_id,
                d.field,
            )
            for d in dispositions
        )
        copy_rows(self._connection, "disposition", _COLUMNS, rows)

    def find_quarantined(self, system: str) -> tuple[QuarantinedRow, ...]:
        """See the port."""
        return tuple(
            QuarantinedRow(
                row.file, row.line, Kind(row.kind) if row.kind else None, row.source_key, row.reason, row.field
            )
            for row in self._connection.execute(_QUARANTINED, {"system": system})
        )
