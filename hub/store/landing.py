"""What other systems sent, unchanged; and which canonical records they are."""

import hashlib
import json
import re
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.ports import Landed, Link
from hub.store.bulk import stage
from hub.store.tables import source_link, source_record, stream_cursor

_COLUMNS = ("system", "kind", "source_id", "version", "content_hash", "payload", "modified_at", "file", "line")
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

_LAND = text("""
    INSERT INTO source_record
        (system, kind, source_id, version, content_hash, payload, modified_at, file, line, batch_id)
    SELECT DISTINCT ON (system, kind, source_id, content_hash)
        system, kind, source_id, version, content_hash, payload, modified_at, file, line, CAST(:batch_id AS bigint)
    FROM staged_source_record ORDER BY system, kind, source_id, content_hash, position
    ON CONFLICT (system, kind, source_id, content_hash) DO NOTHING
    RETURNING id""")
_NUMBERS = text("""
    SELECT r.id FROM staged_source_record s JOIN source_record r USING (system, kind, source_id, content_hash)
    ORDER BY s.position""")


class SqlLanding:
    """`hub.ports.Landing`. NUL characters, which PostgreSQL cannot keep in JSON, become U+2400."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def land(self, records: Sequence[SourceRecord], *, batch_id: int | None = None) -> tuple[Landed, ...]:
        """See the port."""
        if not records:
            return ()
        rows = (_row(record, position) for position, record in enumerate(records))
        stage(self._connection, source_record, _COLUMNS, rows, extra="0 AS position")
        new = set(self._connection.execute(_LAND, {"batch_id": batch_id}).scalars())
        landed = []
        for number in self._connection.execute(_NUMBERS).scalars():
            landed.append(Landed(number, number in new))
            new.discard(number)
        return tuple(landed)

    def load(self, ids: Collection[int]) -> dict[int, SourceRecord]:
        """See the port."""
        query = select(source_record).where(source_record.c.id.in_(ids))
        return {
            row.id: SourceRecord(
                ref=SourceRef(row.system, Kind(row.kind), row.source_id),
                payload=row.payload,
                version=row.version,
                modified_at=row.modified_at,
                file=row.file,
                line=row.line,
            )
            for row in self._connection.execute(query)
        }


class SqlLinks:
    """`hub.ports.Links`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, refs: Collection[SourceRef]) -> dict[SourceRef, Link]:
        """See the port."""
        asked: dict[tuple[str, Kind], list[str]] = {}
        for ref in refs:
            asked.setdefault((ref.system, ref.kind), []).append(ref.id)
        found: dict[SourceRef, Link] = {}
        for (system, kind), ids in asked.items():
            query = text(
                "SELECT source_id, canonical_id, source_record_id FROM source_link "
                "WHERE system = :system AND kind = :kind AND source_id = ANY(:ids)"
            )
            for row in self._connection.execute(query, {"system": system, "kind": kind, "ids": ids}):
                ref = SourceRef(system, kind, row.source_id)
                found[ref] = Link(ref, row.canonical_id, row.source_record_id)
        return found

    def find_all(self, system: str, kind: Kind) -> dict[str, str]:
        """See the port."""
        query = select(source_link.c.source_id, source_link.c.canonical_id).where(
            source_link.c.system == system, source_link.c.kind == kind
        )
        return {row.source_id: row.canonical_id for row in self._connection.execute(query)}

    def find_refs(self, kind: Kind, canonical_id: str) -> tuple[SourceRef, ...]:
        """See the port."""
        query = select(source_link.c.system, source_link.c.source_id).where(
            source_link.c.kind == kind, source_link.c.canonical_id == canonical_id
        )
        return tuple(sorted(SourceRef(row.system, kind, row.source_id) for row in self._connection.execute(query)))

    def save(self, links: Sequence[Link], *, batch_id: int | None = None) -> None:
        """See the port."""
        last = {link.ref: link for link in links}
        if not last:
            return
        columns = ("system", "kind", "source_id", "canonical_id", "source_record_id", "batch_id")
        rows = (
            (ref.system, str(ref.kind), ref.id, link.canonical_id, link.source_record_id, batch_id)
            for ref, link in last.items()
        )
        stage(self._connection, source_link, columns, rows)
        self._connection.execute(
            text("""
                INSERT INTO source_link AS l (system, kind, source_id, canonical_id, source_record_id, batch_id)
                SELECT system, kind, source_id, canonical_id, source_record_id, batch_id FROM staged_source_link
                ORDER BY system, kind, source_id
                ON CONFLICT (system, kind, source_id) DO UPDATE SET
                    canonical_id = excluded.canonical_id,
                    source_record_id = coalesce(excluded.source_record_id, l.source_record_id),
                    linked_at = now()
                WHERE (l.canonical_id, l.source_record_id) IS DISTINCT FROM
                    (excluded.canonical_id, coalesce(excluded.source_record_id, l.source_record_id))""")
        )


class SqlCursors:
    """`hub.ports.Cursors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, system: str, kind: Kind) -> str | None:
        """See the port."""
        query = select(stream_cursor.c.cursor).where(stream_cursor.c.system == system, stream_cursor.c.kind == kind)
        cursor: str | None = self._connection.execute(query).scalar()
        return cursor

    def save(self, system: str, kind: Kind, cursor: str | None) -> None:
        """See the port."""
        statement = insert(stream_cursor).values(system=system, kind=kind, cursor=cursor)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["system", "kind"],
                set_={"cursor": statement.excluded.cursor, "updated_at": text("now()")},
            )
        )


def _row(record: SourceRecord, position: int) -> tuple[object, ...]:
    payload = _as_json(record.payload)
    digest = hashlib.sha256(payload.encode()).hexdigest()
    ref = record.ref
    stamps = (record.modified_at, record.file, record.line)
    return (ref.system, str(ref.kind), ref.id, record.version, digest, payload, *stamps, position)


def _as_json(payload: dict[str, object]) -> str:
    written = json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" in written:
        written = _NUL.sub(r"\1\\u2400", written)
    return written.encode("utf-8", "replace").decode("utf-8")
