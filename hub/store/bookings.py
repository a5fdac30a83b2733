"""Writing down what the schedule decided, behind locks that make its writers queue instead of collide."""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.errors import ExclusionViolation
from sqlalchemy import Connection, NestedTransaction, insert, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from hub.canonical.ids import Kind, mint
from hub.canonical.records import Visit
from hub.errors import Conflict, Problem
from hub.ports import KnownKey
from hub.scheduling.decision import Booking, PlannedVisit, Recolouring
from hub.scheduling.request import Part, Trip
from hub.store.claims import SqlClaims, lock_claims
from hub.store.records import SqlRecords
from hub.store.tables import booking_key, claim, package_use, stock_promise, visit
from hub.store.units import ensure_units

_TAKE_LOCKS = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
_SHARE = text("LOCK TABLE claim IN ROW EXCLUSIVE MODE")
_KINDS = text("""
    SELECT id, 'provider' AS kind FROM provider WHERE id = ANY(:ids) AND kind = 'provider'
    UNION ALL SELECT id, kind FROM resource WHERE id = ANY(:ids)""")
_TODAY = text("SELECT CAST(now() AT TIME ZONE coalesce(max(zone), 'UTC') AS date) FROM location WHERE id = :id")
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

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        self._connection.execute(_SHARE)
        self._take_locks(keys)

    def save(self, booking: Booking, trip: Trip) -> tuple[str, ...]:
        """See the port."""
        try:
            self._recolour(booking.recolourings)
            return tuple(
                self._save_visit(planned, part, trip.channel)
                for planned, part in zip(booking.visits, trip.parts, strict=True)
            )
        except IntegrityError as error:
            if isinstance(error.orig, ExclusionViolation):
                raise Conflict(Problem("the time was claimed by somebody else", "claimed")) from None
            raise

    def save_key(self, key: str, known: KnownKey) -> None:
        """See the port."""
        values = {"key": key, "request_hash": known.request_hash, "visit_ids": list(known.visit_ids)}
        self._connection.execute(insert(booking_key), values)

    def cancel(self, visit_id: str) -> Visit | None:
        """See the port."""
        lock_claims(self._connection)
        if self._connection.execute(_CANCEL, {"id": visit_id}).rowcount == 0:
            return None
        SqlClaims(self._connection).release([visit_id])
        cancelled = SqlRecords(self._connection).load(Kind.VISIT, [visit_id])[visit_id]
        assert isinstance(cancelled, Visit)
        return cancelled

    def _take_locks(self, keys: Collection[tuple[str, ...]]) -> None:
        self._connection.execute(_TAKE_LOCKS, {"keys": sorted({_number(key) for key in keys})})

    def _recolour(self, changes: Collection[Recolouring]) -> None:
        if changes:
            values = {"claims": [int(one.claim_id) for one in changes], "numbers": [one.unit for one in changes]}
            self._connection.execute(_RECOLOUR, values)

    def _save_visit(self, planned: PlannedVisit, part: Part, channel: str) -> str:
        visit_id = mint(Kind.VISIT)
        row = self._visit_row(planned, part) | {"id": visit_id, "booked_via": channel}
        row["booked_on"] = self._connection.execute(_TODAY, {"id": planned.location_id}).scalar()
        self._connection.execute(insert(visit), row)
        self._save_claims(visit_id, planned)
        if planned.promises:
            self._connection.execute(insert(stock_promise), _promises(visit_id, planned))
        if planned.package_id is not None:
            self._connection.execute(insert(package_use), {"visit_id": visit_id, "package_id": planned.package_id})
        return visit_id

    def _visit_row(self, planned: PlannedVisit, part: Part) -> dict[str, Any]:
        chosen = [resource_id for _, resource_id in planned.resources]
        kinds = {row.id: row.kind for row in self._connection.execute(_KINDS, {"ids": chosen})}
        first = {kinds[one]: one for one in reversed(chosen) if one in kinds}
        return {
            "patient_id": planned.patient_id,
            "service_id": planned.service_id,
            "option_id": planned.option_id,
            "location_id": planned.location_id,
            "provider_id": first.get("provider"),
            "room_id": first.get("room"),
            "device_id": first.get("device"),
            "start": planned.arrives_at,
            "end": planned.leaves_at,
            "state": "booked",
            "price_minor": planned.price.amount_minor if planned.price else None,
            "price_currency": planned.price.currency if planned.price else None,
            "asked": dict(part.resources),
        }

    def _save_claims(self, visit_id: str, planned: PlannedVisit) -> None:
        patient = ("patient", planned.patient_id)
        owners = {patient, *(("resource", one.resource_id) for one in planned.claims)}
        units = ensure_units(self._connection, owners)
        rows: list[dict[str, Any]] = [
            {
                "unit_id": units["resource", one.resource_id].by_number[one.unit],
                "during": Range(one.start_at, one.end_at),
                "visit_id": visit_id,
                "step": one.step,
                "need": one.need,
            }
            for one in planned.claims
        ]
        rows.append(
            {
                "unit_id": units[patient].by_number[1],
                "during": Range(planned.arrives_at, planned.leaves_at),
                "visit_id": visit_id,
                "step": None,
                "need": "patient",
            }
        )
        self._connection.execute(insert(claim), rows)


def _promises(visit_id: str, planned: PlannedVisit) -> list[dict[str, Any]]:
    return [
        {
            "visit_id": visit_id,
            "product_id": one.product_id,
            "location_id": one.location_id,
            "quantity": one.quantity,
            "due_on": one.promised_on,
        }
        for one in planned.promises
    ]


def _number(key: tuple[str, ...]) -> int:
    """A lock's 64-bit number; two keys that share one by chance only wait for each other."""
    digest = hashlib.blake2b("\x1f".join(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
