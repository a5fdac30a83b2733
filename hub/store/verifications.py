"""Proofs of moved histories and their signatures."""

import json
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS
from hub.ports.verifications import CheckState, HistoryCheck, Signature, TakenRow, Total, Verification
from hub.store.canonical_dump import hash_canonical
from hub.store.columns import selection_of
from hub.store.driver import stream
from hub.store.records import TABLES

_CHUNK = 5000

_CHECK = text("""
    INSERT INTO verification_check
        (verification_id, name, says, state, looked_at, findings, examples, because, accepted_by)
    VALUES (:id, :name, :says, :state, :looked_at, :findings, CAST(:examples AS jsonb), :because, :accepted_by)""")
_TOTAL = text("""
    INSERT INTO verification_total (verification_id, kind, dimension, value, said, found, said_minor, found_minor)
    VALUES (:id, :kind, :dimension, :value, :said, :found, :said_minor, :found_minor)""")
_CHECKS = text("""
    SELECT name, says, state, findings, examples, looked_at, because, accepted_by FROM verification_check
    WHERE verification_id = :id ORDER BY name""")
_TOTALS = text("""
    SELECT kind, dimension, value, said, found, said_minor, found_minor FROM verification_total
    WHERE verification_id = :id ORDER BY kind, dimension, value""")
_TAKEN = """
    SELECT l.file, l.line, l.source_id, r.payload, k.canonical_id, coalesce(t.updated_at NOT IN (
            SELECT finished_at FROM import_batch
            WHERE system = %(system)s AND state IN ('loaded', 'superseded') AND finished_at IS NOT NULL), false),
        t.id IS NOT NULL, {columns}
    FROM (
        SELECT file, line, source_id, source_record_id FROM landed_row
        WHERE batch_id = %(landing)s AND month = %(month)s AND why IS NULL ORDER BY file, line OFFSET 0) l
    CROSS JOIN LATERAL (
        SELECT canonical_id FROM source_link WHERE system = %(system)s AND kind = %(kind)s AND source_id = l.source_id
        AND source_record_id = l.source_record_id OFFSET 0) k
    CROSS JOIN LATERAL (SELECT payload FROM source_record WHERE id = l.source_record_id OFFSET 0) r
    LEFT JOIN LATERAL (SELECT * FROM {table} WHERE id = k.canonical_id OFFSET 0) t ON true"""
"""Row by row by their keys, whatever PostgreSQL knows of the tables: right after a load that is next to nothing."""
_SIGNATURES = text("""
    SELECT s.verification_id, s.name, s.signed_at, s.data_hash
    FROM migration_signature s JOIN verification v ON v.id = s.verification_id
    WHERE v.system = :system ORDER BY s.id DESC""")


class SqlVerifications:
    """`hub.ports.verifications.Verifications`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take_stock(self) -> None:
        """See the port."""
        self._connection.exec_driver_sql("SELECT analyze_changed_tables()")

    def hash_data(self) -> str:
        """See the port."""
        return hash_canonical(self._connection)

    def save(self, system: str, data_hash: str, checks: Sequence[HistoryCheck], totals: Sequence[Total]) -> int:
        """See the port."""
        statement = text("INSERT INTO verification (system, data_hash) VALUES (:system, :hash) RETURNING id")
        number: int = self._connection.execute(statement, {"system": system, "hash": data_hash}).scalar_one()
        for check in checks:
            self._connection.execute(_CHECK, {"id": number, **_values(check)})
        for total in totals:
            self._connection.execute(_TOTAL, {"id": number, **total._asdict()})
        return number

    def find_last(self, system: str) -> Verification | None:
        """See the port."""
        query = """
            SELECT id, system, data_hash, verified_at FROM verification
            WHERE system = :system ORDER BY id DESC LIMIT 1"""
        head = self._connection.execute(text(query), {"system": system}).one_or_none()
        if head is None:
            return None
        checks = (
            HistoryCheck(row.name, row.says, CheckState(row.state), row.findings, tuple(row.examples), *row[5:])
            for row in self._connection.execute(_CHECKS, {"id": head.id})
        )
        totals = (Total(*row) for row in self._connection.execute(_TOTALS, {"id": head.id}))
        return Verification(head.id, head.system, head.data_hash, head.verified_at, tuple(checks), tuple(totals))

    def sign(self, verification_id: int, name: str, data_hash: str) -> None:
        """See the port."""
        statement = "INSERT INTO migration_signature (verification_id, name, data_hash) VALUES (:id, :name, :hash)"
        self._connection.execute(text(statement), {"id": verification_id, "name": name, "hash": data_hash})

    def find_signatures(self, system: str) -> tuple[Signature, ...]:
        """See the port."""
        return tuple(Signature(*row) for row in self._connection.execute(_SIGNATURES, {"system": system}))

    def read_taken(
        self, system: str, kind: Kind, landing_id: int, month: str, names: Sequence[str]
    ) -> Iterator[Sequence[TakenRow]]:
        """See the port."""
        columns, values_of = selection_of(MODELS[kind], names)
        listed = ", ".join(f't."{column}"' for column in columns)
        asked = {"system": system, "kind": str(kind), "landing": landing_id, "month": month}
        statement = _TAKEN.format(columns=listed, table=TABLES[kind].name)
        for rows in stream(self._connection, statement, asked, _CHUNK):
            yield [TakenRow._make((*row[:6], values_of(row[7:]) if row[6] else None)) for row in rows]


def _values(check: HistoryCheck) -> dict[str, object]:
    return {
        "name": check.name,
        "says": check.says,
        "state": check.state,
        "looked_at": check.looked_at,
        "findings": check.findings,
        "examples": json.dumps(check.examples),
        "because": check.because,
        "accepted_by": check.accepted_by,
    }
