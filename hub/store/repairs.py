"""Repairs of a day: the visits as they stand, proposals, and visits at their new places."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from hub.canonical.records import Visit
from hub.ports.repairs import Proposal, ProposedChange, Reassigned
from hub.scheduling.decision import Booking, Recolouring
from hub.scheduling.repair.day import Aim, Better, BookedVisit, Fate
from hub.scheduling.request import Part
from hub.store.driver import run
from hub.store.locks import claimed_by_nobody_else, make_way
from hub.store.moment import Moment
from hub.store.planned import update_planned
from hub.store.records import read_visit
from hub.store.settling import flag, settle
from hub.store.tables import repair_change, repair_proposal
from hub.store.taken import given_up, read_freed

# A patient who is here already keeps their time; their visit may still get other resources.
_VISITS = text("""
    SELECT v.id, v.patient_id, coalesce(v.service_id, '') AS service_id, v.option_id, v.location_id, v.start, v.asked,
        v.series_id, v.trip_id,
        v.state = 'arrived' OR EXISTS (SELECT FROM visit t WHERE t.trip_id = v.trip_id
            AND t.state IN ('arrived', 'fulfilled')) AS is_tied,
        EXISTS (SELECT FROM claim b WHERE b.visit_id = v.id AND lower(b.during) <= :now) AS has_begun,
        (SELECT jsonb_agg(jsonb_build_object('id', CAST(c.id AS text), 'need', c.need, 'who', r.owner_id) ORDER BY c.id)
            FROM claim c JOIN resource_unit r ON r.id = c.unit_id
            WHERE c.visit_id = v.id AND r.owner_kind = 'resource') AS claims
    FROM visit v WHERE v.state IN ('booked', 'arrived') AND v.location_id = :location AND (
        (v.start >= :since AND v.start < :until)
        OR v.trip_id IN (SELECT trip_id FROM visit WHERE start >= :since AND start < :until))
    ORDER BY v.start, v.id""")
_GIVE_UP = f"""
    WITH {given_up("visit_id")} SELECT spans FROM freed"""  # noqa: S608 fixed parts
_YIELD = """
    WITH yielded AS (UPDATE claim c SET firm = false FROM resource_unit u
        WHERE u.id = c.unit_id AND c.firm AND c.visit_id = ANY(%(ids)s)
        RETURNING u.owner_kind, u.owner_id, lower(c.during) AS start, upper(c.during) AS until)
    SELECT json_agg(json_build_array(owner_kind, owner_id, start, until)) AS spans FROM yielded"""


class SqlRepairs:
    """`hub.ports.repairs.Repairs`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def load_visits(self, location_id: str, since: datetime, until: datetime) -> tuple[BookedVisit, ...]:
        """See the port."""
        values = {"location": location_id, "since": since, "until": until, "now": self._moment.now}
        return tuple(_booked(row) for row in self._connection.execute(_VISITS, values))

    def save(self, proposal: Proposal) -> None:
        """See the port."""
        row = asdict(proposal)
        changes = row.pop("changes")
        row["on_date"] = row.pop("on")
        self._connection.execute(insert(repair_proposal), row)
        rows = [
            change | {"proposal_id": proposal.id, "number": number, "fate": str(change["fate"])}
            for number, change in enumerate(changes, 1)
        ]
        if rows:
            self._connection.execute(insert(repair_change), [row | {"why": list(row["why"])} for row in rows])

    def load(self, proposal_id: str) -> Proposal | None:
        """See the port."""
        found = self._connection.execute(select(repair_proposal).where(repair_proposal.c.id == proposal_id))
        row = found.one_or_none()
        if row is None:
            return None
        columns = repair_change.c
        query = select(repair_change).where(columns.proposal_id == proposal_id).order_by(columns.number)
        return Proposal(
            id=row.id,
            location_id=row.location_id,
            on=row.on_date,
            notice_minutes=row.notice_minutes,
            proven=row.proven,
            kept=row.kept,
            book_version=row.book_version,
            made_by=row.made_by,
            made_at=row.made_at,
            changes=tuple(_change(one) for one in self._connection.execute(query)),
            better=None if row.better is None else Better(Aim(row.better["aim"]), row.better["at_most"]),
        )

    def reassign(
        self, visits: Mapping[str, Reassigned], recolourings: Sequence[Recolouring], yielding: Collection[str]
    ) -> tuple[Visit, ...]:
        """See the port. Nobody's old claims are in the way when the new ones are written; then the rest settles."""
        freed = read_freed(run(self._connection, _YIELD, {"ids": list(yielding)})[0]["spans"])
        freed += read_freed(run(self._connection, _GIVE_UP, {"ids": list(visits)})[0]["spans"])
        rows = [(_row(visit_id, one), one.planned) for visit_id, one in visits.items()]
        with claimed_by_nobody_else():
            make_way(self._connection, Booking((), tuple(recolourings)))
            written = {row["id"]: read_visit(row) for row in update_planned(self._connection, rows).rows}
        settle(self._connection, freed)
        flag(self._connection, sorted({*visits, *yielding}), [])
        return tuple(written[one] for one in visits)

    def mark_applied(self, proposal_id: str, visit_ids: Collection[str], by: str) -> None:
        """See the port."""
        columns = repair_change.c
        its = (columns.proposal_id == proposal_id) & columns.visit_id.in_(list(visit_ids))
        self._connection.execute(update(repair_change).where(its).values(applied_at=self._moment.now, applied_by=by))


def _row(visit_id: str, one: Reassigned) -> dict[str, Any]:
    planned = one.planned
    return {
        "id": visit_id,
        "provider_id": planned.first_of_kind.get("provider"),
        "room_id": planned.first_of_kind.get("room"),
        "device_id": planned.first_of_kind.get("device"),
        "start": planned.arrives_at,
        "end": planned.leaves_at,
        "asked": dict(one.asked),
        "fee_from": one.fee_from,
        "contested": False,
    }


def _booked(row: Any) -> BookedVisit:
    claims = row.claims or []
    return BookedVisit(
        id=row.id,
        part=Part(row.service_id, row.patient_id, row.option_id, row.asked, series_id=row.series_id),
        location_id=row.location_id,
        arrives_at=row.start,
        resources={one["need"]: one["who"] for one in claims if one["need"] is not None},
        claim_ids=frozenset(one["id"] for one in claims),
        trip_id=row.trip_id,
        is_tied=row.is_tied,
        has_begun=row.has_begun,
    )


def _change(row: Any) -> ProposedChange:
    return ProposedChange(
        visit_id=row.visit_id,
        trip_id=row.trip_id,
        fate=Fate(row.fate),
        from_at=row.from_at,
        to_at=row.to_at,
        from_resources=row.from_resources,
        to_resources=row.to_resources,
        why=tuple(row.why),
        applied_at=row.applied_at,
    )
