"""Deliveries to other systems: in order per record, leased, retried with jitter, dead at last."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text

from hub.canonical.ids import Kind
from hub.ports import Delivery, Sent
from hub.ports.journal import DeadLetter, Values
from hub.store.driver import defer_text, run_text
from hub.store.tables import outbox_delivery

_TRIES = 12
"""With delays that double up to an hour: about four hours until a person is asked."""

_ENQUEUE = text("""
    INSERT INTO outbox_delivery (connection, kind, canonical_id, sequence, idempotency_key)
    SELECT :connection, :kind, :id, n, concat_ws(':', CAST(:connection AS text), :kind, :id, n)
    FROM (SELECT coalesce(max(sequence), 0) + 1 AS n FROM outbox_delivery
          WHERE connection = :connection AND kind = :kind AND canonical_id = :id) AS next""")

_ENQUEUE_ALL = text("""
    INSERT INTO outbox_delivery (connection, kind, canonical_id, sequence, idempotency_key)
    SELECT connection, :kind, id, n, concat_ws(':', connection, CAST(:kind AS text), id, n)
    FROM unnest(CAST(:ids AS text[])) WITH ORDINALITY AS wanted (id, position),
    unnest(CAST(:connections AS text[])) AS system (connection), LATERAL (
        SELECT coalesce(max(sequence), 0) + 1 AS n FROM outbox_delivery o
        WHERE o.connection = system.connection AND o.kind = :kind AND o.canonical_id = wanted.id) AS next
    ORDER BY position, connection""")
_WAITING = text("""
    SELECT DISTINCT ON (kind, canonical_id)
        id, connection, kind, canonical_id, sequence, idempotency_key, attempts FROM outbox_delivery
    WHERE connection = :connection AND state IN ('pending', 'leased') ORDER BY kind, canonical_id, sequence""")
_DEAD_LETTERS = text("""
    SELECT id, connection, kind, canonical_id, sequence, idempotency_key, attempts, last_error FROM outbox_delivery
    WHERE connection = :connection AND state = 'dead' ORDER BY id""")
_UNANSWERED = text("""
    SELECT canonical_id, tries FROM outbox_delivery WHERE connection = :connection AND kind = :kind
    AND canonical_id = ANY(:ids) AND state IN ('pending', 'leased') AND tries <> '[]' ORDER BY sequence""")
_NOTE_TRY = text("UPDATE outbox_delivery SET tries = tries || jsonb_build_array(CAST(:values AS jsonb)) WHERE id = :id")
_LAST_SENT = text("""
    SELECT DISTINCT ON (canonical_id) canonical_id, remote_id, payload_hash, said_hash, also FROM outbox_delivery
    WHERE connection = :connection AND kind = :kind AND canonical_id = ANY(:ids) AND state = 'sent'
    ORDER BY canonical_id, sequence DESC""")
_TOLD = text("""
    SELECT canonical_id, array_agg(DISTINCT connection) AS connections FROM outbox_delivery
    WHERE connection = ANY(:connections) AND kind = :kind AND canonical_id = ANY(:ids)
    AND created_at < coalesce(CAST(:before AS timestamptz), 'infinity') GROUP BY 1""")

_LEASE = text("""
    UPDATE outbox_delivery d SET
        state = 'leased', attempts = attempts + 1, lease_until = now() + make_interval(secs => :seconds)
    WHERE d.id IN (
        SELECT o.id FROM outbox_delivery o
        WHERE o.connection = :connection AND o.id <> ALL(CAST(:besides AS bigint[]))
        AND (o.state = 'pending' AND o.next_try_at <= now() OR o.state = 'leased' AND o.lease_until <= now())
        AND NOT EXISTS (
            SELECT FROM outbox_delivery e
            WHERE e.connection = o.connection AND e.kind = o.kind AND e.canonical_id = o.canonical_id
            AND e.sequence < o.sequence AND e.state IN ('pending', 'leased'))
        ORDER BY o.id LIMIT :limit FOR UPDATE OF o SKIP LOCKED)
    RETURNING d.id, d.connection, d.kind, d.canonical_id, d.sequence, d.idempotency_key, d.attempts""")

_MINE = "WHERE id = :id AND state = 'leased' AND attempts = :attempts"
_SENT = text(
    f"""
    UPDATE outbox_delivery SET state = 'sent', sent_at = now(), lease_until = NULL, last_error = NULL, tries = '[]',
        remote_id = :remote_id, payload_hash = :payload_hash, said_hash = :said_hash, also = CAST(:also AS jsonb)
        {_MINE}"""  # noqa: S608 a fixed condition
)
_FAILED = text(
    f"""
    UPDATE outbox_delivery SET
        state = CASE WHEN attempts >= :tries THEN 'dead' ELSE 'pending' END,
        lease_until = NULL, last_error = :error,
        next_try_at = now() + make_interval(secs => greatest(
            CAST(:after_seconds AS double precision),
            least(3600, power(2, attempts)) * (0.5 + random()))) {_MINE}"""  # noqa: S608 a fixed condition
)
_DEAD = text(
    f"UPDATE outbox_delivery SET state = 'dead', lease_until = NULL, tries = '[]', last_error = :error {_MINE}"  # noqa: S608 the same
)
_REPLAY = text("""
    UPDATE outbox_delivery SET state = 'pending', attempts = 0, next_try_at = now()
    WHERE id = :id AND state = 'dead'""")


_IS_DUE = text("""
    SELECT EXISTS (SELECT FROM outbox_delivery WHERE connection = :connection
    AND (state = 'pending' AND next_try_at <= now() OR state = 'leased' AND lease_until <= now())) AS is_due""")


class SqlOutbox:
    """`hub.ports.Outbox`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enqueue(self, connection: str, kind: Kind, canonical_id: str) -> None:
        """See the port."""
        defer_text(self._connection, _ENQUEUE, {"connection": connection, "kind": str(kind), "id": canonical_id})

    def enqueue_all(self, connections: Collection[str], kind: Kind, canonical_ids: Collection[str]) -> None:
        """See the port."""
        values = {"connections": sorted(connections), "kind": str(kind), "ids": list(dict.fromkeys(canonical_ids))}
        if values["connections"] and values["ids"]:
            defer_text(self._connection, _ENQUEUE_ALL, values)

    def is_due(self, connection: str) -> bool:
        """See the port."""
        return bool(run_text(self._connection, _IS_DUE, {"connection": connection})[0].is_due)

    def find_waiting(self, connection: str) -> tuple[Delivery, ...]:
        """See the port."""
        found = map(_delivery, self._connection.execute(_WAITING, {"connection": connection}))
        return tuple(sorted(found, key=lambda delivery: delivery.id))

    def find_dead(self, connection: str) -> tuple[DeadLetter, ...]:
        """See the port."""
        rows = self._connection.execute(_DEAD_LETTERS, {"connection": connection})
        return tuple(DeadLetter(_delivery(row), row.last_error or "") for row in rows)

    def find_tries(self, connection: str, kind: Kind, canonical_ids: Collection[str]) -> dict[str, tuple[Values, ...]]:
        """See the port."""
        values = {"connection": connection, "kind": str(kind), "ids": list(canonical_ids)}
        tries: dict[str, tuple[Values, ...]] = {}
        for row in run_text(self._connection, _UNANSWERED, values) if canonical_ids else ():
            tries[row.canonical_id] = (*tries.get(row.canonical_id, ()), *row.tries)
        return tries

    def note_try(self, delivery: Delivery, values: Values) -> None:
        """See the port."""
        defer_text(self._connection, _NOTE_TRY, {"id": delivery.id, "values": json.dumps(values)})

    def lease(
        self, connection: str, *, limit: int = 50, seconds: int = 120, besides: Collection[int] = ()
    ) -> tuple[Delivery, ...]:
        """See the port."""
        values = {"connection": connection, "limit": limit, "seconds": seconds, "besides": list(besides)}
        rows = run_text(self._connection, _LEASE, values)
        return tuple(sorted(map(_delivery, rows), key=lambda delivery: delivery.id))

    def mark_sent(self, delivery: Delivery, sent: Sent) -> None:
        """See the port."""
        also = json.dumps({id_: [one.payload_hash, one.said_hash] for id_, one in sent.also.items()})
        hashes = {"payload_hash": sent.payload_hash, "said_hash": sent.said_hash}
        self._mark(_SENT, delivery, remote_id=sent.remote_id, also=also, **hashes)

    def mark_failed(self, delivery: Delivery, error: str, *, after_seconds: float | None = None) -> None:
        """See the port."""
        self._mark(_FAILED, delivery, error=error, after_seconds=after_seconds or 0.0, tries=_TRIES)

    def mark_dead(self, delivery: Delivery, error: str) -> None:
        """See the port."""
        self._mark(_DEAD, delivery, error=error)

    def replay(self, delivery_id: int) -> bool:
        """See the port."""
        return self._connection.execute(_REPLAY, {"id": delivery_id}).rowcount == 1

    def find_last_sent(self, connection: str, kind: Kind, canonical_ids: Collection[str]) -> dict[str, Sent]:
        """See the port."""
        values = {"connection": connection, "kind": str(kind), "ids": list(canonical_ids)}
        rows = run_text(self._connection, _LAST_SENT, values) if canonical_ids else ()
        return {row.canonical_id: _sent(row) for row in rows}

    def find_told(
        self,
        connections: Collection[str],
        kind: Kind,
        canonical_ids: Collection[str],
        *,
        before: datetime | None = None,
    ) -> dict[str, frozenset[str]]:
        """See the port."""
        values = {"connections": list(connections), "kind": str(kind), "ids": list(canonical_ids), "before": before}
        rows = run_text(self._connection, _TOLD, values)
        return {row.canonical_id: frozenset(row.connections) for row in rows}

    def count(self, connection: str | None = None) -> dict[str, int]:
        """See the port."""
        query = select(outbox_delivery.c.state, func.count().label("number")).group_by(outbox_delivery.c.state)
        if connection is not None:
            query = query.where(outbox_delivery.c.connection == connection)
        return {row.state: row.number for row in self._connection.execute(query)}

    def _mark(self, statement: Any, delivery: Delivery, **values: Any) -> None:
        mine = {"id": delivery.id, "attempts": delivery.attempts}
        defer_text(self._connection, statement, mine | values)


def _sent(row: Any) -> Sent:
    also = {id_: Sent(id_, *hashes) for id_, hashes in row.also.items()}
    return Sent(row.remote_id, row.payload_hash, row.said_hash, also)


def _delivery(row: Any) -> Delivery:
    key = row.idempotency_key
    return Delivery(row.id, row.connection, Kind(row.kind), row.canonical_id, row.sequence, key, row.attempts)
