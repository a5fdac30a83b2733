"""What the hub holds of a moved history, in one order and by names alone: two dumps are equal when the histories are.

Numbers that the database gives and the moments at which it wrote are left out: they differ from run to run. Personal as
a whole, but for its hash, which PostgreSQL makes by itself.
"""

from collections.abc import Collection, Iterator
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, Table, text

from hub.store import tables

_AS_STREAM = {"stream_results": True, "max_row_buffer": 5000}
_GIVEN = frozenset({"lineage", "updated_at", "created_at", "revision", "batch_id", "source_record_id"})
_NUMBERED = frozenset({"id", "batch_id", "landed_at"})


class _Rows(NamedTuple):
    """What a dump says of a table."""

    select: str
    order: str


def _rows_of(table: Table, order: str, left_out: Collection[str] = _GIVEN) -> _Rows:
    columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in left_out)
    return _Rows(f'SELECT {columns} FROM "{table.name}"', order)  # noqa: S608 - the schema's own names


_VALUE = (tables.invoice, tables.payment, tables.package, tables.gift_card, tables.membership)
"""What was paid, and what was paid for and is still to be had."""
_RECORDS = (tables.patient, tables.location, tables.provider, tables.resource, tables.service, tables.visit, *_VALUE)
_LANDED = 'system, kind, source_id COLLATE "C", content_hash'
_ROWS = {
    **{table.name: _rows_of(table, 'id COLLATE "C"') for table in _RECORDS},
    "lot": _rows_of(tables.lot, "CAST(said AS text)", _GIVEN | {"id"}),
    "source_record": _rows_of(tables.source_record, _LANDED, _NUMBERED),
    "landed_row": _Rows(
        """SELECT b.system, b.kind, l.file, l.line, l.source_id, r.content_hash, l.month, l.why
        FROM landed_row l JOIN import_batch b ON b.id = l.batch_id JOIN source_record r ON r.id = l.source_record_id
        WHERE b.state = 'loaded'""",
        "system, file, line",
    ),
    "source_link": _Rows(
        """SELECT k.system, k.kind, k.source_id, k.canonical_id, r.content_hash
        FROM source_link k LEFT JOIN source_record r ON r.id = k.source_record_id""",
        'system, kind, source_id COLLATE "C"',
    ),
    "import_batch": _Rows(
        "SELECT system, stage, kind, month, fingerprint, counts FROM import_batch WHERE state = 'loaded'",
        "system, stage, kind, month",
    ),
    "disposition": _Rows(
        "SELECT system, file, line, source_key, verdict, reason, canonical_id, field FROM current_disposition",
        "system, file, line",
    ),
    "person_pair": _Rows(
        "SELECT first_id, second_id, state, rule, codes, score FROM person_pair", "first_id, second_id"
    ),
    "person_merge": _Rows(
        """SELECT m.survivor_id, m.merged_id, m.rule, m.codes, m.score, m.before, m.after, m.moved, m.undone_by
        FROM person_merge m LEFT JOIN import_batch b ON b.id = m.batch_id WHERE b.state IS DISTINCT FROM 'reversed'""",
        "merged_id, CAST(said AS text)",
    ),
    "history_conflict": _rows_of(tables.history_conflict, "system, unit, first_id, second_id", ()),
    "claim": _Rows(
        """SELECT c.visit_id, u.owner_kind, u.owner_id, u.number, c.during, c.need, c.step, c.firm
        FROM claim c JOIN resource_unit u ON u.id = c.unit_id""",
        "visit_id, owner_kind, owner_id, lower(during), need, step",
    ),
    "review_issue": _Rows(
        "SELECT kind, subject_kind, subject_id, codes, detail, state FROM review_issue",
        "kind, subject_kind, subject_id, state",
    ),
}
_HASHED = {**_ROWS, "source_record": _rows_of(tables.source_record, _LANDED, _NUMBERED | {"payload"})}
"""Nobody may change what landed, and its hash stands beside it."""
# However they come, rows are put in the order of their digests; some at a time, for no value is beyond a gibibyte.
_DIGEST = """
    SELECT encode(sha256(string_agg(digest, '' ORDER BY digest)), 'hex') FROM (
        SELECT sha256(convert_to(CAST(said AS text), 'UTF8')) AS digest FROM ({rows}) AS said OFFSET 0) AS digests
    GROUP BY substring(digest FOR 1) ORDER BY substring(digest FOR 1)"""


def dump_canonical(connection: Connection) -> Iterator[str]:
    """One line a row, table by table."""
    for name, rows in _ROWS.items():
        asked = f"SELECT CAST(to_jsonb(said) AS text) FROM ({rows.select}) AS said ORDER BY {rows.order}"  # noqa: S608
        found = connection.execute(text(asked), execution_options=_AS_STREAM)
        for said in found.scalars():
            yield f"{name} {said}"


def hash_canonical(connection: Connection) -> str:
    """The same while a dump would be the same."""
    connection.exec_driver_sql("SET LOCAL work_mem = '64MB'")
    found = sha256()
    for name, rows in _HASHED.items():
        for digest in connection.execute(text(_DIGEST.format(rows=rows.select))).scalars():
            found.update(f"{name} {digest}\n".encode())
    return found.hexdigest()
