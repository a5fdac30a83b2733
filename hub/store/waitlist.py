"""The waitlist in its tables, and what the database noted as freed."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, text

from hub.ports.waitlist import FreedBatch, Offer, WaitlistEntry
from hub.scheduling.diary import BusyClaim, PatientVisit, Promise
from hub.scheduling.request import OpeningsRequest, Part, Trip
from hub.scheduling.waitlist import Freed
from hub.store.claims import SqlClaims
from hub.store.moment import Moment
from hub.store.tables import waitlist_entry

_LOCK = text("SELECT pg_advisory_xact_lock(x'776169746c697374'::bigint)")  # its own number: "waitlist"
_COLUMNS = "w.id, w.position, w.location_id, w.parts, w.channel, w.together, w.first_on, w.last_on, w.joined_at"
_LEAVE = text(f"""
    UPDATE waitlist_entry w SET state = 'left', closed_at = :now WHERE id = :id AND state IN ('waiting', 'offered')
    RETURNING {_COLUMNS}""")  # noqa: S608 our own columns
# A day more than any zone is away from UTC: who waits for today is not sent away by a server elsewhere.
_SETTLE = text("""
    UPDATE waitlist_entry w SET closed_at = :now, state = CASE
        WHEN EXISTS (SELECT FROM visit v WHERE v.id = w.hold_id) THEN 'booked' ELSE 'lapsed' END
    WHERE (state = 'offered'
            AND NOT EXISTS (SELECT FROM hold h WHERE h.trip_id = w.hold_id AND h.expires_at > :now))
        OR (state = 'waiting' AND last_on < CAST(CAST(:now AS timestamptz) AT TIME ZONE 'UTC' AS date) - 2)""")
_WAITING = text(f"SELECT {_COLUMNS} FROM waitlist_entry w WHERE state = 'waiting' ORDER BY position")  # noqa: S608
_OFFERS = text(f"""
    SELECT {_COLUMNS}, w.hold_id, min(h.start) FILTER (WHERE h.number = 1) AS arrives_at,
        min(h.expires_at) AS expires_at, array_agg(h.id ORDER BY h.number) AS visit_ids
    FROM waitlist_entry w JOIN hold h ON h.trip_id = w.hold_id
    WHERE w.state = 'offered' AND h.expires_at > :now GROUP BY w.id ORDER BY w.position""")  # noqa: S608
# What a visit that took place or was missed leaves behind is not offered: it is no time that somebody gave up.
_FREED = text("""
    SELECT f.transaction_id, f.owner_id, f.id, f.what, f.data,
        coalesce(v.state IN ('fulfilled', 'no_show'), false) AS is_over
    FROM freed f LEFT JOIN visit v ON v.id = f.owner_id
    WHERE f.transaction_id = (SELECT transaction_id FROM freed ORDER BY id LIMIT 1) ORDER BY f.id""")
_NOW_TAKEN = text("""
    SELECT 'claim' AS what, jsonb_build_array(CAST(c.id AS text)) AS data
        FROM claim c WHERE c.visit_id = ANY(:owners)
    UNION ALL SELECT 'promise', jsonb_build_array(product_id, location_id, due_on, CAST(quantity AS text))
        FROM stock_promise WHERE visit_id = ANY(:owners)
    UNION ALL SELECT 'credit', jsonb_build_array(package_id) FROM package_use WHERE visit_id = ANY(:owners)""")
_FORGET = text("DELETE FROM freed WHERE transaction_id = :id")
_FIRST_OVER = text("SELECT min(expires_at) FROM hold WHERE expires_at <= :now")
_OFFER = text("""
    UPDATE waitlist_entry SET state = 'offered', hold_id = :hold, offered_until = :until
    WHERE id = :id AND state = 'waiting'""")


class SqlWaitlist:
    """`hub.ports.waitlist.Waitlist`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def join(self, request: OpeningsRequest) -> WaitlistEntry:
        """See the port."""
        values = {
            "id": f"wait_{uuid4().hex}",
            "location_id": request.trip.location_id,
            "parts": [_part_row(part) for part in request.trip.parts],
            "channel": request.trip.channel,
            "together": request.trip.together,
            "first_on": request.first_on,
            "last_on": request.last_on,
            "joined_at": self._moment.now,
        }
        row = self._connection.execute(insert(waitlist_entry).values(values).returning(waitlist_entry)).one()
        return _entry(row)

    def leave(self, entry_id: str) -> WaitlistEntry | None:
        """See the port."""
        row = self._connection.execute(_LEAVE, {"id": entry_id, "now": self._moment.now}).one_or_none()
        return None if row is None else _entry(row)

    def lock(self) -> None:
        """See the port."""
        self._connection.execute(_LOCK)

    def settle(self) -> int:
        """See the port."""
        return self._connection.execute(_SETTLE, {"now": self._moment.now}).rowcount

    def find_waiting(self) -> tuple[WaitlistEntry, ...]:
        """See the port."""
        return tuple(_entry(row) for row in self._connection.execute(_WAITING))

    def find_offers(self) -> tuple[Offer, ...]:
        """See the port."""
        rows = self._connection.execute(_OFFERS, {"now": self._moment.now})
        return tuple(
            Offer(_entry(row), row.hold_id, tuple(row.visit_ids), row.arrives_at, row.expires_at) for row in rows
        )

    def find_freed(self) -> FreedBatch | None:
        """See the port."""
        rows = self._connection.execute(_FREED).all()
        if not rows:
            return None
        noted = [row for row in rows if not row.is_over]
        owners = frozenset(row.owner_id for row in noted)
        now_taken = self._connection.execute(_NOW_TAKEN, {"owners": sorted(owners)}).all()
        return FreedBatch(rows[0].transaction_id, _freed(owners, noted, now_taken))

    def forget(self, batch: FreedBatch) -> None:
        """See the port."""
        self._connection.execute(_FORGET, {"id": batch.id})

    def expire_first(self) -> bool:
        """See the port. What they took goes to the facts that waited for it, as when anybody else takes them out."""
        moment = self._connection.execute(_FIRST_OVER, {"now": self._moment.now}).scalar_one()
        if moment is None:
            return False
        SqlClaims(self._connection, Moment(self._connection, moment)).release(())
        return True

    def save_offer(self, entry: WaitlistEntry, hold_id: str, until: datetime) -> None:
        """See the port."""
        self._connection.execute(_OFFER, {"id": entry.id, "hold": hold_id, "until": until})


def _part_row(part: Part) -> dict[str, Any]:
    return {
        "service": part.service_id,
        "patient": part.patient_id,
        "option": part.option_id,
        "resources": dict(part.resources),
        "package": part.package_id,
    }


def _entry(row: Any) -> WaitlistEntry:
    parts = tuple(_part(one) for one in row.parts)
    trip = Trip(parts, row.location_id, row.channel, row.together)
    return WaitlistEntry(row.id, row.position, OpeningsRequest(trip, row.first_on, row.last_on), row.joined_at)


def _part(one: Mapping[str, Any]) -> Part:
    return Part(one["service"], one["patient"], one["option"], one["resources"], one["package"])


def _freed(owners: frozenset[str], noted: Iterable[Any], now_taken: Iterable[Any]) -> Freed:
    noted, now_taken = list(noted), list(now_taken)
    return Freed(
        owners=owners,
        claims=tuple(_claim(row) for row in noted if row.what == "claim"),
        promises=tuple(_promises(noted)),
        credits=tuple(row.data[0] for row in noted if row.what == "credit"),
        visits=tuple(_visit(row) for row in noted if row.what == "visit"),
        claims_now=frozenset(row.data[0] for row in now_taken if row.what == "claim"),
        promises_now=tuple(_promises(now_taken)),
        credits_now=tuple(row.data[0] for row in now_taken if row.what == "credit"),
    )


def _claim(row: Any) -> BusyClaim:
    resource, start, end = row.data
    return BusyClaim(f"freed:{row.id}", resource, 1, datetime.fromisoformat(start), datetime.fromisoformat(end))


def _promises(rows: Iterable[Any]) -> Iterator[Promise]:
    for row in rows:
        if row.what == "promise":
            product, location, due_on, quantity = row.data
            yield Promise(product, location, date.fromisoformat(due_on), Decimal(quantity))


def _visit(row: Any) -> PatientVisit:
    patient, service, location, start, end, series = row.data
    arrives_at, leaves_at = datetime.fromisoformat(start), datetime.fromisoformat(end)
    return PatientVisit(row.owner_id, patient, service, location, arrives_at, leaves_at, series)
