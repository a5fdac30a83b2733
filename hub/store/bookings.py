"""Writing down what the schedule decided, behind locks that make its writers queue instead of collide."""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from psycopg.errors import ExclusionViolation
from sqlalchemy import Connection, NestedTransaction, insert, select, text
from sqlalchemy.exc import IntegrityError

from hub.canonical.ids import Kind, mint
from hub.canonical.records import Visit
from hub.errors import Conflict, Problem
from hub.ports import KnownKey
from hub.scheduling.decision import Booking, PlannedVisit, Recolouring
from hub.scheduling.request import Part, Trip
from hub.store.claims import SqlClaims, lock_claims
from hub.store.planned import booked_row, save_taken
from hub.store.records import SqlRecords
from hub.store.tables import booking_key, visit

_TAKE_LOCKS = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
_SHARE = text("LOCK TABLE claim IN ROW EXCLUSIVE MODE")
_RECOLOUR = text("""
    UPDATE claim c SET unit_id = target.id
    FROM unnest(CAST(:claims AS bigint[]), CAST(:numbers AS int[])) AS m (claim, number),
        resource_unit source, resource_unit target
    WHERE c.id = m.claim AND source.id = c.unit_id AND target.owner_kind = source.owner_kind
    AND target.owner_id = source.owner_id AND target.number = m.number""")
_CANCEL = text("""
    UPDATE visit SET state = 'cancelled', updated_at = now(), revision = revision + 1
    WHERE id = :id AND state IN ('booked', 'arrived')""")


class SqlAttempt:
    """`hub.ports.Attempt`."""

    def __init__(self, savepoint: NestedTransaction) -> None:
        self._savepoint = savepoint

    def take_back(self) -> None:
        """See the port."""
        self._savepoint.rollback()


class SqlBookings:
    """`hub.ports.Bookings`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def lock_key(self, key: str) -> KnownKey | None:
        """See the port."""
        self._take_locks([("key", key)])
        row = self._connection.execute(select(booking_key).where(booking_key.c.key == key)).one_or_none()
        return None if row is None else KnownKey(row.request_hash, tuple(row.visit_ids))

    @contextmanager
    def attempt(self) -> Iterator[SqlAttempt]:
        """See the port."""
        with self._connection.begin_nested() as savepoint:
            yield SqlAttempt(savepoint)

    def lock(self, keys: Collection[tuple[str, ...]]) -> None:
        """See the port. The table is shared first, so that whoever places facts is either done or not yet begun."""
        share_claims(self._connection)
        self._take_locks(keys)

    def save(self, booking: Booking, trip: Trip) -> tuple[str, ...]:
        """See the port."""
        with claimed_by_nobody_else():
            recolour(self._connection, booking.recolourings)
            ids = [mint(Kind.VISIT) for _ in booking.visits]
            for number, (visit_id, planned, part) in enumerate(zip(ids, booking.visits, trip.parts, strict=True), 1):
                of_trip = {"trip_id": ids[0], "trip_number": number} if len(ids) > 1 else {}
                row = {"id": visit_id, "state": "booked", "booked_via": trip.channel} | of_trip
                self._save_visit(planned, part, row)
            return tuple(ids)

    def save_key(self, key: str, known: KnownKey) -> None:
        """See the port."""
        values = {"key": key, "request_hash": known.request_hash, "visit_ids": list(known.visit_ids)}
        self._connection.execute(insert(booking_key), values)

    def cancel(self, visit_id: str) -> Visit | None:
        """See the port."""
        lock_claims(self._connection)
        if self._connection.execute(_CANCEL, {"id": visit_id}).rowcount == 0:
            return None
        SqlClaims(self._connection, self._now).release([visit_id])
        cancelled = SqlRecords(self._connection).load(Kind.VISIT, [visit_id])[visit_id]
        assert isinstance(cancelled, Visit)
        return cancelled

    def _take_locks(self, keys: Collection[tuple[str, ...]]) -> None:
        self._connection.execute(_TAKE_LOCKS, {"keys": sorted({_number(key) for key in keys})})

    def _save_visit(self, planned: PlannedVisit, part: Part, row: dict[str, Any]) -> None:
        self._connection.execute(insert(visit), booked_row(self._connection, planned, part, self._now) | row)
        save_taken(self._connection, planned, "visit_id", row["id"])


def share_claims(connection: Connection) -> None:
    """Wait for whoever places facts or ends visits and keep them out until the transaction ends; bookers may enter."""
    connection.execute(_SHARE)


@contextmanager
def claimed_by_nobody_else() -> Iterator[None]:
    """The constraint's refusal as what it means.

    Raises:
        Conflict: somebody claimed the time without taking the locks.
    """
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, ExclusionViolation):
            raise Conflict(Problem("the time was claimed by somebody else", "claimed")) from None
        raise


def recolour(connection: Connection, changes: Collection[Recolouring]) -> None:
    """Give existing claims other units of their resources."""
    if changes:
        values = {"claims": [int(one.claim_id) for one in changes], "numbers": [one.unit for one in changes]}
        connection.execute(_RECOLOUR, values)


def _number(key: tuple[str, ...]) -> int:
    """A lock's 64-bit number; two keys that share one by chance only wait for each other."""
    digest = hashlib.blake2b("\x1f".join(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
