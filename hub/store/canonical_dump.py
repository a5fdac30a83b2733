"""What the hub holds of a moved history, in one order and by names alone: two dumps are equal when the histories are.

Numbers that the database gives and the moments at which it wrote are left out: they differ from run to run. Personal as
a whole.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, text

_AS_STREAM = {"stream_results": True, "max_row_buffer": 5000}
_GIVEN = "'lineage', 'updated_at', 'created_at', 'revision', 'batch_id', 'source_record_id'"
_VALUE = ["invoice", "payment", "package", "gift_card", "membership"]
"""What was paid, and what was paid for and is still to be had."""
_RECORDS = {
    name: f'SELECT to_jsonb(t) - ARRAY[{_GIVEN}] AS said FROM {name} t ORDER BY id COLLATE "C"'  # noqa: S608
    for name in (*["patient", "location", "provider", "resource", "service", "visit"], *_VALUE)
}
_TABLES = {
    **_RECORDS,
    "lot": """
        SELECT to_jsonb(t) - ARRAY['id', 'lineage', 'updated_at', 'created_at', 'revision', 'batch_id',
            'source_record_id'] AS said FROM lot t ORDER BY 1""",
    "source_record": """
        SELECT to_jsonb(t) - ARRAY['id', 'batch_id', 'landed_at'] AS said FROM source_record t
        ORDER BY system, kind, source_id COLLATE "C", content_hash""",
    "landed_row": """
        SELECT jsonb_build_array(b.system, b.kind, l.file, l.line, l.source_id, r.content_hash, l.month, l.why) AS said
        FROM landed_row l JOIN import_batch b ON b.id = l.batch_id JOIN source_record r ON r.id = l.source_record_id
        WHERE b.state = 'loaded' ORDER BY b.system, l.file, l.line""",
    "source_link": """
        SELECT jsonb_build_array(k.system, k.kind, k.source_id, k.canonical_id, r.content_hash) AS said
        FROM source_link k LEFT JOIN source_record r ON r.id = k.source_record_id
        ORDER BY k.system, k.kind, k.source_id COLLATE "C" """,
    "import_batch": """
        SELECT jsonb_build_array(system, stage, kind, month, fingerprint, counts) AS said FROM import_batch
        WHERE state = 'loaded' ORDER BY system, stage, kind, month""",
    "disposition": """
        SELECT jsonb_build_array(system, file, line, source_key, verdict, reason, canonical_id) AS said
        FROM current_disposition ORDER BY system, file, line""",
    "person_pair": """
        SELECT jsonb_build_array(first_id, second_id, state, rule, codes, score) AS said FROM person_pair
        ORDER BY first_id, second_id""",
    "person_merge": """
        SELECT jsonb_build_array(m.survivor_id, m.merged_id, m.rule, m.codes, m.score, m.before, m.after, m.moved,
            m.undone_by) AS said
        FROM person_merge m LEFT JOIN import_batch b ON b.id = m.batch_id
        WHERE b.state IS DISTINCT FROM 'reversed' ORDER BY m.merged_id, m.id""",
    "history_conflict": """
        SELECT to_jsonb(t) AS said FROM history_conflict t ORDER BY system, unit, first_id, second_id""",
    "claim": """
        SELECT jsonb_build_array(c.visit_id, u.owner_kind, u.owner_id, u.number, c.during, c.need, c.step,
            c.firm) AS said
        FROM claim c JOIN resource_unit u ON u.id = c.unit_id
        ORDER BY c.visit_id, u.owner_kind, u.owner_id, lower(c.during), c.need, c.step""",
    "review_issue": """
        SELECT jsonb_build_array(kind, subject_kind, subject_id, codes, detail, state) AS said FROM review_issue
        ORDER BY kind, subject_kind, subject_id, state""",
}


def dump_canonical(connection: Connection) -> Iterator[str]:
    """One line a row, table by table."""
    for name, query in _TABLES.items():
        asked = text(f"SELECT CAST(said AS text) FROM ({query}) AS rows")  # noqa: S608 - the queries above
        found = connection.execute(asked, execution_options=_AS_STREAM)
        for said in found.scalars():
            yield f"{name} {said}"
