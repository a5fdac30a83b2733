"""The changing part of the schedule, read from the tables."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, text

from hub.scheduling.diary import BusyClaim, Diary, LotOnHand, PackageStanding, PatientVisit, Promise

# Local dates lie up to 14 hours beside UTC's, and the engine wants a day more on both sides.
_MARGIN = timedelta(days=2)
# A contested claim takes time but no unit: it is given one that no resource has.
_OUTSIDE = 1_000_000

# What a hold takes counts until the hold is over.
_COUNTS = "(hold_id IS NULL OR hold_id IN (SELECT id FROM hold WHERE expires_at > :now))"
_CLAIMS = text(f"""
    SELECT c.id, u.owner_id, CASE WHEN c.firm THEN u.number ELSE :outside END AS unit,
        lower(c.during) AS start, upper(c.during) AS "end"
    FROM claim c JOIN resource_unit u ON u.id = c.unit_id
    WHERE u.owner_kind = 'resource' AND c.during && tstzrange(:first, :last) AND {_COUNTS}""")  # noqa: S608 the condition is above
_PATIENTS = text("SELECT id, known FROM patient WHERE id = ANY(:ids) AND active")
_VISITS = text("""
    SELECT id, patient_id, coalesce(service_id, '') AS service_id, location_id, start, "end" FROM visit
    WHERE patient_id = ANY(:ids) AND state IN ('booked', 'arrived', 'fulfilled')
    UNION ALL SELECT id, patient_id, service_id, location_id, start, "end" FROM hold
    WHERE patient_id = ANY(:ids) AND expires_at > :now""")
_PROMISES = text(f"""
    SELECT product_id, location_id, due_on, quantity FROM stock_promise
    WHERE (CAST(:location AS text) IS NULL OR location_id = :location) AND {_COUNTS}""")  # noqa: S608 the condition is above
_LOTS = text("""
    SELECT product_id, location_id, name, on_hand, expires_on FROM lot
    WHERE CAST(:location AS text) IS NULL OR location_id = :location""")
_PACKAGES = text(f"""
    SELECT p.id, p.patient_id, p.service_id, p.expires_on,
        p.credits - (SELECT count(*) FROM package_use WHERE package_id = p.id AND {_COUNTS}) AS credits_left
    FROM package p WHERE p.patient_id = ANY(:ids)""")  # noqa: S608 the condition is above


class SqlDiaries:
    """`hub.ports.Diaries`. Contested claims are time taken like any other."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def load(
        self, *, first_on: date, last_on: date, patient_ids: Collection[str], location_id: str | None = None
    ) -> Diary:
        """See the port."""
        patients = {"ids": sorted(set(patient_ids)), "now": self._now}
        place = {"location": location_id, "now": self._now}
        read = self._connection.execute
        return Diary(
            claims=self._claims(first_on, last_on),
            patients={row.id: row.known for row in read(_PATIENTS, patients)},
            visits=tuple(
                PatientVisit(row.id, row.patient_id, row.service_id, row.location_id, row.start, row.end)
                for row in read(_VISITS, patients)
            ),
            promises=tuple(
                Promise(row.product_id, row.location_id, row.due_on, row.quantity) for row in read(_PROMISES, place)
            ),
            lots=tuple(
                LotOnHand(row.product_id, row.location_id, row.name, row.on_hand, row.expires_on)
                for row in read(_LOTS, place)
            ),
            packages=tuple(
                PackageStanding(row.id, row.patient_id, row.service_id, row.credits_left, row.expires_on)
                for row in read(_PACKAGES, patients)
            ),
        )

    def _claims(self, first_on: date, last_on: date) -> tuple[BusyClaim, ...]:
        values = {
            "now": self._now,
            "outside": _OUTSIDE,
            "first": _midnight(first_on) - _MARGIN,
            "last": _midnight(last_on) + timedelta(days=1) + _MARGIN,
        }
        return tuple(
            BusyClaim(str(row.id), row.owner_id, row.unit, row.start, row.end)
            for row in self._connection.execute(_CLAIMS, values)
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
