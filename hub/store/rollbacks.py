"""Batches of a moved history, and what takes one back.

What a batch made has its number; what it changed stands in `batch_note` as it was. A record is removed by `remove_made`
alone, which belongs to the schema's owner and asks for the reversal.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from hub.canonical.ids import Kind
from hub.ports.migrations import Partition, Stage
from hub.ports.rollbacks import Batch, Dependant, Reversal
from hub.store.dependants import MADE, PLACES, RECORDS, find_dependants
from hub.store.tables import metadata

_FIND = text("""
    SELECT b.id, b.system, b.stage, b.kind, b.month, b.state, b.counts, b.finished_at, b.is_noted, r.at, r.by, r.reason
    FROM import_batch b LEFT JOIN batch_reversal r ON r.batch_id = b.id
    WHERE b.stage <> 'import' AND b.state <> 'failed' ORDER BY b.id""")
_BEGIN = text("""
    INSERT INTO batch_reversal (batch_id, by, reason)
    SELECT one, :by, :reason FROM unnest(CAST(:ids AS bigint[])) AS one""")
_LED = text("""
    SELECT m.id FROM person_merge m WHERE m.batch_id = ANY(:ids) AND m.undone_at IS NULL AND EXISTS (
        SELECT FROM patient p WHERE p.id IN (m.survivor_id, m.merged_id) AND (p.batch_id = ANY(:ids)) IS NOT TRUE)
    ORDER BY m.id DESC""")
_UNDO = text("""
    UPDATE person_merge SET undone_at = now(), undone_by = :by, undone_reason = :reason
    WHERE batch_id = ANY(:ids) AND undone_at IS NULL""")
# What such a batch parted is one again, unless the merge goes with it; a batch has one moment.
_REDO = text("""
    UPDATE person_merge m SET undone_at = NULL, undone_by = NULL, undone_reason = NULL FROM import_batch b
    WHERE b.id = ANY(:ids) AND m.undone_at = b.finished_at AND m.undone_by = 'migration:' || b.system
    AND m.batch_id <> ALL(:ids)""")
_CLAIMING = text("""
    SELECT id FROM visit v WHERE batch_id = ANY(:ids) AND EXISTS (SELECT FROM claim c WHERE c.visit_id = v.id)
    ORDER BY id""")
_RESTORED_VISITS = text("""
    SELECT DISTINCT v.id FROM batch_note n JOIN visit v ON v.id = n.key
    WHERE n.batch_id = ANY(:ids) AND n.what = 'visit' AND EXISTS (SELECT FROM claim c WHERE c.visit_id = v.id)
    ORDER BY v.id""")
# Of several batches the first one's note is how the row was before all of them.
_RESTORE = """
    UPDATE "{table}" t SET {changes}
    FROM (SELECT DISTINCT ON (key) key, before FROM batch_note
        WHERE batch_id = ANY(:ids) AND what = '{table}' AND before IS NOT NULL ORDER BY key, number) n,
        jsonb_populate_record(CAST(NULL AS "{table}"), n.before) old
    WHERE {same}"""
_BY_ID = "t.id = old.id"
_BY_REF = "(t.system, t.kind, t.source_id) = (old.system, old.kind, old.source_id)"
_CHANGED = (*RECORDS, "source_link", "person_pair", "review_issue")
_OF_LOT = ("expires_on", "record_id", "unit")
_EMPTY_LOTS = text("""
    INSERT INTO lot_movement (lot_id, kind, at, change, reason, actor)
    SELECT m.lot_id, 'adjusted', now(), -sum(m.change), 'rollback', m.actor
    FROM batch_note n JOIN lot_movement m ON m.id = CAST(n.key AS bigint)
    WHERE n.batch_id = ANY(:ids) AND n.what = 'lot_movement'
    GROUP BY m.lot_id, m.actor HAVING sum(m.change) <> 0""")
_HAND_OVER = """
    UPDATE "{place}" x SET batch_id = heir.batch_id
    FROM (SELECT y.id, min(t.batch_id) AS batch_id FROM "{table}" t JOIN "{place}" y ON y.id = t."{column}"
        WHERE y.batch_id = ANY(:ids) AND t.batch_id <> ALL(:ids) GROUP BY 1) heir
    WHERE x.id = heir.id AND x.batch_id = ANY(:ids)"""
_KEEP_LOTS_PLACES = text("""
    UPDATE location x SET batch_id = NULL FROM lot WHERE lot.location_id = x.id AND x.batch_id = ANY(:ids)""")
_HAND_OVER_LINKS = """
    UPDATE source_link k SET batch_id = heir.batch_id
    FROM (SELECT l.canonical_id AS id, min(t.batch_id) AS batch_id FROM source_link l
        JOIN "{table}" t ON t."{column}" = l.canonical_id
        WHERE l.kind = '{place}' AND l.batch_id = ANY(:ids) AND t.batch_id <> ALL(:ids) GROUP BY 1) heir
    WHERE k.kind = '{place}' AND k.canonical_id = heir.id AND k.batch_id = ANY(:ids)"""
_KEEP_LOTS_LINKS = text("""
    UPDATE source_link k SET batch_id = NULL FROM lot
    WHERE k.kind = 'location' AND k.canonical_id = lot.location_id AND k.batch_id = ANY(:ids)""")
_FORGET_CONFLICTS = text("""
    DELETE FROM history_conflict h USING visit v WHERE v.batch_id = ANY(:ids) AND v.id IN (h.first_id, h.second_id)""")
_FORGET_LED = text("""
    WITH led AS (
        SELECT m.id, jsonb_agg(one.id ORDER BY one.id) FILTER (WHERE v.id IS NULL) AS visits
        FROM person_merge m CROSS JOIN jsonb_array_elements_text(m.moved -> 'visit') AS one (id)
        LEFT JOIN visit v ON v.id = one.id AND v.batch_id = ANY(:ids)
        WHERE m.undone_at IS NULL GROUP BY m.id HAVING count(v.id) > 0)
    UPDATE person_merge m SET moved = (m.moved - 'visit') || CASE WHEN led.visits IS NULL THEN '{}'
        ELSE jsonb_build_object('visit', led.visits) END
    FROM led WHERE led.id = m.id""")
_FORGET_NOTES = text("SELECT forget_notes(:until)")
_REMOVE = text("SELECT remove_made(:ids, :what)")
_REVERSE = text("UPDATE import_batch SET state = 'reversed' WHERE id = ANY(:ids)")
_VOID = text("""
    UPDATE import_batch o SET state = 'superseded' FROM import_batch b
    WHERE b.id = ANY(:ids) AND o.system = b.system AND o.state = 'loaded'
    AND (o.stage IN ('claim', 'account') OR o.stage = 'replay' AND b.kind IN ('patient', 'visit'))""")
# What an earlier attempt says of rows is true while those rows are the ones that are read.
_REVIVE = text("""
    WITH earlier AS (
        SELECT DISTINCT ON (b.id) b.id, b.system, b.kind, o.id AS reversed_id
        FROM import_batch o JOIN import_batch b ON b.system = o.system AND b.stage = o.stage AND b.kind = o.kind
            AND b.month IS NOT DISTINCT FROM o.month AND b.state = 'superseded'
        WHERE o.id = ANY(:ids) AND o.stage = :stage AND NOT EXISTS (
            SELECT FROM import_batch c WHERE c.system = b.system AND c.stage = b.stage AND c.kind = b.kind
            AND c.month IS NOT DISTINCT FROM b.month AND c.id > b.id AND c.state IN ('loaded', 'superseded')))
    UPDATE import_batch b SET state = 'loaded' FROM earlier
    WHERE b.id = earlier.id AND (:stage = 'land' OR EXISTS (
        SELECT FROM import_batch l WHERE l.system = b.system AND l.kind = b.kind AND l.stage = 'land'
        AND l.state = 'loaded' AND l.id < b.id AND NOT EXISTS (
            SELECT FROM import_batch m WHERE m.system = b.system AND m.kind = b.kind AND m.stage = 'land'
            AND m.id BETWEEN l.id + 1 AND b.id)))
    RETURNING b.id""")


class SqlRollbacks:
    """`hub.ports.rollbacks.Rollbacks`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_batches(self) -> tuple[Batch, ...]:
        """See the port."""
        return tuple(_batch(row) for row in self._connection.execute(_FIND))

    def forget_notes(self, until: datetime) -> int:
        """See the port."""
        forgotten: int = self._connection.execute(_FORGET_NOTES, {"until": until}).scalar_one()
        return forgotten

    def lock_records(self) -> None:
        """See the port."""
        tables = ", ".join(f'"{name}"' for name in sorted([*MADE, "person_merge", "person_pair"]))
        self._connection.exec_driver_sql(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")

    def find_dependants(self, batch_ids: Collection[int]) -> tuple[Dependant, ...]:
        """See the port."""
        return tuple(dict.fromkeys(find_dependants(self._connection, batch_ids)))

    def begin(self, batch_ids: Collection[int], by: str, reason: str) -> None:
        """See the port."""
        self._connection.exec_driver_sql("SET LOCAL hub.taking_back = 'yes'")
        self._run(_BEGIN, batch_ids, by=by, reason=reason)

    def find_led(self, batch_ids: Collection[int]) -> tuple[int, ...]:
        """See the port."""
        return tuple(self._run(_LED, batch_ids).scalars())

    def find_claiming(self, batch_ids: Collection[int]) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._run(_CLAIMING, batch_ids).scalars())

    def restore(self, batch_ids: Collection[int]) -> dict[str, int]:
        """See the port."""
        restored = {table: self._run(text(_restore(table)), batch_ids).rowcount for table in (*_CHANGED, "lot")}
        return {table: number for table, number in restored.items() if number}

    def remove(self, batch_ids: Collection[int], by: str, reason: str) -> dict[str, int]:
        """See the port."""
        self._run(_UNDO, batch_ids, by=by, reason=reason)
        self._run(_REDO, batch_ids)
        lines = self._run(_EMPTY_LOTS, batch_ids).rowcount
        self._hand_over_places(batch_ids)
        for statement in (_FORGET_CONFLICTS, _FORGET_LED):
            self._run(statement, batch_ids)
        removed = {table: self._remove(table, batch_ids) for table in ("person_pair", "review_issue", *MADE)}
        return {table: number for table, number in {**removed, "lot": lines}.items() if number}

    def find_restored_visits(self, batch_ids: Collection[int]) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._run(_RESTORED_VISITS, batch_ids).scalars())

    def end(self, batch_ids: Collection[int]) -> tuple[int, ...]:
        """See the port."""
        for statement in (_REVERSE, _VOID):
            self._run(statement, batch_ids)
        stages = (Stage.LAND, Stage.LOAD)
        return tuple(id_ for stage in stages for id_ in self._run(_REVIVE, batch_ids, stage=stage).scalars())

    def _hand_over_places(self, batch_ids: Collection[int]) -> None:
        for place in PLACES:
            for table in (metadata.tables[name] for name in RECORDS):
                for key in (one for one in table.foreign_keys if one.column.table.name == place):
                    names = {"place": place, "table": table.name, "column": key.parent.name}
                    for template in (_HAND_OVER, _HAND_OVER_LINKS):
                        self._run(text(template.format(**names)), batch_ids)
        for statement in (_KEEP_LOTS_PLACES, _KEEP_LOTS_LINKS):
            self._run(statement, batch_ids)

    def _remove(self, table: str, batch_ids: Collection[int]) -> int:
        return int(self._run(_REMOVE, batch_ids, what=table).scalar_one())

    def _run(self, statement: Any, batch_ids: Collection[int], **values: str) -> Any:
        return self._connection.execute(statement, {"ids": list(batch_ids), **values})


def _restore(table: str) -> str:
    columns = metadata.tables[table].c
    written = _OF_LOT if table == "lot" else [one.name for one in columns if not one.primary_key]
    changes = ", ".join(f'"{name}" = old."{name}"' for name in written)
    return _RESTORE.format(table=table, changes=changes, same=_BY_REF if table == "source_link" else _BY_ID)


def _batch(row: Row[Any]) -> Batch:
    partition = Partition(Stage(row.stage), row.kind and Kind(row.kind), row.month)
    reversal = Reversal(row.at, row.by, row.reason) if row.at is not None else None
    return Batch(row.id, row.system, partition, row.state, row.counts, row.finished_at, row.is_noted, reversal)
