"""Holds: rows of their own, whose claims, promises and credit become the visit's when it is booked."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Connection, text

from hub.canonical.ids import Kind, mint
from hub.ports import OverHolds
from hub.scheduling.decision import Booking
from hub.scheduling.keys import Key
from hub.scheduling.request import Trip
from hub.store.driver import run
from hub.store.locks import claimed_by_nobody_else, make_way, wait_for_keys
from hub.store.moment import Moment
from hub.store.planned import booked_row, insert_planned
from hub.store.settling import flag, settle
from hub.store.taken import given_up, keys_of_taken, read_freed, taken_columns

_IS_OVER = "SELECT EXISTS (SELECT FROM hold WHERE expires_at <= %(now)s) AS some"
_OVER = f"""
    SELECT h.id, h.patient_id, {taken_columns("h", "hold_id")} FROM hold h WHERE h.expires_at <= %(now)s AND (
        h.patient_id = ANY(%(patients)s)
        OR EXISTS (SELECT FROM claim c JOIN resource_unit u ON u.id = c.unit_id
            WHERE c.hold_id = h.id AND u.owner_kind = 'resource' AND u.owner_id = ANY(%(resources)s))
        OR EXISTS (SELECT FROM stock_promise p WHERE p.hold_id = h.id AND p.product_id = ANY(%(products)s)))"""  # noqa: S608 fixed columns
_ALL_OVER = f"""
    SELECT h.id, h.patient_id, {taken_columns("h", "hold_id")} FROM hold h WHERE h.expires_at <= %(now)s"""  # noqa: S608 the same
_PURGE = f"""
    WITH {given_up("hold_id")}, over AS (DELETE FROM hold WHERE id = ANY(%(ids)s))
    SELECT spans FROM freed"""  # noqa: S608 fixed parts
_HELD = f"""
    SELECT h.id, h.patient_id, {taken_columns("h", "hold_id")} FROM hold h WHERE h.trip_id = %(id)s"""  # noqa: S608 the same
_DELETE = text("DELETE FROM hold WHERE id = ANY(:ids)")
_LOCK_TRIP = text("SELECT id, number, expires_at FROM hold WHERE trip_id = :id ORDER BY id FOR UPDATE")
_BECOME_VISITS = text("""
    INSERT INTO visit (id, patient_id, service_id, location_id, provider_id, room_id, device_id, start, "end", state,
        price_minor, price_currency, booked_via, booked_on, option_id, asked, deposit_minor, practice_version_id,
        series_id, trip_id, trip_number)
    SELECT id, patient_id, service_id, location_id, provider_id, room_id, device_id, start, "end", 'booked',
        price_minor, price_currency, booked_via, booked_on, option_id, asked, deposit_minor, practice_version_id,
        series_id, CASE WHEN :is_trip THEN trip_id END, CASE WHEN :is_trip THEN number END
    FROM hold WHERE id = ANY(:ids)""")
_HAND_OVER = [
    text(f"UPDATE {table} SET visit_id = hold_id, hold_id = NULL WHERE hold_id = ANY(:ids)")  # noqa: S608 two names
    for table in ("stock_promise", "package_use")
]
_HAND_OVER_CLAIMS = text("""
    UPDATE claim SET visit_id = hold_id, hold_id = NULL WHERE hold_id = ANY(:ids) RETURNING firm""")


class SqlHolds:
    """`hub.ports.Holds`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def save(
        self, booking: Booking, trip: Trip, expires_at: datetime, *, booked_on: date, pending_id: int | None = None
    ) -> str:
        """See the port."""
        ids = [mint(Kind.VISIT) for _ in booking.visits]
        of_trip = {"trip_id": ids[0], "booked_via": trip.channel, "expires_at": expires_at}
        of_trip |= {} if pending_id is None else {"pending_id": pending_id}
        rows = [
            booked_row(planned, part, booked_on) | of_trip | {"id": hold_id, "number": number}
            for number, (hold_id, planned, part) in enumerate(zip(ids, booking.visits, trip.parts, strict=True), 1)
        ]
        with claimed_by_nobody_else():
            make_way(self._connection, booking)
            insert_planned(self._connection, "hold", list(zip(rows, booking.visits, strict=True))).wait()
        return ids[0]

    def find_over(self, keys: Collection[Key] | None = None) -> OverHolds:
        """See the port."""
        if keys is None:
            every = keys_of_taken(self._connection, run(self._connection, _ALL_OVER, {"now": self._moment.now}))
            return OverHolds(tuple(sorted(every)), frozenset().union(*every.values()))
        values = {
            "now": self._moment.now,
            "patients": [key[1] for key in keys if key[0] == "patient"],
            "resources": [key[1] for key in keys if key[0] == "claim"],
            "products": [key[1] for key in keys if key[0] == "stock"],
        }
        (is_over,) = run(self._connection, _IS_OVER, values)
        found = run(self._connection, _OVER, values) if is_over["some"] else []
        over = keys_of_taken(self._connection, found)
        in_the_way = {hold_id: theirs for hold_id, theirs in over.items() if not theirs.isdisjoint(keys)}
        return OverHolds(tuple(sorted(in_the_way)), frozenset().union(*in_the_way.values()))

    def purge(self, hold_ids: Collection[str]) -> None:
        """See the port."""
        if hold_ids:
            (row,) = run(self._connection, _PURGE, {"ids": list(hold_ids)})
            settle(self._connection, read_freed(row["spans"]))

    def confirm(self, hold_id: str) -> tuple[str, ...]:
        """See the port. A hold takes the same as long as it is there, so its keys are known before they are locked."""
        lock_hold(self._connection, hold_id)
        rows = sorted(self._connection.execute(_LOCK_TRIP, {"id": hold_id}), key=lambda row: row.number)
        if any(row.expires_at <= self._moment.now for row in rows):
            return ()
        ids = [row.id for row in rows]
        if ids:
            values = {"ids": ids, "is_trip": len(ids) > 1}
            self._connection.execute(_BECOME_VISITS, values)
            firm = self._connection.execute(_HAND_OVER_CLAIMS, values).scalars().all()
            for statement in (*_HAND_OVER, _DELETE):
                self._connection.execute(statement, values)
            if not all(firm):  # a visit that ran over took some of it meanwhile
                flag(self._connection, ids, [])
        return tuple(ids)


def lock_hold(connection: Connection, hold_id: str) -> None:
    """Lock what it takes: whoever takes out holds that are over waits, and whoever is doing it is waited for."""
    keys = keys_of_taken(connection, run(connection, _HELD, {"id": hold_id}))
    wait_for_keys(connection, frozenset().union(*keys.values()))
