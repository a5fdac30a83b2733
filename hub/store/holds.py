"""Holds: rows of their own, whose claims, promises and credit become the visit's when it is booked."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, insert, text

from hub.canonical.ids import Kind, mint
from hub.scheduling.decision import Booking
from hub.scheduling.request import Trip
from hub.store.bookings import claimed_by_nobody_else, recolour, share_claims
from hub.store.claims import SqlClaims
from hub.store.planned import booked_row, save_taken
from hub.store.tables import hold

# In the order of ids, like every other who locks holds: two who purge never wait for each other in a ring.
_LOCK_OVER = text("""
    SELECT id FROM hold h WHERE expires_at <= :now AND (
        EXISTS (SELECT FROM claim c JOIN resource_unit u ON u.id = c.unit_id
            WHERE c.hold_id = h.id AND u.owner_kind || ' ' || u.owner_id = ANY(:owners))
        OR EXISTS (SELECT FROM stock_promise p
            WHERE p.hold_id = h.id AND p.product_id || ' ' || p.location_id = ANY(:stock)))
    ORDER BY id FOR UPDATE""")
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
_OWNERS = {"claim": "resource", "patient": "patient"}


class SqlHolds:
    """`hub.ports.Holds`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def save(self, booking: Booking, trip: Trip, expires_at: datetime) -> str:
        """See the port."""
        parts = list(zip(booking.visits, trip.parts, strict=True))
        ids = [mint(Kind.VISIT) for _ in parts]
        trip_row = {"trip_id": ids[0], "booked_via": trip.channel, "expires_at": expires_at}
        with claimed_by_nobody_else():
            recolour(self._connection, booking.recolourings)
            for number, (hold_id, (planned, part)) in enumerate(zip(ids, parts, strict=True), 1):
                row = booked_row(self._connection, planned, part, self._now)
                self._connection.execute(insert(hold), row | trip_row | {"id": hold_id, "number": number})
                save_taken(self._connection, planned, "hold_id", hold_id)
        return ids[0]

    def purge(self, keys: Collection[tuple[str, ...]]) -> int:
        """See the port."""
        wanted = {
            "owners": [f"{_OWNERS[key[0]]} {key[1]}" for key in keys if key[0] in _OWNERS],
            "stock": [f"{key[1]} {key[2]}" for key in keys if key[0] == "stock"],
        }
        over = list(self._connection.execute(_LOCK_OVER, wanted | {"now": self._now}).scalars())
        if over:
            self._connection.execute(_DELETE, {"ids": over})
        return len(over)

    def confirm(self, hold_id: str) -> tuple[str, ...]:
        """See the port. What was held is no longer free for anybody, so no lock but the hold's own is needed."""
        share_claims(self._connection)
        rows = sorted(self._connection.execute(_LOCK_TRIP, {"id": hold_id}), key=lambda row: row.number)
        if any(row.expires_at <= self._now for row in rows):
            return ()
        ids = [row.id for row in rows]
        if ids:
            values = {"ids": ids, "is_trip": len(ids) > 1}
            self._connection.execute(_BECOME_VISITS, values)
            firm = self._connection.execute(_HAND_OVER_CLAIMS, values).scalars().all()
            for statement in (*_HAND_OVER, _DELETE):
                self._connection.execute(statement, values)
            if not all(firm):  # a visit that ran over took some of it meanwhile
                SqlClaims(self._connection, self._now).flag(ids, [])
        return tuple(ids)
