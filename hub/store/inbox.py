"""Events by webhook: each kept once, leased record by record, retried with jitter, dead at last."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from hub.canonical.ids import Kind
from hub.ports.inbox import DeadEvent, Received, Ring, WebhookEvent
from hub.store.driver import defer_text, run_text

_TRIES = 12
"""With delays that double up to an hour: about four hours until a person is asked."""

_RECEIVE = text("""
    INSERT INTO inbox_event (system, event_id, type, kind, record_id, gone, merged_into, state)
    VALUES (:system, :event_id, :type, :kind, :record_id, :gone, :merged_into, :state)
    ON CONFLICT (system, event_id) DO NOTHING RETURNING state""")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('inbox:' || :system, 0))")
"""Two that lease at once could take two events of one record, and write the older answer last."""
_LEASE = text("""
    WITH due AS (
        SELECT e.kind, e.record_id, min(e.id) AS first_id FROM inbox_event e
        WHERE e.system = :system
        AND (e.state = 'pending' AND e.next_try_at <= now() OR e.state = 'leased' AND e.lease_until <= now())
        AND NOT EXISTS (
            SELECT FROM inbox_event o WHERE o.system = e.system AND o.state = 'leased' AND o.lease_until > now()
            AND o.kind = e.kind AND o.record_id IS NOT DISTINCT FROM e.record_id)
        GROUP BY 1, 2 ORDER BY 3 LIMIT :limit)
    UPDATE inbox_event e SET
        state = 'leased', attempts = attempts + 1, lease_until = now() + make_interval(secs => :seconds)
    FROM due WHERE e.system = :system AND e.state IN ('pending', 'leased')
    AND e.kind = due.kind AND e.record_id IS NOT DISTINCT FROM due.record_id
    RETURNING e.id, due.first_id, e.kind, e.record_id, e.gone, e.merged_into, e.attempts, e.received_at""")
_IS_DUE = text("""
    SELECT EXISTS (SELECT FROM inbox_event WHERE system = :system
    AND (state = 'pending' AND next_try_at <= now() OR state = 'leased' AND lease_until <= now())) AS is_due""")
_MINE = "WHERE id = ANY(:ids) AND state = 'leased'"
_DONE = text(
    f"UPDATE inbox_event SET state = 'done', done_at = now(), lease_until = NULL, last_error = NULL {_MINE}"  # noqa: S608 a fixed condition
)
_FAILED = text(
    f"""
    UPDATE inbox_event SET
        state = CASE WHEN attempts >= :tries THEN 'dead' ELSE 'pending' END, lease_until = NULL, last_error = :error,
        next_try_at = now() + make_interval(secs => greatest(
            CAST(:after_seconds AS double precision),
            least(3600, power(2, attempts)) * (0.5 + random()))) {_MINE}"""  # noqa: S608 the same
)
_GIVE_BACK = text(
    f"UPDATE inbox_event SET state = 'pending', attempts = attempts - 1, lease_until = NULL {_MINE}"  # noqa: S608 the same
)
_REPLAY = text("""
    UPDATE inbox_event SET state = 'pending', attempts = 0, next_try_at = now()
    WHERE system = :system AND state = 'dead'""")
_DEAD = text("""
    SELECT id, kind, record_id, last_error FROM inbox_event WHERE system = :system AND state = 'dead' ORDER BY id""")
_COUNT = text("SELECT state, count(*) AS number FROM inbox_event WHERE system = :system GROUP BY state")


class SqlInbox:
    """`hub.ports.inbox.Inbox`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def receive(self, system: str, events: Sequence[WebhookEvent]) -> Received:
        """See the port."""
        new = ignored = 0
        for event in events:
            values = {
                "system": system,
                "event_id": event.id,
                "type": event.type,
                "kind": event.kind and str(event.kind),
                "record_id": event.record_id,
                "gone": event.gone,
                "merged_into": event.merged_into,
                "state": "pending" if event.kind else "ignored",
            }
            state = next((row.state for row in run_text(self._connection, _RECEIVE, values)), None)
            new += state == "pending"
            ignored += state == "ignored"
        return Received(new, len(events) - new - ignored, ignored)

    def lease(self, system: str, *, limit: int, seconds: int) -> tuple[Ring, ...]:
        """See the port."""
        defer_text(self._connection, _ONE_AT_A_TIME, {"system": system})
        values = {"system": system, "limit": limit, "seconds": seconds}
        rows = sorted(run_text(self._connection, _LEASE, values), key=lambda row: (row.first_id, row.id))
        return tuple(_ring(list(group)) for _, group in groupby(rows, key=lambda row: row.first_id))

    def is_due(self, system: str) -> bool:
        """See the port."""
        return bool(run_text(self._connection, _IS_DUE, {"system": system})[0].is_due)

    def mark_done(self, rings: Sequence[Ring]) -> None:
        """See the port."""
        defer_text(self._connection, _DONE, {"ids": [id_ for ring in rings for id_ in ring.ids]})

    def mark_failed(self, ring: Ring, error: str, *, after_seconds: float | None = None) -> None:
        """See the port."""
        values = {"ids": list(ring.ids), "error": error, "after_seconds": after_seconds or 0.0, "tries": _TRIES}
        self._connection.execute(_FAILED, values)

    def give_back(self, rings: Sequence[Ring]) -> None:
        """See the port."""
        self._connection.execute(_GIVE_BACK, {"ids": [id_ for ring in rings for id_ in ring.ids]})

    def find_dead(self, system: str) -> tuple[DeadEvent, ...]:
        """See the port."""
        rows = self._connection.execute(_DEAD, {"system": system})
        return tuple(DeadEvent(row.id, Kind(row.kind), row.record_id, row.last_error or "") for row in rows)

    def replay(self, system: str) -> int:
        """See the port."""
        return self._connection.execute(_REPLAY, {"system": system}).rowcount

    def count(self, system: str) -> dict[str, int]:
        """See the port."""
        return {row.state: row.number for row in self._connection.execute(_COUNT, {"system": system})}


def _ring(rows: list[Any]) -> Ring:
    last, ids = rows[-1], tuple(row.id for row in rows)
    attempts, received_at = max(row.attempts for row in rows), min(row.received_at for row in rows)
    return Ring(ids, Kind(last.kind), last.record_id, last.gone, last.merged_into, attempts, received_at)
