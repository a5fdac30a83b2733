"""Lead everything of a merged patient to the survivor, and back.

What was led is written down row by row in `person_merge.moved`; nothing else is needed to take a merge back. The time
of both then is one patient's: a claim that has no room becomes contested, and firm again where room comes back.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from hub.ports.people import Merged, NewMerge
from hub.store.bulk import stage
from hub.store.driver import run
from hub.store.locks import lock_claims
from hub.store.settling import Freed, settle
from hub.store.tables import person_merge
from hub.store.units import Owner, ensure_units

_OWNED = ("hold", "package", "invoice", "payment", "gift_card", "membership", "document", "filled_form")
"""What simply follows its patient."""

# Each gives the merged patient and the row. `staged_person_merge` holds who is merged into whom.
_LEAD = {
    "visit": """
        UPDATE visit t SET patient_id = m.survivor_id, updated_at = now(), revision = t.revision + 1
        FROM staged_person_merge m WHERE t.patient_id = m.merged_id RETURNING m.merged_id, t.id""",
    **{
        table: f"""
        UPDATE {table} t SET patient_id = m.survivor_id FROM staged_person_merge m WHERE t.patient_id = m.merged_id
        RETURNING m.merged_id, t.id"""  # noqa: S608 the names are the tables' own
        for table in _OWNED
    },
    # A form that waits to be signed is prepared anew for the survivor: there may be one already.
    "consent": """
        UPDATE consent t SET patient_id = m.survivor_id FROM staged_person_merge m
        WHERE t.patient_id = m.merged_id AND t.state <> 'prepared' RETURNING m.merged_id, t.id""",
    # A consent that was taken back after it had been signed for the other record does not hold for the person.
    "withdrawn": """
        UPDATE consent t SET state = 'void', voided_at = w.voided_at
        FROM staged_person_merge m, LATERAL (SELECT form_id, max(voided_at) AS voided_at FROM consent
            WHERE patient_id = m.survivor_id AND state = 'void' GROUP BY form_id) w
        WHERE t.patient_id = m.survivor_id AND t.form_id = w.form_id AND t.state = 'signed'
        AND t.signed_at <= w.voided_at RETURNING m.merged_id, t.id""",
    "source_link": """
        UPDATE source_link t SET canonical_id = m.survivor_id, linked_at = now() FROM staged_person_merge m
        WHERE t.kind = 'patient' AND t.canonical_id = m.merged_id
        RETURNING m.merged_id, jsonb_build_array(t.system, t.source_id) AS id""",
    "waitlist_entry": """
        UPDATE waitlist_entry t
        SET parts = replace(t.parts::text, to_jsonb(m.merged_id)::text, to_jsonb(m.survivor_id)::text)::jsonb
        FROM staged_person_merge m WHERE t.state IN ('waiting', 'offered')
        AND t.parts @> jsonb_build_array(jsonb_build_object('patient', m.merged_id)) RETURNING m.merged_id, t.id""",
    # Who was seen here in person under either record was seen here.
    "known": """
        UPDATE patient t SET known = true FROM staged_person_merge m, patient p
        WHERE t.id = m.survivor_id AND p.id = m.merged_id AND p.known AND NOT t.known RETURNING m.merged_id, t.id""",
    "patient": """
        UPDATE patient t SET merged_into = m.survivor_id FROM staged_person_merge m WHERE t.id = m.merged_id
        RETURNING m.merged_id, t.id""",
}
_DECIDED = """
    UPDATE person_pair p SET state = 'merged', decided_at = now(), decided_by = :actor, reason = :reason
    FROM staged_person_merge m WHERE p.state = 'open'
    AND p.first_id = least(m.merged_id COLLATE "C", m.survivor_id COLLATE "C")
    AND p.second_id = greatest(m.merged_id COLLATE "C", m.survivor_id COLLATE "C")"""
_CLAIMS = text("""
    UPDATE claim c SET unit_id = m.new, firm = false
    FROM unnest(CAST(:old AS bigint[]), CAST(:new AS bigint[])) AS m (old, new)
    WHERE c.unit_id = m.old AND (CAST(:owners AS text[]) IS NULL OR coalesce(c.visit_id, c.hold_id) = ANY(:owners))
    RETURNING m.new, m.old, lower(c.during) AS start, upper(c.during) AS "end" """)
_SAVE = """
    INSERT INTO person_merge (survivor_id, merged_id, rule, codes, score, actor, reason, batch_id, before, after, moved,
        origins_before)
    SELECT survivor_id, merged_id, rule, codes, score, actor, reason, batch_id, before, after, moved, origins_before
    FROM json_populate_recordset(CAST(NULL AS person_merge), %(merges)s)
    RETURNING id"""
_BACK = {
    "visit": """
        UPDATE visit SET patient_id = :merged, updated_at = now(), revision = revision + 1
        WHERE id = ANY(:ids) AND patient_id = :survivor RETURNING id""",
    **{
        table: f"UPDATE {table} SET patient_id = :merged WHERE id = ANY(:ids) AND patient_id = :survivor RETURNING id"  # noqa: S608
        for table in (*_OWNED, "consent")
    },
    "withdrawn": """
        UPDATE consent SET state = 'signed', voided_at = NULL WHERE id = ANY(:ids) AND state = 'void' RETURNING id""",
    "waitlist_entry": """
        UPDATE waitlist_entry
        SET parts = replace(parts::text, to_jsonb(CAST(:survivor AS text))::text,
            to_jsonb(CAST(:merged AS text))::text)::jsonb
        WHERE id = ANY(:ids) AND state IN ('waiting', 'offered') RETURNING id""",
    "known": "UPDATE patient SET known = false WHERE id = ANY(:ids) RETURNING id",
    "patient": "UPDATE patient SET merged_into = NULL WHERE id = ANY(:ids) RETURNING id",
}
_LINK_BACK = text("""
    UPDATE source_link SET canonical_id = :merged, linked_at = now()
    WHERE kind = 'patient' AND canonical_id = :survivor AND (system, source_id) IN (SELECT system, source_id
        FROM unnest(CAST(:systems AS text[]), CAST(:ids AS text[])) AS l (system, source_id))""")
_UNDONE = text("UPDATE person_merge SET undone_at = :now, undone_by = :actor, undone_reason = :reason WHERE id = :id")
_LATER = text("""
    SELECT 'merge:' || id FROM person_merge
    WHERE undone_at IS NULL AND merged_id = :survivor
    UNION ALL
    SELECT DISTINCT 'visit:' || v.id FROM package_use u JOIN visit v ON v.id = u.visit_id
    WHERE v.patient_id = :survivor AND (u.package_id = ANY(:packages)) <> (v.id = ANY(:visits))
    ORDER BY 1""")


def lead_to_survivors(
    connection: Connection, merges: Sequence[NewMerge], *, actor: str, reason: str | None, batch_id: int | None
) -> list[int]:
    """All of them at once; gives the merges' numbers."""
    lock_claims(connection)
    ways = [(one.match.second, one.match.first) for one in merges]
    staged = stage(connection, person_merge, ("merged_id", "survivor_id"), ways)
    moved: dict[str, dict[str, list[Any]]] = defaultdict(dict)
    for table, statement in _LEAD.items():
        for row in staged.execute(connection, statement):
            moved[row.merged_id].setdefault(table, []).append(row.id)
    _lead_claims(connection, ways, None)
    staged.execute(connection, _DECIDED, {"actor": actor, "reason": reason})
    about = {"actor": actor, "reason": reason, "batch_id": batch_id}
    rows = [_row(one, moved[one.match.second]) | about for one in merges]
    return [row["id"] for row in run(connection, _SAVE, {"merges": json.dumps(rows)})]


def _row(one: NewMerge, moved: dict[str, list[Any]]) -> dict[str, Any]:
    match = one.match
    evidence = {"rule": match.rule, "codes": match.codes, "score": match.score}
    changed = {"before": dict(one.before), "after": dict(one.after)}
    origins = {name: origin.stored() for name, origin in one.origins_before.items()}
    who = {"survivor_id": match.first, "merged_id": match.second}
    return {**who, "moved": moved, "origins_before": origins, **evidence, **changed}


def lead_back(
    connection: Connection, merge: Merged, *, now: datetime, actor: str, reason: str | None
) -> tuple[str, ...]:
    """What still is where the merge led it; gives the visits."""
    lock_claims(connection)
    who = {"merged": merge.merged_id, "survivor": merge.survivor_id}
    back = {
        table: list(connection.execute(text(statement), {**who, "ids": list(ids)}).scalars())
        for table, statement in _BACK.items()
        if (ids := merge.moved.get(table))
    }
    links = merge.moved.get("source_link", ())
    systems, ids = [system for system, _ in links], [source_id for _, source_id in links]
    connection.execute(_LINK_BACK, {**who, "systems": systems, "ids": ids})
    visits, holds = back.get("visit", []), back.get("hold", [])
    _lead_claims(connection, [(merge.survivor_id, merge.merged_id)], [*visits, *holds])
    connection.execute(_UNDONE, {"id": merge.id, "now": now, "actor": actor, "reason": reason})
    return tuple(visits)


def find_dependants(connection: Connection, merge: Merged) -> tuple[str, ...]:
    """See `People.find_dependants`."""
    led = {"packages": list(merge.moved.get("package", ())), "visits": list(merge.moved.get("visit", ()))}
    return tuple(connection.execute(_LATER, {"survivor": merge.survivor_id, **led}).scalars())


def _lead_claims(connection: Connection, ways: Sequence[tuple[str, str]], owners: list[str] | None) -> None:
    """The time that one patient takes is another's from now on; what has no room is contested, what has becomes firm.

    `owners`: only of these visits and holds; None: all.
    """
    patients: set[Owner] = {("patient", one) for way in ways for one in way}
    units = ensure_units(connection, patients)
    number = {owner_id: units["patient", owner_id].by_number[1] for _, owner_id in patients}
    by_number = {unit: owner_id for owner_id, unit in number.items()}
    values = {"old": [number[old] for old, _ in ways], "new": [number[new] for _, new in ways], "owners": owners}
    freed: list[Freed] = []
    for row in connection.execute(_CLAIMS, values):
        freed += (Freed(("patient", by_number[unit]), row.start, row.end) for unit in (row.new, row.old))
    settle(connection, freed)
