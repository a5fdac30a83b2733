"""Writing down what the schedule decided, behind locks that make its writers queue instead of collide."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, insert, select, text

from hub.canonical.ids import Kind, mint
from hub.canonical.records import Visit
from hub.ports import KnownKey
from hub.scheduling.decision import Booking
from hub.scheduling.keys import Key
from hub.scheduling.request import Trip
from hub.store.claims import SqlClaims
from hub.store.driver import run
from hub.store.locks import claimed_by_nobody_else, lock_claims, make_way, taking_keys, taking_locks
from hub.store.planned import booked_row, insert_planned
from hub.store.records import SqlRecords, read_visit
from hub.store.tables import booking_key

_CANCEL = text("""
    UPDATE visit SET state = 'cancelled', updated_at = now(), revision = revision + 1
    WHERE id = :id AND state IN ('booked', 'arrived')""")


class SqlAttempt:
    """`hub.ports.Attempt`."""

    def __init__(self, connection: Connection, savepoint: str) -> None:
        self._connection = connection
        self._savepoint = savepoint

    def take_back(self) -> None:
        """See the port."""
        run(self._connection, f"ROLLBACK TO SAVEPOINT {self._savepoint}")


class SqlBookings:
    """`hub.ports.Bookings`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._attempts = 0

    def lock_key(self, key: str) -> KnownKey | None:
        """See the port."""
        run(self._connection, taking_locks([("key", key)]))
        row = self._connection.execute(select(booking_key).where(booking_key.c.key == key)).one_or_none()
        return None if row is None else KnownKey(row.request_hash, tuple(row.visit_ids))

    @contextmanager
    def attempt(self, keys: Collection[Key] = ()) -> Iterator[SqlAttempt]:
        """See the port. One round trip for savepoint and locks; the savepoint ends with what it stands in."""
        self._attempts += 1
        savepoint = f"attempt_{self._attempts}"
        attempt = SqlAttempt(self._connection, savepoint)
        begin = f"SAVEPOINT {savepoint}"
        run(self._connection, f"{begin}; {taking_keys(keys)}" if keys else begin)
        try:
            yield attempt
        except Exception:
            attempt.take_back()
            raise

    def lock(self, keys: Collection[Key]) -> None:
        """See the port."""
        run(self._connection, taking_keys(keys))

    def save(self, booking: Booking, trip: Trip) -> tuple[Visit, ...]:
        """See the port."""
        ids = [mint(Kind.VISIT) for _ in booking.visits]
        rows = [
            booked_row(planned, part)
            | {"id": visit_id, "state": "booked", "booked_via": trip.channel}
            | ({"trip_id": ids[0], "trip_number": number} if len(ids) > 1 else {})
            for number, (visit_id, planned, part) in enumerate(zip(ids, booking.visits, trip.parts, strict=True), 1)
        ]
        with claimed_by_nobody_else():
            make_way(self._connection, booking)
            saved = insert_planned(self._connection, "visit", self._now, list(zip(rows, booking.visits, strict=True)))
        visits = {row["id"]: read_visit(row) for row in saved}
        return tuple(visits[one] for one in ids)

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
