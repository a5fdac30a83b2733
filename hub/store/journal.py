"""Events, audit rows and issues for people."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection, insert, select, text

from hub.canonical.ids import Kind
from hub.ports import Act, AuditEntry, Issue
from hub.store.bulk import stage
from hub.store.driver import defer, defer_text
from hub.store.tables import audit_entry, domain_event, review_issue

_OPEN = """
    INSERT INTO review_issue AS i (kind, subject_kind, subject_id, codes, detail)
    SELECT kind, subject_kind, subject_id, codes, detail FROM staged_review_issue
    ON CONFLICT (kind, subject_kind, subject_id) WHERE state = 'open' DO UPDATE
        SET codes = excluded.codes, detail = excluded.detail
        WHERE (i.codes, i.detail) IS DISTINCT FROM (excluded.codes, excluded.detail)
    RETURNING i.xmax = 0 AS is_new"""
_CLOSE = text("""
    UPDATE review_issue SET state = 'resolved', closed_at = now(), closed_by = :by
    WHERE kind = :kind AND subject_kind = :subject_kind AND subject_id = ANY(:ids) AND state = 'open'""")


_RECORD = """
    WITH given AS (SELECT * FROM json_to_recordset(%(acts)s) AS act (event text, data jsonb, actor text, role text,
        action text, kind text, subject text, patient text, reason text, detail jsonb)),
    told AS (INSERT INTO domain_event (name, subject_kind, subject_id, data)
        SELECT event, kind, subject, data FROM given){deliveries}
    INSERT INTO audit_entry (actor, role, action, subject_kind, subject_id, patient_id, reason, detail)
    SELECT actor, role, action, kind, subject, patient, reason, detail FROM given"""
_DELIVERIES = """,
    queued AS (INSERT INTO outbox_delivery (connection, kind, canonical_id, sequence, idempotency_key)
        SELECT connection, kind, subject, n, concat_ws(':', connection, kind, subject, n)
        FROM given, unnest(CAST(%(push_to)s AS text[])) AS system (connection), LATERAL (
            SELECT coalesce(max(sequence), 0) + 1 AS n FROM outbox_delivery o
            WHERE (o.connection, o.kind, o.canonical_id) = (system.connection, given.kind, given.subject)) AS next)"""


class SqlJournal:
    """`hub.ports.Journal`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record_event(self, name: str, kind: Kind, subject_id: str, data: Mapping[str, Any] | None = None) -> None:
        """See the port."""
        values = {"name": name, "subject_kind": str(kind), "subject_id": subject_id, "data": dict(data or {})}
        self._connection.execute(insert(domain_event), values)

    def record(self, acts: Sequence[Act], push_to: Collection[str] = ()) -> None:
        """See the port."""
        statement = _RECORD.format(deliveries=_DELIVERIES if push_to else "")
        values = {"acts": to_json([_told(act) for act in acts]).decode()}
        defer(self._connection, statement, values | ({"push_to": sorted(set(push_to))} if push_to else {}))

    def record_audit(self, entry: AuditEntry) -> None:
        """See the port."""
        self._connection.execute(
            insert(audit_entry),
            {
                "actor": entry.actor,
                "role": entry.role,
                "action": entry.action,
                "subject_kind": str(entry.kind),
                "subject_id": entry.subject_id,
                "patient_id": entry.patient_id,
                "reason": entry.reason,
                "detail": dict(entry.detail),
            },
        )


def _told(act: Act) -> dict[str, Any]:
    audit = act.audit
    return {
        "event": act.event,
        "data": dict(act.event_data),
        "actor": audit.actor,
        "role": audit.role,
        "action": audit.action,
        "kind": str(audit.kind),
        "subject": audit.subject_id,
        "patient": audit.patient_id,
        "reason": audit.reason,
        "detail": dict(audit.detail),
    }


class SqlIssues:
    """`hub.ports.Issues`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, issues: Sequence[Issue]) -> int:
        """See the port."""
        last = {(issue.kind, issue.subject_kind, issue.subject_id): issue for issue in issues}
        if not last:
            return 0
        columns = ("kind", "subject_kind", "subject_id", "codes", "detail")
        rows = ((*key, list(issue.codes), json.dumps(dict(issue.detail))) for key, issue in last.items())
        staged = stage(self._connection, review_issue, columns, rows)
        return sum(row.is_new for row in staged.execute(self._connection, _OPEN))

    def close(self, kind: str, subject_kind: str, subject_ids: Collection[str], *, by: str = "hub") -> None:
        """See the port."""
        values = {"kind": kind, "subject_kind": subject_kind, "ids": list(subject_ids), "by": by}
        if values["ids"]:
            defer_text(self._connection, _CLOSE, values)

    def find_open(self, kind: str | None = None) -> tuple[Issue, ...]:
        """See the port."""
        columns = review_issue.c
        query = select(review_issue).where(columns.state == "open").order_by(columns.opened_at, columns.id)
        if kind is not None:
            query = query.where(columns.kind == kind)
        return tuple(
            Issue(row.kind, row.subject_kind, row.subject_id, tuple(row.codes), row.detail)
            for row in self._connection.execute(query)
        )
