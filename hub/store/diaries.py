"""The changing part of the schedule, read from the tables: everything once, then what has changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from hub.ports import Look
from hub.scheduling.absences import Absence
from hub.scheduling.diary import Diary, LotOnHand, PackageStanding, PatientVisit, Promise
from hub.scheduling.timeline import Span
from hub.store.diary_copy import (
    Changes,
    DiaryCopies,
    DiaryCopy,
    OfPatients,
    Place,
    Promised,
    Resources,
    Window,
    read_changes,
    still_promised,
    window_of,
)
from hub.store.driver import Found, run, run_text
from hub.store.filled import load_filled
from hub.store.packed_claims import ROW, PackedClaims, unpacked
from hub.store.practices import NEWEST, SqlPractices
from hub.store.stock import LOT_COLUMNS, read_lot

# A contested claim takes time but no unit: it is given one that no resource has.
_OUTSIDE = 1_000_000
# Where more has changed than this, all of it is read again.
_MANY = 500
_NOTHING: Mapping[str, Sequence[Span]] = {}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# One statement, so one snapshot: what it reads and what it says of changes belong together. A copy of a snapshot that
# reaches back further than 15000 transactions is not followed: the notes of 20000 are kept (m0003).
_LOOK = f"""
    SELECT CAST(pg_current_snapshot() AS text) AS snapshot,
        pg_current_xact_id_if_assigned() IS NOT NULL AS has_written,
        CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) - 15000
            <= CAST(CAST(pg_snapshot_xmin(CAST(%(since)s AS pg_snapshot)) AS text) AS bigint) AS is_near,
        (SELECT json_agg(json_build_array(subject, subject_id, first_on, last_on)) FROM (
            SELECT DISTINCT subject, subject_id, first_on, last_on FROM diary_change
            WHERE transaction_id >= CAST(CAST(pg_snapshot_xmin(CAST(%(since)s AS pg_snapshot)) AS text) AS bigint)
            AND NOT pg_visible_in_snapshot(CAST(CAST(transaction_id AS text) AS xid8), CAST(%(since)s AS pg_snapshot))
            LIMIT %(many)s) AS noted) AS noted,
        (SELECT json_build_array(id, sha256) FROM ({NEWEST}) AS newest) AS newest,
        (SELECT json_build_array(count(*), max(id)) FROM absence) AS absences,
        EXISTS (SELECT FROM claim WHERE reassignable AND during && tstzrange(%(first)s, %(last)s)) AS has_filled,
        (SELECT json_agg(json_build_array(id, known)) FROM patient WHERE id = ANY(%(ids)s) AND active) AS patients,
        (SELECT json_agg(json_build_array(id, patient_id, service_id, location_id,
                CAST(extract(epoch FROM start) * 1000000 AS bigint),
                CAST(extract(epoch FROM "end") * 1000000 AS bigint), series_id))
            FROM (SELECT id, patient_id, coalesce(service_id, '') AS service_id, location_id, start, "end", series_id
                FROM visit
                WHERE patient_id = ANY(%(ids)s) AND state IN ('booked', 'arrived', 'fulfilled')
                UNION ALL SELECT id, patient_id, service_id, location_id, start, "end", series_id FROM hold
                WHERE patient_id = ANY(%(ids)s) AND expires_at > %(now)s) AS theirs) AS visits,
        (SELECT json_agg(json_build_array(p.id, p.patient_id, p.service_id,
                p.credits - (SELECT count(*) FROM package_use u LEFT JOIN hold h ON h.id = u.hold_id
                    WHERE u.package_id = p.id AND (h.id IS NULL OR h.expires_at > %(now)s)), p.expires_on))
            FROM package p WHERE p.patient_id = ANY(%(ids)s)) AS packages"""  # noqa: S608 nothing of it comes from outside
# Unit by unit through the constraint's index: what other locations take costs nothing.
_CLAIMS = """
    SELECT u.owner_id, CASE WHEN packed.firm THEN u.number ELSE :outside END, packed.expires_at, packed.rows
    FROM {units} CROSS JOIN LATERAL (
        SELECT true AS firm, h.expires_at, string_agg({row}, '') AS rows
        FROM claim c LEFT JOIN hold h ON h.id = c.hold_id
        WHERE c.firm AND int8range(c.unit_id, c.unit_id, '[]') && int8range(u.id, u.id, '[]') AND c.during && {spans}
        GROUP BY 2
        UNION ALL SELECT false, h.expires_at, string_agg({row}, '')
        FROM claim c LEFT JOIN hold h ON h.id = c.hold_id
        WHERE NOT c.firm AND c.unit_id = u.id AND c.during && {spans} GROUP BY 2) AS packed
    WHERE u.owner_kind = 'resource'"""
_ALL_CLAIMS = text(
    _CLAIMS.format(row=ROW, units="resource_unit u", spans="tstzrange(:first, :last)")
    + " AND (CAST(:resources AS text[]) IS NULL OR u.owner_id = ANY(CAST(:resources AS text[])))"
)
_CHANGED_CLAIMS = text(
    _CLAIMS.format(
        row=ROW,
        units="""(SELECT owner_id, range_agg(tstzrange(first, last)) AS spans
            FROM unnest(CAST(:owners AS text[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
                AS noted (owner_id, first, last) GROUP BY 1) AS changed
            JOIN resource_unit u ON u.owner_id = changed.owner_id""",
        spans="changed.spans",
    )
)
_PROMISES = """
    SELECT p.product_id, p.location_id, p.due_on, h.expires_at, sum(p.quantity) AS quantity
    FROM {source} LEFT JOIN hold h ON h.id = p.hold_id
    WHERE CAST(:location AS text) IS NULL OR p.location_id = :location
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
_ALL_PROMISES = text(_PROMISES.format(source="stock_promise p"))
_CHANGED_PROMISES = text(
    _PROMISES.format(
        source="unnest(CAST(:products AS text[]), CAST(:days AS date[])) AS changed (product_id, due_on)"
        " JOIN stock_promise p ON (p.product_id, p.due_on) = (changed.product_id, changed.due_on)"
    )
)
_LOTS = text(f"""
    SELECT {LOT_COLUMNS} FROM lot l WHERE CAST(:location AS text) IS NULL OR location_id = :location ORDER BY id""")  # noqa: S608 fixed columns


class SqlDiaries:
    """`hub.ports.Diaries`. Contested claims are time taken like any other.

    A transaction that has written reads for itself alone: what it sees, nobody else may ever see.
    """

    def __init__(self, connection: Connection, now: datetime, copies: DiaryCopies, practices: SqlPractices) -> None:
        self._connection = connection
        self._copies = copies
        self._practices = practices
        self._now = now

    def load(
        self, *, first_on: date, last_on: date, patient_ids: Collection[str], location_id: str | None = None
    ) -> Diary:
        """See the port."""
        place = Place(first_on, last_on, location_id)
        return self._diary(place, None, *self._seen(place, patient_ids))

    def look(self, *, first_on: date, last_on: date, patient_ids: Collection[str], location_id: str) -> Look:
        """See the port."""
        place = Place(first_on, last_on, location_id, of_location=True)
        copy, seen = self._seen(place, patient_ids)
        return Look(
            practice=None if seen["newest"] is None else self._practices.recall(*seen["newest"]),
            absences=self._absences(seen),
            diary=lambda resource_ids: self._diary(place, frozenset(resource_ids), copy, seen),
        )

    def _seen(self, place: Place, patient_ids: Collection[str]) -> tuple[DiaryCopy | None, Found]:
        copy = self._copies.find(place)
        first, last = window_of(place)
        values = {"ids": sorted(set(patient_ids)), "since": copy.snapshot if copy else None, "many": _MANY}
        (seen,) = run(self._connection, _LOOK, values | {"now": self._now, "first": first, "last": last})
        return copy, seen

    def _diary(self, place: Place, resources: Resources, copy: DiaryCopy | None, seen: Found) -> Diary:
        window = window_of(place)
        changes = None if seen["has_written"] else _changes(seen, window, resources)
        if copy is None or changes is None or copy.resources != resources:
            copy, changed = self._read(seen["snapshot"], window, place.location_id, resources), _NOTHING
        else:
            copy, changed = self._caught_up(replace(copy, snapshot=seen["snapshot"]), changes, place.location_id)
        filled = load_filled(self._connection, self._now, window, place.location_id) if seen["has_filled"] else ()
        diary = copy.made_diary(_of_patients(seen), changed, filled)
        if not seen["has_written"]:
            self._copies.keep(place, replace(copy, diary=diary))
        return diary

    def _absences(self, seen: Found) -> tuple[Absence, ...]:
        """They are only ever added: as many with the same last one are the same."""
        if seen["has_written"]:
            return self._practices.find_absences()
        (count, last), kept = seen["absences"], self._copies.absences
        if kept is None or kept[0] != (count, last):
            kept = self._copies.absences = ((count, last), self._practices.find_absences())
        return kept[1]

    def _read(self, snapshot: str, window: Window, location_id: str | None, resources: Resources) -> DiaryCopy:
        values = {"outside": _OUTSIDE, "first": window[0], "last": window[1]}
        values |= {"resources": None if resources is None else list(resources)}
        claims, _ = self._claims(_ALL_CLAIMS, values).without_ended(self._now)
        promises = still_promised(self._promises(_ALL_PROMISES, {"location": location_id}), self._now)
        return DiaryCopy(snapshot, resources, claims, promises, self._lots(location_id))

    def _caught_up(
        self, copy: DiaryCopy, changes: Changes, location_id: str | None
    ) -> tuple[DiaryCopy, Mapping[str, Sequence[Span]]]:
        """The copy with what has changed, and in which minutes of which resources."""
        claims, changed = copy.claims, changes.minutes()
        if changed:
            owners, starts, until = zip(*changes.spans, strict=True)
            values = {"outside": _OUTSIDE, "owners": list(owners), "starts": list(starts), "ends": list(until)}
            claims = claims.replaced(changed, self._claims(_CHANGED_CLAIMS, values))
        claims, freed = claims.without_ended(self._now)
        later = replace(
            copy,
            claims=claims,
            promises=still_promised(self._promises_now(copy, changes, location_id), self._now),
            lots=self._lots(location_id) if changes.lots else copy.lots,
        )
        return later, {key: [*changed.get(key, ()), *freed.get(key, ())] for key in changed.keys() | freed.keys()}

    def _promises_now(self, copy: DiaryCopy, changes: Changes, location_id: str | None) -> tuple[Promised, ...]:
        if not changes.promises:
            return copy.promises
        products, days = zip(*sorted(changes.promises), strict=True)
        values = {"location": location_id, "products": list(products), "days": list(days)}
        kept = tuple(
            (promise, at)
            for promise, at in copy.promises
            if (promise.product_id, promise.promised_on) not in changes.promises
        )
        return kept + self._promises(_CHANGED_PROMISES, values)

    def _claims(self, statement: Any, values: dict[str, Any]) -> PackedClaims:
        rows = run_text(self._connection, statement, values)
        return unpacked((row[0], row[1], row[2], row[3]) for row in rows)

    def _promises(self, statement: Any, values: dict[str, Any]) -> tuple[Promised, ...]:
        return tuple(
            (Promise(row.product_id, row.location_id, row.due_on, row.quantity), row.expires_at)
            for row in run_text(self._connection, statement, values)
        )

    def _lots(self, location_id: str | None) -> tuple[LotOnHand, ...]:
        return tuple(read_lot(row) for row in run_text(self._connection, _LOTS, {"location": location_id}))


def _changes(seen: Found, window: Window, resources: Resources) -> Changes | None:
    """What to read again; None: everything."""
    noted = seen["noted"] or []
    if not seen["is_near"] or len(noted) == _MANY:
        return None
    return read_changes([(row[0], row[1], row[2], row[3]) for row in noted], window, resources)


def _of_patients(seen: Found) -> OfPatients:
    return OfPatients(
        patients=dict(seen["patients"] or []),
        visits=tuple(
            PatientVisit(visit, patient, service, location, _instant(start), _instant(end), series)
            for visit, patient, service, location, start, end, series in sorted(seen["visits"] or [])
        ),
        packages=tuple(_package(*row) for row in sorted(seen["packages"] or [])),
    )


def _package(package_id: str, patient_id: str, service_id: str, left: int, expires_on: str | None) -> PackageStanding:
    last = date.fromisoformat(expires_on) if expires_on else None
    return PackageStanding(package_id, patient_id, service_id, left, last)


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
