"""Proofs of moved histories and their signatures."""

import json
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, text

from hub.ports.verifications import (
    Alike,
    AskedField,
    CheckState,
    HistoryCheck,
    Signature,
    TakenRow,
    Taking,
    Total,
    Verification,
)
from hub.store import taken_rows
from hub.store.canonical_dump import hash_canonical

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
        self, taking: Taking, names: Sequence[str], only: Collection[str] | None = None
    ) -> Iterator[Sequence[TakenRow]]:
        """See the port."""
        return taken_rows.read_taken(self._connection, taking, names, only)

    def read_alike(
        self, taking: Taking, fields: Sequence[AskedField], corrected: Collection[str]
    ) -> Iterator[Sequence[Alike]]:
        """See the port."""
        return taken_rows.read_alike(self._connection, taking, fields, corrected)


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
