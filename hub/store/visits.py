"""Visits that are still to come: moved, ended, completed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, text, update

from hub.canonical.ids import Kind
from hub.canonical.money import Money
from hub.canonical.records import Visit
from hub.ports import Ending, StandingVisit
from hub.scheduling.decision import Booking
from hub.scheduling.lots import LotDraw
from hub.scheduling.request import Part, Trip
from hub.store.bookings import claimed_by_nobody_else, recolour
from hub.store.claims import SqlClaims, lock_claims
from hub.store.planned import placed_row, save_taken
from hub.store.records import SqlRecords
from hub.store.tables import visit

_STANDING = text("""
    SELECT v.id, v.option_id, v.asked, v.deposit_minor, v.price_currency, v.fee_from, v.practice_version_id,
        v.series_id, v.trip_id, v.trip_number,
        (SELECT package_id FROM package_use u WHERE u.visit_id = v.id) AS package_id,
        (SELECT jsonb_object_agg(product_id, quantity::text) FROM stock_promise p WHERE p.visit_id = v.id) AS promised
    FROM visit v WHERE v.id = ANY(:ids) AND v.state IN ('booked', 'arrived')""")
_OF_TRIP = text("SELECT id FROM visit WHERE trip_id = :id ORDER BY trip_number")
_GIVE_UP = [
    text(f"DELETE FROM {table} WHERE visit_id = ANY(:ids)")  # noqa: S608 two names
    for table in ("stock_promise", "package_use")
]
_END = text("""
    UPDATE visit SET state = :state, fee_minor = :fee, credit_lost = :lost, updated_at = now(), revision = revision + 1
    WHERE id = :id""")
_CREDIT_BACK = text("DELETE FROM package_use WHERE visit_id = :id AND NOT CAST(:lost AS boolean)")
_DRAW = text("""
    WITH drawn AS (
        UPDATE lot SET on_hand = on_hand - :quantity
        WHERE product_id = :product AND location_id = :location AND name = :lot RETURNING id)
    INSERT INTO lot_use (visit_id, lot_id, quantity) SELECT :visit, id, :quantity FROM drawn""")
_COMPLETE = text("""
    UPDATE visit SET state = 'fulfilled', updated_at = now(), revision = revision + 1 WHERE id = :id""")
_END_PROMISE = text("DELETE FROM stock_promise WHERE visit_id = :id")


class SqlVisits:
    """`hub.ports.Visits`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def load_standing(self, visit_ids: Collection[str]) -> tuple[StandingVisit, ...]:
        """See the port."""
        rows = {row.id: row for row in self._connection.execute(_STANDING, {"ids": list(visit_ids)})}
        visits = SqlRecords(self._connection).load(Kind.VISIT, list(rows))
        return tuple(
            _standing(one, rows[one_id])
            for one_id in dict.fromkeys(visit_ids)
            if one_id in rows and isinstance(one := visits[one_id], Visit)
        )

    def find_trip(self, trip_id: str) -> tuple[StandingVisit, ...]:
        """See the port."""
        return self.load_standing(self._connection.execute(_OF_TRIP, {"id": trip_id}).scalars().all())

    def lock(self) -> None:
        """See the port."""
        lock_claims(self._connection)

    def vacate(self, visit_ids: Collection[str]) -> None:
        """See the port."""
        for statement in _GIVE_UP:
            self._connection.execute(statement, {"ids": list(visit_ids)})
        SqlClaims(self._connection, self._now).release(visit_ids)

    def move(self, booking: Booking, trip: Trip, fee_from: Mapping[str, datetime | None]) -> None:
        """See the port."""
        changed = update(visit).where(visit.c.id == bindparam("moved"))
        counted = {"updated_at": self._now, "revision": visit.c.revision + 1}
        with claimed_by_nobody_else():
            recolour(self._connection, booking.recolourings)
            for (visit_id, kept), planned, part in zip(fee_from.items(), booking.visits, trip.parts, strict=True):
                row = placed_row(self._connection, planned, part) | {"fee_from": kept} | counted
                self._connection.execute(changed.values(row), {"moved": visit_id})
                save_taken(self._connection, planned, "visit_id", visit_id)

    def end(self, endings: Sequence[Ending]) -> None:
        """See the port."""
        for one in endings:
            values = {"id": one.visit_id, "state": str(one.state), "fee": one.fee_minor, "lost": one.is_credit_lost}
            self._connection.execute(_END, values)
            self._connection.execute(_CREDIT_BACK, {"id": one.visit_id, "lost": one.is_credit_lost})
        SqlClaims(self._connection, self._now).release([one.visit_id for one in endings])

    def complete(self, visit_id: str, draws: Sequence[LotDraw]) -> None:
        """See the port."""
        for draw in draws:
            place = {"product": draw.product_id, "location": draw.location_id, "lot": draw.lot}
            self._connection.execute(_DRAW, place | {"visit": visit_id, "quantity": draw.quantity})
        for statement in (_END_PROMISE, _COMPLETE):
            self._connection.execute(statement, {"id": visit_id})


def _standing(found: Visit, row: Any) -> StandingVisit:
    deposit = Money(amount_minor=row.deposit_minor, currency=row.price_currency) if row.deposit_minor else None
    return StandingVisit(
        visit=found,
        part=Part(found.service_id or "", found.patient_id, row.option_id, row.asked, row.package_id, row.series_id),
        deposit=deposit,
        fee_from=row.fee_from,
        practice_version=row.practice_version_id,
        promised={product: Decimal(quantity) for product, quantity in (row.promised or {}).items()},
        trip_id=row.trip_id,
        trip_number=row.trip_number or 1,
    )
