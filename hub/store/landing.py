"""What other systems sent, unchanged; and which canonical records they are."""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import Span
from hub.ports import Awaiting, KnownPart, Landed, Link
from hub.store.bulk import stage
from hub.store.driver import run_text
from hub.store.tables import awaiting_record, source_link, source_record, stream_cursor
from hub.sync.drift import Contract

_COLUMNS = (
    "system", "kind", "source_id", "version", "content_hash", "payload", "modified_at", "file", "line", "gone",
    "merged_into",
)  # fmt: skip
_write_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
"""Made once: `json.dumps` would make an encoder for every row."""

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

_LAND = """
    INSERT INTO source_record
        (system, kind, source_id, version, content_hash, payload, modified_at, file, line, gone, merged_into, batch_id)
    SELECT DISTINCT ON (system, kind, source_id, content_hash) system, kind, source_id, version, content_hash, payload,
        modified_at, file, line, gone, merged_into, CAST(:batch_id AS bigint)
    FROM staged_source_record ORDER BY system, kind, source_id, content_hash, position
    ON CONFLICT (system, kind, source_id, content_hash) DO NOTHING
    RETURNING id, system, kind, source_id, content_hash"""
_NUMBERS = """
    SELECT r.id FROM staged_source_record s JOIN source_record r USING (system, kind, source_id, content_hash)
    ORDER BY s.position"""
_FIND = text("""
    SELECT r.id FROM unnest(CAST(:systems AS text[]), CAST(:kinds AS text[]), CAST(:ids AS text[]),
        CAST(:hashes AS text[])) WITH ORDINALITY AS s (system, kind, source_id, content_hash, position)
    LEFT JOIN source_record r USING (system, kind, source_id, content_hash) ORDER BY s.position""")
_LOAD = text("""
    SELECT id, system, kind, source_id, payload, version, modified_at, file, line, gone, merged_into
    FROM source_record WHERE id = ANY(:ids)""")
_LANDED_IN = text("SELECT id, batch_id FROM source_record WHERE id = ANY(:ids) AND batch_id IS NOT NULL")
_LINKED = text("SELECT source_id, canonical_id FROM source_link WHERE system = :system AND kind = :kind")
# One by one (OFFSET keeps the planner from joining): a plan from when the table was small would read all that there is.
_LINKED_AMONG = text("""
    SELECT l.source_id, l.canonical_id, l.source_record_id FROM unnest(CAST(:ids AS text[])) AS wanted (id)
    CROSS JOIN LATERAL (SELECT * FROM source_link
        WHERE system = :system AND kind = :kind AND source_id = wanted.id OFFSET 0) AS l""")
_BETWEEN = text("""
    SELECT id FROM source_record WHERE system = :system AND kind = :kind AND landed_at >= :first AND landed_at < :last
    AND batch_id IS NULL ORDER BY id""")
_IMPORTED_BETWEEN = text("""
    SELECT count(*) FROM source_record WHERE system = :system AND kind = :kind
    AND landed_at >= :first AND landed_at < :last AND batch_id IS NOT NULL""")
_LINK = """
    INSERT INTO source_link AS l (system, kind, source_id, canonical_id, source_record_id, batch_id)
    SELECT system, kind, source_id, canonical_id, source_record_id, batch_id FROM {come}
    ORDER BY system, kind, source_id
    ON CONFLICT (system, kind, source_id) DO UPDATE SET
        canonical_id = excluded.canonical_id,
        source_record_id = coalesce(excluded.source_record_id, l.source_record_id),
        linked_at = now()
    WHERE (l.canonical_id, l.source_record_id) IS DISTINCT FROM
        (excluded.canonical_id, coalesce(excluded.source_record_id, l.source_record_id))"""
_LINK_STAGED = _LINK.format(come="staged_source_link")
_LOADED = """(
        SELECT b.system, b.kind, d.source_key AS source_id, d.canonical_id, d.source_record_id, d.batch_id
        FROM import_batch b JOIN disposition d ON d.batch_id = b.id WHERE b.id = :batch AND d.verdict = 'loaded')"""
_LINK_LOADED = text(_LINK.format(come=_LOADED))
_SYSTEMS = text("""
    SELECT canonical_id, array_agg(DISTINCT system) AS systems FROM source_link
    WHERE kind = :kind AND canonical_id = ANY(:ids) GROUP BY 1""")
_REFS = text("""
    SELECT l.system, l.source_id, r.gone OR r.merged_into IS NOT NULL AS is_end FROM source_link l
    LEFT JOIN source_record r ON r.id = l.source_record_id WHERE l.kind = :kind AND l.canonical_id = :id""")
_SEVERAL = text("""
    SELECT l.canonical_id, array_agg(l.source_id) AS source_ids FROM source_link l
    LEFT JOIN source_record r ON r.id = l.source_record_id
    WHERE l.system = :system AND l.kind = :kind AND l.canonical_id = ANY(:ids)
    AND r.gone IS NOT TRUE AND r.merged_into IS NULL GROUP BY 1 HAVING count(*) > 1""")
_COUNT = text("""
    SELECT count(*) FROM source_link l WHERE l.system = :system AND l.kind = :kind
    AND NOT EXISTS (SELECT FROM source_record r WHERE r.id = l.source_record_id
        AND (r.gone OR r.merged_into IS NOT NULL))""")

_STANDING = """
    SELECT l.source_id FROM source_link l LEFT JOIN source_record r ON r.id = l.source_record_id{visits}
    WHERE l.system = :system AND l.kind = :kind AND l.named_in IS DISTINCT FROM CAST(:roll AS text)
    AND r.gone IS NOT TRUE AND r.merged_into IS NULL"""
_VISITS = """
    JOIN visit v ON v.id = l.canonical_id AND v.state NOT IN ('cancelled', 'no_show')
    AND (CAST(:first AS timestamptz) IS NULL OR v.start >= :first AND v.start < :last)"""
_PARTS = text("""
    SELECT substring(l.source_id FROM '^(.*)#') AS whole, l.source_id, l.canonical_id,
        r.gone IS NOT TRUE AND r.merged_into IS NULL AS is_standing
    FROM source_link l LEFT JOIN source_record r ON r.id = l.source_record_id
    WHERE l.system = :system AND l.kind = :kind AND l.source_id LIKE '%#%'
    AND substring(l.source_id FROM '^(.*)#') = ANY(:ids) ORDER BY l.source_id""")
_NAMED = text("""
    UPDATE source_link SET named_in = :roll
    WHERE system = :system AND kind = :kind AND source_id = ANY(:ids)""")

_AWAITING = ("system", "kind", "source_id", "source_record_id", "awaited_id")
_AWAIT = """
    INSERT INTO awaiting_record AS a (system, kind, source_id, source_record_id, awaited_id)
    SELECT DISTINCT ON (system, kind, source_id) system, kind, source_id, source_record_id, awaited_id
    FROM staged_awaiting_record ORDER BY system, kind, source_id, source_record_id DESC
    ON CONFLICT (system, kind, source_id) DO UPDATE SET source_record_id = excluded.source_record_id,
        awaited_id = excluded.awaited_id,
        since = CASE WHEN a.awaited_id = excluded.awaited_id THEN a.since ELSE excluded.since END"""
_OVER = text("""
    DELETE FROM awaiting_record a
    USING unnest(CAST(:systems AS text[]), CAST(:kinds AS text[]), CAST(:ids AS text[])) AS o (system, kind, source_id)
    WHERE (a.system, a.kind, a.source_id) = (o.system, o.kind, o.source_id)""")
_AWAITED = text("""
    SELECT a.source_record_id FROM awaiting_record a
    JOIN source_link l ON l.system = :joined AND l.kind = a.kind AND l.source_id = a.awaited_id
    WHERE a.system = :system AND a.kind = :kind AND a.source_record_id > :after
    ORDER BY a.source_record_id LIMIT :limit""")

_AWAITING_THESE = text("""
    SELECT source_record_id FROM awaiting_record
    WHERE system = :system AND kind = :kind AND awaited_id = ANY(:ids) ORDER BY source_record_id""")

_SHAPES = ("types", "codes")


class SqlLanding:
    """`hub.ports.Landing`. NUL characters, which PostgreSQL cannot keep in JSON, become U+2400."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def land(self, records: Sequence[SourceRecord], *, batch_id: int | None = None) -> tuple[Landed, ...]:
        """See the port."""
        if not records:
            return ()
        rows = [_row(record, position) for position, record in enumerate(records)]
        staged = stage(self._connection, source_record, _COLUMNS, rows, extra={"position": "integer"})
        inserted = staged.execute(self._connection, _LAND, {"batch_id": batch_id})
        new = {(row.system, row.kind, row.source_id, row.content_hash): row.id for row in inserted}
        if len(new) == len(rows):
            return tuple(Landed(new[_key(row)], is_new=True) for row in rows)
        left = set(new.values())
        landed = []
        for row in staged.execute(self._connection, _NUMBERS):
            landed.append(Landed(row.id, row.id in left))
            left.discard(row.id)
        return tuple(landed)

    def find_batches(self, ids: Collection[int]) -> dict[int, int]:
        """See the port."""
        return {row.id: row.batch_id for row in self._connection.execute(_LANDED_IN, {"ids": list(ids)})}

    def load(self, ids: Collection[int]) -> dict[int, SourceRecord]:
        """See the port."""
        return {
            row.id: SourceRecord(
                ref=SourceRef(row.system, Kind(row.kind), row.source_id),
                payload=row.payload,
                version=row.version,
                modified_at=row.modified_at,
                file=row.file,
                line=row.line,
                gone=row.gone,
                merged_into=row.merged_into,
            )
            for row in run_text(self._connection, _LOAD, {"ids": list(ids)})
        }

    def find(self, records: Sequence[SourceRecord]) -> tuple[int | None, ...]:
        """See the port."""
        rows = [_row(record, 0) for record in records]
        values = {
            "systems": [row[0] for row in rows],
            "kinds": [row[1] for row in rows],
            "ids": [row[2] for row in rows],
            "hashes": [row[4] for row in rows],
        }
        return tuple(row.id for row in run_text(self._connection, _FIND, values))

    def find_between(self, system: str, kind: Kind, first: datetime, last: datetime) -> tuple[int, ...]:
        """See the port."""
        values = {"system": system, "kind": str(kind), "first": first, "last": last}
        return tuple(self._connection.execute(_BETWEEN, values).scalars())

    def count_imported(self, system: str, kind: Kind, first: datetime, last: datetime) -> int:
        """See the port."""
        values = {"system": system, "kind": str(kind), "first": first, "last": last}
        return int(self._connection.execute(_IMPORTED_BETWEEN, values).scalar_one())


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
            for row in run_text(self._connection, _LINKED_AMONG, {"system": system, "kind": str(kind), "ids": ids}):
                ref = SourceRef(system, kind, row.source_id)
                found[ref] = Link(ref, row.canonical_id, row.source_record_id)
        return found

    def find_all(self, system: str, kind: Kind, among: Collection[str] | None = None) -> dict[str, str]:
        """See the port."""
        values = {"system": system, "kind": str(kind)}
        query = _LINKED if among is None else _LINKED_AMONG
        # In order, so that one finds itself beside the one before.
        rows = run_text(self._connection, query, values if among is None else {**values, "ids": sorted(among)})
        return {row.source_id: row.canonical_id for row in rows}

    def find_standing(
        self, system: str, kind: Kind, *, roll: str | None = None, within: Span | None = None
    ) -> frozenset[str]:
        """See the port."""
        values: dict[str, object] = {"system": system, "kind": str(kind), "roll": roll or ""}
        if kind is Kind.VISIT:
            values |= {"first": within and within.start, "last": within and within.end}
        statement = text(_STANDING.format(visits=_VISITS if kind is Kind.VISIT else ""))
        return frozenset(self._connection.execute(statement, values).scalars())

    def find_parts(self, system: str, kind: Kind, wholes: Collection[str]) -> dict[str, tuple[KnownPart, ...]]:
        """See the port."""
        values = {"system": system, "kind": str(kind), "ids": list(wholes)}
        found: dict[str, tuple[KnownPart, ...]] = {}
        for row in self._connection.execute(_PARTS, values) if wholes else ():
            part = KnownPart(row.source_id, row.canonical_id, is_standing=row.is_standing)
            found[row.whole] = (*found.get(row.whole, ()), part)
        return found

    def note_named(self, system: str, kind: Kind, ids: Collection[str], roll: str) -> None:
        """See the port."""
        self._connection.execute(_NAMED, {"system": system, "kind": str(kind), "ids": list(ids), "roll": roll})

    def find_refs(self, kind: Kind, canonical_id: str) -> tuple[SourceRef, ...]:
        """See the port."""
        rows = run_text(self._connection, _REFS, {"kind": str(kind), "id": canonical_id})
        found = sorted((row.is_end is True, SourceRef(row.system, kind, row.source_id)) for row in rows)
        return tuple(ref for _, ref in found)

    def find_several(self, system: str, kind: Kind, canonical_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """See the port."""
        values = {"system": system, "kind": str(kind), "ids": list(canonical_ids)}
        rows = run_text(self._connection, _SEVERAL, values) if canonical_ids else ()
        return {row.canonical_id: frozenset(row.source_ids) for row in rows}

    def find_systems(self, kind: Kind, canonical_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """See the port."""
        rows = run_text(self._connection, _SYSTEMS, {"kind": str(kind), "ids": list(canonical_ids)})
        return {row.canonical_id: frozenset(row.systems) for row in rows}

    def count(self, system: str, kind: Kind) -> int:
        """See the port."""
        return int(self._connection.execute(_COUNT, {"system": system, "kind": str(kind)}).scalar_one())

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
        stage(self._connection, source_link, columns, rows).defer(self._connection, _LINK_STAGED)

    def save_loaded(self, batch_id: int) -> None:
        """See the port."""
        self._connection.execute(_LINK_LOADED, {"batch": batch_id})

    def save_awaiting(self, awaiting: Sequence[Awaiting], *, over: Sequence[SourceRef]) -> None:
        """See the port."""
        refs = set(over) - {one.ref for one in awaiting}
        names = {"systems": [r.system for r in refs], "kinds": [r.kind for r in refs], "ids": [r.id for r in refs]}
        self._connection.execute(_OVER, names)
        if awaiting:
            rows = ((*one.ref, one.source_record_id, one.key) for one in awaiting)
            stage(self._connection, awaiting_record, _AWAITING, rows).execute(self._connection, _AWAIT)

    def find_awaiting(self, system: str, kind: Kind, ids: Collection[str]) -> tuple[int, ...]:
        """See the port."""
        values = {"system": system, "kind": str(kind), "ids": list(ids)}
        return tuple(self._connection.execute(_AWAITING_THESE, values).scalars())

    def find_awaited(self, system: str, kind: Kind, joined: str, *, after: int, limit: int) -> tuple[int, ...]:
        """See the port."""
        values = {"system": system, "kind": str(kind), "joined": joined, "after": after, "limit": limit}
        return tuple(self._connection.execute(_AWAITED, values).scalars())


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

    def find_contract(self, system: str, kind: Kind) -> Contract | None:
        """See the port."""
        query = select(stream_cursor.c.contract).where(stream_cursor.c.system == system, stream_cursor.c.kind == kind)
        held = self._connection.execute(query).scalar()
        return _contract(held) if held is not None else None

    def save_contract(self, system: str, kind: Kind, contract: Contract) -> None:
        """See the port."""
        held = {name: {path: sorted(found) for path, found in getattr(contract, name).items()} for name in _SHAPES}
        values = {"system": system, "kind": kind, "contract": {"records": contract.records, **held}}
        statement = insert(stream_cursor).values(values)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["system", "kind"], set_={"contract": statement.excluded.contract}
            )
        )


def _contract(held: dict[str, Any]) -> Contract:
    shapes = {name: {path: frozenset(found) for path, found in held[name].items()} for name in _SHAPES}
    return Contract(held["records"], **shapes)


def stored_row(record: SourceRecord) -> tuple[str | None, str, str, datetime | None]:
    """Version, hash of the content, the content as JSON, and when it was modified."""
    payload = _as_json(record.payload)
    said = f"{payload} gone {record.merged_into or ''}" if record.is_end else payload
    return record.version, hashlib.sha256(said.encode()).hexdigest(), payload, record.modified_at


def _row(record: SourceRecord, position: int) -> tuple[object, ...]:
    ref = record.ref
    stamps = (record.file, record.line, record.gone, record.merged_into)
    return (ref.system, str(ref.kind), ref.id, *stored_row(record), *stamps, position)


def _key(row: tuple[object, ...]) -> tuple[object, object, object, object]:
    return row[0], row[1], row[2], row[4]


def _as_json(payload: dict[str, Any]) -> str:
    try:
        form, values_of = _form_of(tuple(payload))
        written = form % tuple(map(encode_basestring, values_of(payload)))
    except (TypeError, ValueError):  # not all of it is text, or there are not two
        written = _write_json(payload)
    if "\\u0000" in written:
        written = _NUL.sub(r"\1\\u2400", written)
    return written if written.isascii() else written.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=64)
def _form_of(names: tuple[str, ...]) -> tuple[str, Callable[[dict[str, Any]], Iterable[Any]]]:
    """JSON without its values, and who takes these out of a payload: a file's rows have the same keys, and texts alone.

    Raises:
        ValueError: there are fewer than two.
    """
    first, second, *others = sorted(names)
    keys = (encode_basestring(name).replace("%", "%%") for name in (first, second, *others))
    return "{" + ",".join(f"{key}:%s" for key in keys) + "}", itemgetter(first, second, *others)
