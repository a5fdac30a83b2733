"""The changing part of the schedule, read from the tables: everything once, then what has changed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from hub.ports import InForce, Look, Recalled
from hub.scheduling.diary import Diary, PackageStanding, PatientVisit, Promise
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
from hub.store.driver import run
from hub.store.filled import FILLED, read_filled
from hub.store.instants import epoch_of, read_instant
from hub.store.journey import Found
from hub.store.moment import Moment
from hub.store.packed_claims import ROW, PackedClaims, unpacked
from hub.store.practices import IN_FORCE, SqlPractices
from hub.store.stock import LOTS, read_lots

# A contested claim takes time but no unit: it is given one that no resource has.
_OUTSIDE = 1_000_000
# Where more has changed than this, all of it is read again.
_MANY = 500
_NOTHING: Mapping[str, Sequence[Span]] = {}

# Unit by unit through the constraint's index: what other locations take costs nothing.
_CLAIMS = f"""
    SELECT u.owner_id, CASE WHEN packed.firm THEN u.number ELSE {_OUTSIDE} END AS unit, packed.expires_at, packed.rows
    FROM {{units}} CROSS JOIN LATERAL (
        SELECT true AS firm, h.expires_at, string_agg({ROW}, '') AS rows
        FROM claim c LEFT JOIN hold h ON h.id = c.hold_id
        WHERE c.firm AND point(c.unit_id, c.unit_id) ~= point(u.id, u.id) AND c.during && {{spans}}
        GROUP BY 2
        UNION ALL SELECT false, h.expires_at, string_agg({ROW}, '')
        FROM claim c LEFT JOIN hold h ON h.id = c.hold_id
        WHERE NOT c.firm AND c.unit_id = u.id AND c.during && {{spans}} GROUP BY 2) AS packed
    WHERE u.owner_kind = 'resource'"""  # noqa: S608 fixed columns
_ALL_CLAIMS = f"""
    {_CLAIMS.format(units="resource_unit u", spans="tstzrange(%(first)s, %(last)s)")}
    AND (CAST(%(resources)s AS text[]) IS NULL OR u.owner_id = ANY(%(resources)s))"""
_PROMISES = """
    SELECT p.product_id, p.location_id, p.due_on, h.expires_at, sum(p.quantity) AS quantity, count(*) AS visits
    FROM {source} LEFT JOIN hold h ON h.id = p.hold_id
    WHERE CAST(%(location)s AS text) IS NULL OR p.location_id = %(location)s
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
_ALL_PROMISES = _PROMISES.format(source="stock_promise p")
_LOTS = f"{LOTS} WHERE CAST(%(location)s AS text) IS NULL OR l.location_id = %(location)s"

# One statement, so one snapshot: what has changed, what is there now, and what of the patients. A copy of a snapshot
# that reaches back further than 15000 transactions is not followed: the notes of 20000 are kept (m0003).
_SINCE = "CAST(%(since)s AS pg_snapshot)"
_CHANGED_CLAIMS = _CLAIMS.format(
    units="changed JOIN resource_unit u ON u.owner_id = changed.owner_id", spans="changed.spans"
)
_CHANGED_PROMISES = _PROMISES.format(
    source="noted JOIN stock_promise p"
    " ON noted.subject = 'promise' AND (p.product_id, p.due_on) = (noted.subject_id, noted.first_on)"
)
_NOW = "coalesce(CAST(%(now)s AS timestamptz), now())"
_LOOK = f"""
    WITH noted AS MATERIALIZED (
        SELECT DISTINCT subject, subject_id, first_on, last_on FROM diary_change
        WHERE transaction_id >= CAST(CAST(pg_snapshot_xmin({_SINCE}) AS text) AS bigint)
        AND NOT pg_visible_in_snapshot(CAST(CAST(transaction_id AS text) AS xid8), {_SINCE})
        LIMIT CAST(%(most)s AS bigint)),
    changed AS (
        SELECT subject_id AS owner_id, range_agg(days.span * tstzrange(%(first)s, %(last)s)) AS spans
        FROM noted CROSS JOIN LATERAL (SELECT tstzrange(CAST(first_on AS timestamp) AT TIME ZONE 'UTC',
            CAST(last_on + 1 AS timestamp) AT TIME ZONE 'UTC') AS span) AS days
        WHERE subject = 'resource' AND days.span && tstzrange(%(first)s, %(last)s)
        AND (CAST(%(resources)s AS text[]) IS NULL OR subject_id = ANY(%(resources)s)) GROUP BY 1)
    SELECT now() AS now, CAST(pg_current_snapshot() AS text) AS snapshot,
        pg_current_xact_id_if_assigned() IS NOT NULL AS has_written,
        CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) - 15000
            <= CAST(CAST(pg_snapshot_xmin({_SINCE}) AS text) AS bigint) AS is_near,
        (SELECT json_agg(json_build_array(subject, subject_id, first_on, last_on)) FROM noted) AS noted,
        (SELECT json_agg(json_build_array(owner_id, unit, {epoch_of("expires_at")}, encode(rows, 'hex')))
            FROM ({_CHANGED_CLAIMS}) AS found) AS claims,
        (SELECT json_agg(json_build_array(product_id, location_id, due_on, CAST(quantity AS text), visits,
                {epoch_of("expires_at")}))
            FROM ({_CHANGED_PROMISES}) AS found) AS promises,
        {IN_FORCE},
        CASE WHEN EXISTS (SELECT FROM noted WHERE subject = 'lot') THEN ({_LOTS}) END AS lots,
        CASE WHEN EXISTS (SELECT FROM claim WHERE reassignable AND during && tstzrange(%(first)s, %(last)s))
            THEN ({FILLED.format(now=_NOW)}) END AS filled,
        EXISTS (SELECT FROM hold WHERE expires_at <= {_NOW}) AS has_holds_over,
        (SELECT json_agg(json_build_array(id, known)) FROM patient
            WHERE id = ANY(%(ids)s) AND active AND merged_into IS NULL) AS patients,
        (SELECT json_agg(json_build_array(id, patient_id, service_id, location_id,
                {epoch_of("start")}, {epoch_of('"end"')}, series_id))
            FROM (SELECT id, patient_id, coalesce(service_id, '') AS service_id, location_id, start, "end", series_id
                FROM visit
                WHERE patient_id = ANY(%(ids)s) AND state IN ('booked', 'arrived', 'fulfilled')
                UNION ALL SELECT id, patient_id, service_id, location_id, start, "end", series_id FROM hold
                WHERE patient_id = ANY(%(ids)s) AND expires_at > {_NOW}) AS theirs) AS visits,
        (SELECT json_agg(json_build_array(p.id, p.patient_id, p.service_id,
                p.credits - p.used_before - (SELECT count(*) FROM package_use u LEFT JOIN hold h ON h.id = u.hold_id
                    WHERE u.package_id = p.id AND (h.id IS NULL OR h.expires_at > {_NOW})), p.expires_on))
            FROM package p WHERE p.patient_id = ANY(%(ids)s)) AS packages"""  # noqa: S608 nothing of it comes from outside


class SqlDiaries:
    """`hub.ports.Diaries`. Contested claims are time taken like any other.

    A transaction that has written reads for itself alone: what it sees, nobody else may ever see.
    """

    def __init__(self, connection: Connection, moment: Moment, copies: DiaryCopies, practices: SqlPractices) -> None:
        self._connection = connection
        self._copies = copies
        self._practices = practices
        self._moment = moment

    def load(
        self, *, first_on: date, last_on: date, patient_ids: Collection[str], location_id: str | None = None
    ) -> Diary:
        """See the port."""
        _, diary = self._look(Place(first_on, last_on, location_id), patient_ids, lambda _: None)
        return diary

    def look(
        self,
        *,
        first_on: date,
        last_on: date,
        patient_ids: Collection[str],
        location_id: str,
        resources_of: Callable[[InForce], Collection[str]],
    ) -> Look:
        """See the port."""
        place = Place(first_on, last_on, location_id, of_location=True)
        seen, diary = self._look(place, patient_ids, lambda in_force: frozenset(resources_of(in_force)))
        return Look(self._practices.recall(seen), seen["has_holds_over"], diary)

    def recall(self, *, first_on: date, last_on: date, location_id: str) -> Recalled | None:
        """See the port."""
        copy = self._copies.find(Place(first_on, last_on, location_id, of_location=True))
        in_force = self._practices.recalled
        if copy is None or copy.diary is None or in_force is None:
            return None
        return Recalled(in_force, copy.diary)

    def _look(
        self, place: Place, patient_ids: Collection[str], resources_of: Callable[[InForce], Resources]
    ) -> tuple[Found, Diary]:
        """All of one moment: what takes several statements to read is then followed with one.

        A transaction that has written has its locks, and is not followed: its own notes would never end.
        """
        copy = self._copies.find(place)
        most: int | None = _MANY
        while True:
            seen = self._ask(place, copy, patient_ids, most)
            resources = resources_of(self._practices.recall(seen))
            if seen["has_written"]:
                alone = self._read(seen, place, resources)
                return seen, alone.made_diary(_of_patients(seen), _NOTHING, read_filled(seen["filled"]))
            changes = _changes(seen, window_of(place), resources, most)
            if copy is not None and changes is not None and copy.resources == resources:
                later, changed = self._caught_up(copy, changes, seen)
                diary = later.made_diary(_of_patients(seen), changed, read_filled(seen["filled"]))
                self._copies.keep(place, replace(later, diary=diary))
                return seen, diary
            copy, most = self._read(seen, place, resources), None

    def _ask(self, place: Place, copy: DiaryCopy | None, patient_ids: Collection[str], most: int | None) -> Found:
        first, last = window_of(place)
        values = {
            "ids": sorted(set(patient_ids)),
            "now": self._moment.given,
            "first": first,
            "last": last,
            "location": place.location_id,
            "since": copy.snapshot if copy else None,
            "resources": _listed(copy.resources if copy else None),
            "most": most,
        }
        (seen,) = run(self._connection, _LOOK, values)
        self._moment.hear(self._moment.given or seen["now"])
        return seen

    def _read(self, seen: Found, place: Place, resources: Resources) -> DiaryCopy:
        first, last = window_of(place)
        location = {"location": place.location_id}
        values = {"first": first, "last": last, "resources": _listed(resources)}
        found = unpacked(
            (row["owner_id"], row["unit"], row["expires_at"], row["rows"])
            for row in run(self._connection, _ALL_CLAIMS, values)
        )
        promises = tuple(
            (
                Promise(row["product_id"], row["location_id"], row["due_on"], row["quantity"], row["visits"]),
                row["expires_at"],
            )
            for row in run(self._connection, _ALL_PROMISES, location)
        )
        claims, _ = found.without_ended(self._moment.now)
        promised = still_promised(promises, self._moment.now)
        lots = read_lots(run(self._connection, _LOTS, location)[0]["lots"])
        return DiaryCopy(seen["snapshot"], resources, claims, promised, lots)

    def _caught_up(
        self, copy: DiaryCopy, changes: Changes, seen: Found
    ) -> tuple[DiaryCopy, Mapping[str, Sequence[Span]]]:
        """The copy with what has changed, and in which minutes of which resources."""
        changed = changes.minutes()
        claims = copy.claims.replaced(changed, _claims(seen)) if changed else copy.claims
        claims, freed = claims.without_ended(self._moment.now)
        kept = [one for one in copy.promises if (one[0].product_id, one[0].promised_on) not in changes.promises]
        later = replace(
            copy,
            snapshot=seen["snapshot"],
            claims=claims,
            promises=still_promised([*kept, *_promises(seen)], self._moment.now),
            lots=read_lots(seen["lots"]) if changes.lots else copy.lots,
        )
        return later, {key: [*changed.get(key, ()), *freed.get(key, ())] for key in changed.keys() | freed.keys()}


def _listed(resources: Resources) -> list[str] | None:
    return None if resources is None else list(resources)


def _changes(seen: Found, window: Window, resources: Resources, most: int | None) -> Changes | None:
    """What to read again; None: everything."""
    noted = seen["noted"] or []
    if not seen["is_near"] or len(noted) == most:
        return None
    return read_changes([(row[0], row[1], row[2], row[3]) for row in noted], window, resources)


def _claims(seen: Found) -> PackedClaims:
    return unpacked(
        (owner, unit, _deadline(ends), bytes.fromhex(rows)) for owner, unit, ends, rows in seen["claims"] or ()
    )


def _promises(seen: Found) -> list[Promised]:
    return [
        (Promise(product, location, date.fromisoformat(due), Decimal(quantity), visits), _deadline(ends))
        for product, location, due, quantity, visits, ends in seen["promises"] or ()
    ]


def _of_patients(seen: Found) -> OfPatients:
    return OfPatients(
        patients=dict(seen["patients"] or []),
        visits=tuple(
            PatientVisit(visit, patient, service, location, read_instant(start), read_instant(end), series)
            for visit, patient, service, location, start, end, series in sorted(seen["visits"] or [])
        ),
        packages=tuple(_package(*row) for row in sorted(seen["packages"] or [])),
    )


def _package(package_id: str, patient_id: str, service_id: str, left: int, expires_on: str | None) -> PackageStanding:
    last = date.fromisoformat(expires_on) if expires_on else None
    return PackageStanding(package_id, patient_id, service_id, left, last)


def _deadline(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else read_instant(microseconds)
