"""Cut-overs in their tables, and what differs between two exports of one system."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, text

from hub.canonical.ids import Kind
from hub.ports.cutovers import CutoverStep, FileChanges, GoneRow, Reentry, Step, Written
from hub.store.driver import run_text
from hub.store.records import TABLES

_STEPS = text("""
    SELECT number, step, at, by, detail FROM cutover_step WHERE system = :system
    AND number = (SELECT max(number) FROM cutover_step WHERE system = :system) ORDER BY at""")
_RECORD = text("""
    INSERT INTO cutover_step (system, number, step, by, detail, snapshot, transaction_id)
    VALUES (:system, :number, :step, :by, CAST(:detail AS jsonb), CAST(pg_current_snapshot() AS text),
        CAST(CAST(pg_current_xact_id() AS text) AS bigint))""")
_SILENT = text("""
    SELECT system, detail -> 'kinds' AS kinds FROM cutover_step s WHERE step = 'switch' AND NOT EXISTS (
        SELECT FROM cutover_step b WHERE b.system = s.system AND b.number = s.number AND b.step = 'back')""")

# What was last taken in whole is what had landed before the account that stands, or that stood at a moment.
_DIFFERS = """
    WITH landed AS (
        SELECT b.kind, b.id AS new_id, (
            SELECT max(o.id) FROM import_batch o WHERE o.system = b.system AND o.stage = 'land' AND o.kind = b.kind
            AND o.state IN ('loaded', 'superseded') AND o.id < a.id) AS old_id
        FROM import_batch b JOIN import_batch a ON a.id = (
            SELECT max(id) FROM import_batch WHERE system = :system AND stage = 'account' AND CASE
                WHEN CAST(:since AS timestamptz) IS NULL THEN state = 'loaded' ELSE finished_at <= :since END)
        WHERE b.system = :system AND b.stage = 'land' AND b.state = 'loaded'),
    now AS (SELECT p.kind, l.* FROM landed p JOIN landed_row l ON l.batch_id = p.new_id
        WHERE p.new_id IS DISTINCT FROM p.old_id AND l.why IS NULL),
    before AS (SELECT p.kind, l.* FROM landed p JOIN landed_row l ON l.batch_id = p.old_id
        WHERE p.new_id IS DISTINCT FROM p.old_id AND l.why IS NULL),
    differs AS (
        SELECT kind, source_id, coalesce(n.file, o.file) AS file, coalesce(n.line, o.line) AS line,
            CASE WHEN o.source_id IS NULL THEN 'new' WHEN n.source_id IS NULL THEN 'gone' ELSE 'changed' END AS what
        FROM now n FULL JOIN before o USING (kind, source_id)
        WHERE n.source_record_id IS DISTINCT FROM o.source_record_id)"""
_CHANGES = text(f"""{_DIFFERS}
    SELECT kind, file, count(*) FILTER (WHERE what = 'new') AS new, count(*) FILTER (WHERE what = 'changed') AS changed,
        count(*) FILTER (WHERE what = 'gone') AS gone
    FROM differs GROUP BY 1, 2 ORDER BY 2, 1""")  # noqa: S608 - the query above
_OF_ONE_SORT = text(f"""{_DIFFERS}
    SELECT d.kind, d.file, d.line, d.source_id, k.canonical_id FROM differs d
    LEFT JOIN source_link k ON k.system = :system AND k.kind = d.kind AND k.source_id = d.source_id
    WHERE d.what = :what ORDER BY d.file, d.line""")  # noqa: S608 - the same

# A restored database has other numbers of transactions: there the moments alone must do.
_SINCE = text("""
    SELECT at AS since, CAST(CAST(xmin AS text) AS bigint) AS writer, snapshot,
        CAST(CAST(pg_snapshot_xmin(CAST(snapshot AS pg_snapshot)) AS text) AS bigint) AS oldest
    FROM (SELECT s.xmin, s.at, CASE WHEN transaction_id & 4294967295 = CAST(CAST(s.xmin AS text) AS bigint)
            THEN snapshot END AS snapshot
        FROM cutover_step s WHERE system = :system AND number = :number AND step = :step) AS step""")


def _later(row: str, at: str) -> str:
    """What was committed after the step: who had begun before it says an earlier moment, but its snapshot missed them.

    A row has the last 32 bits of its transaction's number: it is at most 2^31 from those that the snapshot speaks of.
    """
    number = f"CAST(CAST({row}.xmin AS text) AS bigint)"
    beyond = f"(({number} - :oldest) & 4294967295)"
    seen = f"pg_visible_in_snapshot(CAST(CAST(:oldest + {beyond} AS text) AS xid8), CAST(:snapshot AS pg_snapshot))"
    return f"({row}.{at} > :since OR ({number} <> :writer AND {beyond} < 2147483648 AND NOT {seen}))"


_KNOWN_AS = """
    ARRAY(SELECT source_id FROM source_link k
        WHERE k.system = :system AND k.kind = :kind AND k.canonical_id = {id} ORDER BY 1)"""
_WRITTEN = f"""
    SELECT t.id, {_KNOWN_AS.format(id="t.id")} AS source_ids,
        ARRAY(SELECT DISTINCT name FROM domain_event e
            WHERE e.subject_kind = :kind AND e.subject_id = t.id AND {_later("e", "at")} ORDER BY 1) AS events,
        {{more}} AS more
    FROM "{{table}}" t WHERE {{written}} ORDER BY t.id"""  # noqa: S608 fixed parts
_MORE = {
    Kind.VISIT: """json_build_object('package_id', (SELECT min(package_id) FROM package_use u WHERE u.visit_id = t.id),
        'deposit', t.deposit_minor - t.deposit_waived_minor, 'fee', t.fee_minor - t.fee_waived_minor)""",
    Kind.PACKAGE: """json_build_object('sessions_left', t.credits - t.used_before
        - (SELECT count(*) FROM package_use u WHERE u.package_id = t.id))""",
}
_UPDATED = _later("t", "updated_at")
_WHEN = {
    Kind.PATIENT: f"""t.merged_into IS NULL AND ({_UPDATED} OR EXISTS (SELECT FROM domain_event e
        WHERE e.subject_kind = 'patient' AND e.subject_id = t.id AND {_later("e", "at")}))""",
    Kind.PACKAGE: f"""({_UPDATED}
        OR EXISTS (SELECT FROM package_use u WHERE u.package_id = t.id AND {_later("u", "used_at")}))""",
}
"""When one was written though its own columns may say what they said: who was merged here, what was booked with."""
_COUNTED = text(f"""
    SELECT coalesce(t.record_id, 'lot ' || t.id) AS id, {_KNOWN_AS.format(id="t.record_id")} AS source_ids,
        array_agg(DISTINCT m.kind ORDER BY m.kind) AS events, json_build_object('product_id', t.product_id,
            'location_id', t.location_id, 'name', t.name, 'expires_on', t.expires_on, 'on_hand', t.on_hand) AS more
    FROM lot t JOIN lot_movement m ON m.lot_id = t.id
    WHERE {_later("m", "recorded_at")} GROUP BY t.id ORDER BY t.id""")  # noqa: S608 fixed parts
_KEEP = text("""
    INSERT INTO reentry (system, number, place, kind, canonical_id, said)
    SELECT :system, :number, place, row ->> 'kind', row ->> 'id', row -> 'said'
    FROM jsonb_array_elements(CAST(:rows AS jsonb)) WITH ORDINALITY AS given (row, place)""")
_KEPT = text("""
    SELECT kind, canonical_id, said FROM reentry WHERE system = :system AND number = :number ORDER BY place""")


class SqlCutovers:
    """`hub.ports.cutovers.Cutovers`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_steps(self, system: str) -> dict[Step, CutoverStep]:
        """See the port."""
        rows = self._connection.execute(_STEPS, {"system": system})
        return {Step(row.step): CutoverStep(row.number, Step(row.step), *row[2:]) for row in rows}

    def record(self, system: str, number: int, step: Step, by: str, detail: Mapping[str, Any]) -> None:
        """See the port."""
        values = {"system": system, "number": number, "step": step, "by": by, "detail": json.dumps(dict(detail))}
        self._connection.execute(_RECORD, values)

    def find_silent(self) -> dict[str, frozenset[Kind]]:
        """See the port."""
        rows = run_text(self._connection, _SILENT, {})
        return {row.system: frozenset(Kind(kind) for kind in row.kinds) for row in rows}

    def find_changes(self, system: str, since: datetime | None = None) -> tuple[FileChanges, ...]:
        """See the port."""
        rows = self._connection.execute(_CHANGES, {"system": system, "since": since})
        return tuple(FileChanges(Kind(row.kind), *row[1:]) for row in rows)

    def find_gone(self, system: str, since: datetime | None = None) -> tuple[GoneRow, ...]:
        """See the port."""
        rows = self._connection.execute(_OF_ONE_SORT, {"system": system, "what": "gone", "since": since})
        return tuple(GoneRow(Kind(row.kind), *row[1:]) for row in rows)

    def find_new(self, system: str, since: datetime | None = None) -> dict[Kind, tuple[str, ...]]:
        """See the port."""
        found: dict[Kind, tuple[str, ...]] = {}
        for row in self._connection.execute(_OF_ONE_SORT, {"system": system, "what": "new", "since": since}):
            if row.canonical_id is not None:
                found[Kind(row.kind)] = (*found.get(Kind(row.kind), ()), row.canonical_id)
        return found

    def find_written(self, system: str, kinds: Collection[Kind], since: CutoverStep) -> tuple[Written, ...]:
        """See the port."""
        step = {"system": system, "number": since.number, "step": since.step}
        seen = self._connection.execute(_SINCE, step).one()._asdict()
        found: list[Written] = []
        for kind in (kind for kind in (*TABLES, Kind.LOT) if kind in kinds):
            rows = self._connection.execute(_written(kind), {"system": system, "kind": str(kind), **seen})
            found += (Written(kind, row.id, tuple(row.source_ids), tuple(row.events), row.more) for row in rows)
        return tuple(found)

    def save_reentries(self, system: str, number: int, entries: Sequence[Reentry]) -> None:
        """See the port."""
        rows = json.dumps([{"kind": one.kind, "id": one.id, "said": dict(one.said)} for one in entries])
        self._connection.execute(_KEEP, {"system": system, "number": number, "rows": rows})

    def load_reentries(self, system: str, number: int) -> tuple[Reentry, ...]:
        """See the port."""
        rows = self._connection.execute(_KEPT, {"system": system, "number": number})
        return tuple(Reentry(Kind(row.kind), row.canonical_id, row.said) for row in rows)


def _written(kind: Kind) -> TextClause:
    if kind is Kind.LOT:
        return _COUNTED
    more, written = _MORE.get(kind, "CAST('{}' AS json)"), _WHEN.get(kind, _UPDATED)
    return text(_WRITTEN.format(table=TABLES[kind].name, more=more, written=written))
