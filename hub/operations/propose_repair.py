"""Propose how a day that no longer fits could be repaired; nothing of the book changes until somebody approves."""

from datetime import date, datetime
from uuid import uuid4

from hub.canonical.ids import Kind
from hub.operations.load_day import LoadedDay, load_day
from hub.ports import AuditEntry, Issue, Store, UnitOfWork
from hub.ports.repairs import Proposal, ProposedChange
from hub.scheduling.repair.day import Fate, RepairedVisit, RepairPlan, standing_trips
from hub.scheduling.repair.fitness import find_unfit
from hub.scheduling.repair.plan import board_on, plan_repair, without_visits
from hub.scheduling.repair.why import why_unfit

UNPLACED = "unplaced"
"""The kind of the issue of a visit for which no place was found."""
MAKES_ROOM = ("makes_room",)


def propose_repair(
    store: Store, location_id: str, on: date, *, notice_minutes: int = 0, actor: str, seconds: float = 2.0
) -> Proposal:
    """The plan with the fewest unplaced, moved, minutes and resources changed, each change with its reason.

    A visit for which there is no place gets an open issue `unplaced`. It is solved on a snapshot, outside of any
    transaction: approval checks everything again.

    Args:
        store: where the book is.
        location_id: where.
        on: the local date of arrival.
        notice_minutes: who arrives sooner than that keeps their time, and nobody gets an earlier one.
        actor: who asks: a login, or `system:<name>`.
        seconds: how long to look for the best; then the best found is proposed, and `proven` is false.

    Raises:
        InvalidInput: the location is not declared.
        NeedsAttention: no practice file is in force.
        RetryLater: the database went away.
    """
    with store.begin("look_at_day") as work:
        now = work.now
        day = load_day(work, location_id, on)
    plan = plan_repair(day.practice, day.diary, day.visits, now, on=on, notice_minutes=notice_minutes, seconds=seconds)
    why = _reasons(day, on, now)
    with store.begin("propose_repair") as work:
        proposal = Proposal(
            id=f"rep_{uuid4().hex}",
            location_id=location_id,
            on=on,
            notice_minutes=notice_minutes,
            proven=plan.proven,
            kept=sum(visit.fate is Fate.KEPT for visit in plan.visits),
            book_version=day.version,
            made_by=actor,
            made_at=now,
            changes=_changes(day, plan, why),
            better=plan.better,
        )
        work.repairs.save(proposal)
        _flag(work, plan)
        detail = {"proposal": proposal.id, "on": on.isoformat(), "proven": plan.proven}
        work.journal.record_event("repair_proposed", Kind.LOCATION, location_id, detail)
        work.journal.record_audit(AuditEntry(actor, "propose_repair", Kind.LOCATION, location_id, detail=detail))
        return proposal


def find_proposal(store: Store, proposal_id: str) -> Proposal | None:
    """The proposal as it was made, with what was approved of it since."""
    with store.begin("find_proposal") as work:
        return work.repairs.load(proposal_id)


def _reasons(day: LoadedDay, on: date, now: datetime) -> dict[str, tuple[str, ...]]:
    """What each visit that does not fit lacks where it stands."""
    trips = standing_trips(day.practice, day.visits, on, now)
    rest = without_visits(day.diary, [visit for trip in trips for visit in trip.visits])
    boards = {place: board_on(day.practice, rest, place, on) for place in {trip.location_id for trip in trips}}
    return {
        visit.id: why_unfit(day.practice, rest, trips[number], [*trips[:number], *trips[number + 1 :]], now)
        for number in find_unfit(boards, trips)
        for visit in trips[number].visits
    }


def _changes(day: LoadedDay, plan: RepairPlan, why: dict[str, tuple[str, ...]]) -> tuple[ProposedChange, ...]:
    stood = {visit.id: visit for visit in day.visits}

    def change(visit: RepairedVisit) -> ProposedChange:
        was = stood[visit.id]
        resources = dict(visit.resources) if visit.is_changed else dict(was.resources)
        reasons = why.get(visit.id, MAKES_ROOM)
        return ProposedChange(
            visit.id, was.trip_id, visit.fate, was.arrives_at, visit.arrives_at, was.resources, resources, reasons
        )

    return tuple(change(visit) for visit in plan.visits if visit.is_changed or visit.fate is Fate.UNPLACED)


def _flag(work: UnitOfWork, plan: RepairPlan) -> None:
    """One open issue for each visit without a place; those that have one again need nobody."""
    unplaced = [visit.id for visit in plan.visits if visit.fate is Fate.UNPLACED]
    work.issues.open([Issue(UNPLACED, "visit", one) for one in unplaced])
    fitting = [visit.id for visit in plan.visits if visit.fate is Fate.KEPT and not visit.is_changed]
    work.issues.close(UNPLACED, "visit", fitting)
