"""Writing down what the schedule decided, behind locks that make its writers queue instead of collide."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy import Connection, text

from hub.canonical.ids import Kind, mint
from hub.canonical.records import Visit
from hub.ports import KnownKey
from hub.scheduling.decision import Booking
from hub.scheduling.keys import Key
from hub.scheduling.request import Trip
from hub.store.claims import SqlClaims
from hub.store.driver import defer, end_on_disk, run, run_deferred
from hub.store.locks import claimed_by_nobody_else, lock_claims, make_way, wait_for, wait_for_keys
from hub.store.moment import Moment
from hub.store.planned import booked_row, insert_planned
from hub.store.records import SqlRecords, read_visit

_KEY = "SELECT request_hash, visit_ids FROM booking_key WHERE key = %(key)s"
_SAVE_KEY = "INSERT INTO booking_key (key, request_hash, visit_ids) VALUES (%(key)s, %(hash)s, %(visits)s)"
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

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment
        self._attempts = 0

    def lock_key(self, key: str) -> KnownKey | None:
        """See the port."""
        wait_for(self._connection, [("key", key)])
        rows = run(self._connection, _KEY, {"key": key})
        if not rows:
            return None
        end_on_disk(self._connection)
        return KnownKey(rows[0]["request_hash"], tuple(rows[0]["visit_ids"]))

    @contextmanager
    def attempt(self, keys: Collection[Key] = ()) -> Iterator[SqlAttempt]:
        """See the port. Savepoint and locks go with the first question; the savepoint ends with what it stands in."""
        self._attempts += 1
        savepoint = f"attempt_{self._attempts}"
        attempt = SqlAttempt(self._connection, savepoint)
        defer(self._connection, f"SAVEPOINT {savepoint}")
        if keys:
            wait_for_keys(self._connection, keys)
        try:
            with claimed_by_nobody_else():
                yield attempt
                run_deferred(self._connection)
        except Exception:
            attempt.take_back()
            raise

    def lock(self, keys: Collection[Key]) -> None:
        """See the port."""
        wait_for_keys(self._connection, keys)
        run_deferred(self._connection)

    def save(self, booking: Booking, trip: Trip, booked_on: date) -> tuple[Visit, ...]:
        """See the port."""
        ids = [mint(Kind.VISIT) for _ in booking.visits]
        rows = [
            booked_row(planned, part, booked_on)
            | {"id": visit_id, "state": "booked", "booked_via": trip.channel}
            | ({"trip_id": ids[0], "trip_number": number} if len(ids) > 1 else {})
            for number, (visit_id, planned, part) in enumerate(zip(ids, booking.visits, trip.parts, strict=True), 1)
        ]
        make_way(self._connection, booking)
        insert_planned(self._connection, "visit", list(zip(rows, booking.visits, strict=True)))
        return tuple(read_visit({"note": None, **row}) for row in rows)

    def save_key(self, key: str, known: KnownKey) -> None:
        """See the port."""
        values = {"key": key, "hash": known.request_hash, "visits": list(known.visit_ids)}
        defer(self._connection, _SAVE_KEY, values)

    def cancel(self, visit_id: str) -> Visit | None:
        """See the port."""
        lock_claims(self._connection)
        if self._connection.execute(_CANCEL, {"id": visit_id}).rowcount == 0:
            return None
        SqlClaims(self._connection, self._moment).release([visit_id])
        cancelled = SqlRecords(self._connection).load(Kind.VISIT, [visit_id])[visit_id]
        assert isinstance(cancelled, Visit)
        return cancelled
