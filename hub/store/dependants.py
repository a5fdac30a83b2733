"""What would be torn apart if batches of a moved history were taken back: found, never changed, here."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, Table, text

from hub.ports.rollbacks import Dependant
from hub.store.tables import metadata

MADE = (
    "source_link", "payment", "invoice", "package", "gift_card", "membership", "visit", "patient", "service",
    "provider", "resource", "location",
)  # fmt: skip
"""The tables whose rows say which batch made them; what names comes before what it names."""
RECORDS = MADE[1:]
PLACES = ("resource", "location")
"""Made by the first row that names one: without it, by the next."""

# What follows its visit or patient, or is led back with its merge, and the places of lots, which stay.
_FOLLOWS = {"claim", "stock_promise", "history_conflict", "person_pair"}
_NOT_REFERENCES = {("patient", "merged_into"), ("lot", "location_id")}
_BY_WORD = (("visit", "payment_intent", "visit_id"), ("provider", "absence", "resource_id"))
"""Names without a foreign key: what is named, and the table and column that name it."""

_STANDS = "b.stage NOT IN ('import', 'replay', 'claim', 'account') AND b.state IN ('loaded', 'superseded')"
_LATER_ATTEMPTS = f"""
    SELECT DISTINCT b.id, o.stage = 'land' AND b.stage <> 'land' AS is_reader
    FROM import_batch o JOIN import_batch b ON b.system = o.system AND b.kind = o.kind
        AND b.id > o.id AND (o.stage = 'land' OR b.stage <> 'land' AND b.month = o.month)
    WHERE o.id = ANY(:ids) AND b.id <> ALL(:ids) AND {_STANDS}"""  # noqa: S608 - the text above
_LATER_NOTES = f"""
    SELECT DISTINCT b.id AS batch_id FROM batch_note n
    JOIN batch_note l ON l.what = n.what AND l.key = n.key AND l.number > n.number
    JOIN import_batch b ON b.id = l.batch_id
    WHERE n.batch_id = ANY(:ids) AND n.what <> 'review_issue' AND b.id <> ALL(:ids) AND {_STANDS}"""  # noqa: S608 - the same
_NOTED_BY_OTHERS = f"""
    SELECT DISTINCT b.id AS batch_id FROM "{{table}}" t
    JOIN batch_note l ON l.what = '{{table}}' AND l.key = {{key}} JOIN import_batch b ON b.id = l.batch_id
    WHERE t.batch_id = ANY(:ids) AND b.id <> ALL(:ids) AND {_STANDS}"""  # noqa: S608 - the same
_LINK = "concat_ws(' ', t.system, t.kind, t.source_id)"
# Whoever writes a record notes the moment, and a batch has one moment: that at which it was finished.
_CHANGED = f"""
    WITH theirs AS (
        SELECT t.id AS key, t.batch_id, t.updated_at FROM "{{table}}" t WHERE t.batch_id = ANY(:ids)
        UNION SELECT n.key, n.batch_id, t.updated_at FROM batch_note n JOIN "{{table}}" t ON t.id = n.key
        WHERE n.batch_id = ANY(:ids) AND n.what = '{{table}}')
    SELECT key FROM theirs JOIN import_batch b ON b.id = theirs.batch_id
    GROUP BY key, updated_at HAVING updated_at > max(b.finished_at) AND NOT EXISTS (
        SELECT FROM batch_note l JOIN import_batch b ON b.id = l.batch_id
        WHERE l.what = '{{table}}' AND l.key = theirs.key AND b.id <> ALL(:ids) AND {_STANDS})"""  # noqa: S608
_NAMED = f"""
    SELECT CASE WHEN b.id IS NULL THEN CAST({{key}} AS text) END AS id, b.id AS batch_id, count(*) AS number
    FROM "{{table}}" t JOIN "{{target}}" x ON x.id = t."{{column}}"
    LEFT JOIN import_batch b ON b.id = {{batch}} AND {_STANDS}
    WHERE x.batch_id = ANY(:ids) AND ({{batch}} = ANY(:ids)) IS NOT TRUE{{only}} GROUP BY 1, 2"""  # noqa: S608
# Rows that were read by a link of theirs name what it leads to, be it a record that was here before.
_LED_THERE = f"""
    WITH k AS (
        SELECT batch_id, system, canonical_id FROM source_link WHERE kind = '{{target}}' AND batch_id = ANY(:ids)
        UNION ALL SELECT n.batch_id, t.system, t.canonical_id FROM batch_note n
        JOIN source_link t ON n.what = 'source_link' AND n.key = {_LINK}
        WHERE t.kind = '{{target}}' AND n.batch_id = ANY(:ids))
    SELECT DISTINCT NULL AS id, b.id AS batch_id FROM k
    JOIN "{{table}}" t ON t."{{column}}" = k.canonical_id JOIN import_batch b ON b.id = t.batch_id AND {_STANDS}
    WHERE b.id <> ALL(:ids) AND b.id > k.batch_id AND b.system = k.system"""  # noqa: S608 - the same
_OTHERS: tuple[tuple[str, str, str], ...] = (
    (
        "merge",
        "one of the two patients came with it",
        """
        SELECT m.id FROM person_merge m WHERE m.undone_at IS NULL AND (m.batch_id = ANY(:ids)) IS NOT TRUE
        AND EXISTS (SELECT FROM patient p WHERE p.id IN (m.survivor_id, m.merged_id) AND p.batch_id = ANY(:ids))""",
    ),
    (
        "person_pair",
        "somebody has decided since who they are",
        """
        SELECT q.id FROM person_pair q JOIN patient p ON p.id IN (q.first_id, q.second_id)
        JOIN import_batch b ON b.id = p.batch_id
        WHERE p.batch_id = ANY(:ids) AND q.decided_at > (SELECT max(finished_at) FROM import_batch WHERE id = ANY(:ids))
        AND q.decided_by NOT LIKE 'migration:%'""",
    ),
    (
        "package",
        "sessions are taken that it brought",
        """
        SELECT n.key FROM batch_note n WHERE n.batch_id = ANY(:ids) AND n.what = 'package' AND n.before IS NOT NULL
        AND CAST(n.before ->> 'credits' AS int) - CAST(n.before ->> 'used_before' AS int)
            < (SELECT count(*) FROM package_use u WHERE u.package_id = n.key)""",
    ),
    (
        "lot",
        "its ledger goes on behind what was brought",
        """
        SELECT DISTINCT coalesce(t.record_id, CAST(t.id AS text)) FROM batch_note n
        JOIN lot_movement m ON m.id = CAST(n.key AS bigint)
        JOIN lot_movement l ON l.lot_id = m.lot_id AND l.id > m.id AND l.reason IS DISTINCT FROM 'rollback'
        JOIN lot t ON t.id = m.lot_id
        WHERE n.batch_id = ANY(:ids) AND n.what = 'lot_movement'
        AND NOT EXISTS (SELECT FROM batch_note o JOIN import_batch b ON b.id = o.batch_id
            WHERE o.what = 'lot_movement' AND o.key = CAST(l.id AS text) AND (b.id = ANY(:ids) OR b.state = 'reversed'))
        """,
    ),
    (
        "claim",
        "it takes time of a person or a room that came with it",
        """
        SELECT DISTINCT coalesce(c.visit_id, c.hold_id, c.block_id) FROM claim c
        JOIN resource_unit u ON u.id = c.unit_id LEFT JOIN visit v ON v.id = c.visit_id
        WHERE v.batch_id IS NULL AND u.owner_kind = 'resource'
        AND u.owner_id IN (SELECT id FROM resource WHERE batch_id = ANY(:ids)
            UNION ALL SELECT id FROM provider WHERE batch_id = ANY(:ids))""",
    ),
    (
        "practice",
        "the practice file in force names it",
        """
        SELECT id FROM provider WHERE batch_id = ANY(:ids) AND bookable
        UNION ALL SELECT id FROM resource WHERE batch_id = ANY(:ids) AND bookable""",
    ),
)


def find_dependants(connection: Connection, batch_ids: Collection[int]) -> Iterator[Dependant]:
    """See `Rollbacks.find_dependants`; some may come twice."""
    values = {"ids": list(batch_ids)}
    for row in connection.execute(text(_LATER_ATTEMPTS), values):
        why = "it loaded what landed there" if row.is_reader else "a later attempt at the same rows"
        yield Dependant("batch", str(row.id), why)
    for query in _later_notes():
        for number in connection.execute(text(query), values).scalars():
            yield Dependant("batch", str(number), "it changed the same records")
    for name in RECORDS:
        for key in connection.execute(text(_CHANGED.format(table=name)), values).scalars():
            yield Dependant(name, key, "changed since")
    yield from _find_references(connection, values)
    for kind, why, query in (*_OTHERS, *_told()):
        for found in connection.execute(text(query), values).scalars():
            yield Dependant(kind, str(found), why)


def _later_notes() -> Iterator[str]:
    yield _LATER_NOTES
    for table in MADE:
        yield _NOTED_BY_OTHERS.format(table=table, key=_LINK if table == "source_link" else "t.id")


def _find_references(connection: Connection, values: dict[str, Any]) -> Iterator[Dependant]:
    for target, table, column in _references():
        for row in connection.execute(text(_named(target, table, column)), values):
            yield _dependant(row, table.name, f"its {column} came with it", f"it names a {target} that came with it")
        if target not in PLACES and "batch_id" in table.c:
            led = _LED_THERE.format(target=target, table=table.name, column=column)
            for row in connection.execute(text(led), values):
                yield _dependant(row, table.name, "", f"its rows were read by links to a {target}")


def _dependant(row: Any, table: str, why: str, why_batch: str) -> Dependant:
    if row.batch_id is not None:
        return Dependant("batch", str(row.batch_id), why_batch)
    return Dependant(table, row.id, why)


def _references() -> Iterator[tuple[str, Table, str]]:
    """What is named, and the table and column that name it."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            target, column = key.column.table.name, key.parent.name
            if target in RECORDS and table.name not in _FOLLOWS and (table.name, column) not in _NOT_REFERENCES:
                yield target, table, column
    for target, name, column in _BY_WORD:
        yield target, metadata.tables[name], column


def _named(target: str, table: Table, column: str) -> str:
    key = " || ':' || ".join(f't."{one.name}"' for one in table.primary_key)
    batch = "t.batch_id" if "batch_id" in table.c else "CAST(NULL AS bigint)"
    only = " AND b.id IS NULL" if target in PLACES else ""
    return _NAMED.format(target=target, table=table.name, column=column, key=key, batch=batch, only=only)


def _told() -> Iterator[tuple[str, str, str]]:
    """Other systems that know a record, and people who wait for what it is."""
    for table in RECORDS:
        yield (
            "delivery",
            "another system was told of its record",
            f"""SELECT DISTINCT o.id FROM outbox_delivery o JOIN "{table}" x ON x.id = o.canonical_id
            WHERE x.batch_id = ANY(:ids) AND o.kind = '{table}' ORDER BY 1""",  # noqa: S608 - the tables' own names
        )
        yield (
            "source_link",
            "it is the same record in another system",
            f"""SELECT k.system || ':' || k.source_id FROM source_link k JOIN "{table}" x ON x.id = k.canonical_id
            WHERE x.batch_id = ANY(:ids) AND k.kind = '{table}' AND (k.batch_id = ANY(:ids)) IS NOT TRUE
            AND NOT EXISTS (SELECT FROM import_batch b WHERE b.id = k.batch_id AND {_STANDS})""",  # noqa: S608
        )
    for table, part in (("patient", "patient"), ("service", "service")):
        yield (
            "waitlist_entry",
            f"its {part} came with it",
            f"""SELECT w.id FROM waitlist_entry w, jsonb_array_elements(w.parts) AS part
            JOIN "{table}" x ON x.id = part ->> '{part}'
            WHERE x.batch_id = ANY(:ids) AND w.state IN ('waiting', 'offered')""",  # noqa: S608 - the same
        )
