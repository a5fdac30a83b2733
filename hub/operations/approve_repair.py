"""Put a proposed repair into force, whole or in part: all that is approved, or nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.canonical.practice import Practice
from hub.canonical.records import Visit
from hub.errors import InvalidInput, Problem
from hub.operations.apply_practice import accepted_policy
from hub.operations.load_day import LoadedDay, load_day
from hub.operations.note_visits import Note, note_visits
from hub.operations.own_calendar import require_own_calendar
from hub.operations.place_facts import recheck_flagged
from hub.operations.propose_repair import UNPLACED
from hub.ports import StandingVisit, Store, UnitOfWork
from hub.ports.repairs import Proposal, ProposedChange, Reassigned
from hub.scheduling.decision import PlannedVisit
from hub.scheduling.fees import is_in_window
from hub.scheduling.repair.approval import Approval, Change, Objection, decide_approval
from hub.scheduling.repair.day import BookedVisit, Fate, RepairedVisit, RepairPlan


@dataclass(frozen=True, slots=True)
class Approved:
    """The approved changes stand in the book."""

    visits: tuple[Visit, ...]
    is_stale: bool
    """Whether the day has changed since it was proposed; the changes fitted all the same."""


@dataclass(frozen=True, slots=True)
class NotApproved:
    """Nothing was changed."""

    objections: tuple[Objection, ...]
    is_stale: bool


def approve_repair(
    store: Store,
    proposal_id: str,
    changes: Collection[str] | None = None,
    *,
    actor: str,
    push_to: Collection[str] = (),
) -> Approved | NotApproved:
    """Make the approved changes in one transaction, each checked again with all others kept out.

    Whatever no longer fits refuses the whole approval, with every reason: `changed_since` (the visit no longer stands
    where it stood), `on_the_way`, `too_short_notice`, `in_the_past`, `out_of_order`, or the codes of a refusal; and the
    changes that would have to be approved with it. What was applied before is not asked again.

    Args:
        store: where the book is.
        proposal_id: what `propose_repair` gave.
        changes: ids of the visits whose changes are approved; None: all. A trip moves whole.
        actor: who approves: a login.
        push_to: the systems that must be told.

    Raises:
        InvalidInput: there is no such proposal, or it has no such change, or only a part of a trip's.
        NeedsAttention: no practice file is in force, or a vendor owns the calendar: `confirm_repair` asks it.
        RetryLater: the database went away; asking again is safe.
    """
    with store.begin("approve_repair") as work:
        asked = judge_approval(work, proposal_id, changes)
        require_own_calendar(asked.day.practice, [asked.proposal.location_id])
        if not isinstance(asked.plan, RepairPlan):
            return NotApproved(asked.plan, asked.is_stale)
        visits = _write(work, asked, asked.plan)
        work.repairs.mark_applied(proposal_id, asked.chosen, actor)
        work.issues.close(UNPLACED, "visit", [visit.id for visit in visits], by=actor)
        note = Note("visit_moved", "approve_repair", actor, event_data={"proposal": proposal_id})
        note_visits(work, visits, note, push_to)
    recheck_flagged(store)
    return Approved(visits, asked.is_stale)


@dataclass(frozen=True, slots=True)
class JudgedApproval:
    """What would be done of a proposal now."""

    proposal: Proposal
    day: LoadedDay
    chosen: tuple[str, ...]
    """The visits whose changes are approved and not made yet."""
    plan: RepairPlan | tuple[Objection, ...]
    is_stale: bool

    @property
    def yielding(self) -> tuple[str, ...]:
        """Visits without a place: contested where they stand in the way."""
        return tuple(one.visit_id for one in self.proposal.changes if one.fate is Fate.UNPLACED)


def judge_approval(work: UnitOfWork, proposal_id: str, changes: Collection[str] | None) -> JudgedApproval:
    """Each approved change checked again, with all other writers of the book kept out; errors as `approve_repair`."""
    work.visits.lock()
    work.holds.purge(work.holds.find_over().ids)
    proposal = work.repairs.load(proposal_id)
    if proposal is None:
        raise InvalidInput(Problem(f"there is no proposal {proposal_id!r}", field="proposal"))
    chosen = _chosen(proposal, changes)
    day = load_day(work, proposal.location_id, proposal.on)
    plan = _decide(day, proposal, chosen, work.now)
    ids = tuple(one.visit_id for one in chosen)
    return JudgedApproval(proposal, day, ids, plan, day.version != proposal.book_version)


def _chosen(proposal: Proposal, visit_ids: Collection[str] | None) -> list[ProposedChange]:
    """What is to be done now, of what can be."""
    open_changes = [one for one in proposal.changes if one.fate is not Fate.UNPLACED and one.applied_at is None]
    if visit_ids is None:
        return open_changes
    wanted = set(visit_ids)
    proposed = {one.visit_id for one in proposal.changes if one.fate is not Fate.UNPLACED}
    if unknown := sorted(wanted - proposed):
        raise InvalidInput(
            Problem(f"the proposal changes nothing of {', '.join(unknown)}", field="changes", hint="Show the proposal")
        )
    chosen = [one for one in open_changes if one.visit_id in wanted]
    trips = {one.trip_id for one in chosen if one.trip_id is not None}
    parts = {one.visit_id for one in open_changes if one.trip_id in trips}
    if missing := sorted(parts - wanted):
        raise InvalidInput(
            Problem("a trip is changed whole", field="changes", hint=f"Approve also {', '.join(missing)}")
        )
    return chosen


def _decide(
    day: LoadedDay, proposal: Proposal, chosen: Sequence[ProposedChange], now: datetime
) -> RepairPlan | tuple[Objection, ...]:
    stood = {visit.id: visit for visit in day.visits}
    gone = tuple(Objection(one.visit_id, ("changed_since",)) for one in chosen if not _stands(stood, one))
    if gone:
        return gone
    ids = {one.visit_id for one in chosen}
    left = [one for one in proposal.changes if one.visit_id not in ids and one.applied_at is None]
    asked = Approval(
        visits=day.visits,
        changes=[_change(one) for one in chosen],
        left=[_change(one) for one in left if one.fate is not Fate.UNPLACED],
        yielding=frozenset(one.visit_id for one in left if one.fate is Fate.UNPLACED),
        on=proposal.on,
        notice_minutes=proposal.notice_minutes,
    )
    return decide_approval(day.practice, day.diary, asked, now)


def _stands(stood: Mapping[str, BookedVisit], one: ProposedChange) -> bool:
    visit = stood.get(one.visit_id)
    return visit is not None and (visit.arrives_at, visit.resources) == (one.from_at, one.from_resources)


def _change(one: ProposedChange) -> Change:
    return Change(one.visit_id, one.to_at, one.to_resources)


def _write(work: UnitOfWork, asked: JudgedApproval, plan: RepairPlan) -> tuple[Visit, ...]:
    if not plan.visits:
        return ()
    return work.repairs.reassign(as_reassigned(work, asked.day.practice, plan), plan.recolourings, asked.yielding)


def as_reassigned(work: UnitOfWork, practice: Practice, plan: RepairPlan) -> dict[str, Reassigned]:
    """The visits at their new places."""
    standing = {str(one.visit.id): one for one in work.visits.load_standing([visit.id for visit in plan.visits])}
    return {
        visit.id: Reassigned(
            _planned(practice, visit, standing[visit.id]),
            standing[visit.id].part.resources,
            _fee_from(work, visit, standing[visit.id]),
        )
        for visit in plan.visits
    }


def _planned(practice: Practice, visit: RepairedVisit, standing: StandingVisit) -> PlannedVisit:
    """What is written anew: time and claims. Stock, credit and money go along as they are."""
    kinds = {resource.id: resource.kind for resource in practice.resources}
    part, was = standing.part, standing.visit
    return PlannedVisit(
        service_id=part.service_id,
        option_id=part.option_id,
        patient_id=part.patient_id,
        location_id=was.location_id,
        arrives_at=visit.arrives_at,
        starts_at=min((claim.start_at for claim in visit.claims), default=visit.arrives_at),
        leaves_at=visit.leaves_at,
        ends_at=max((claim.end_at for claim in visit.claims), default=visit.leaves_at),
        resources=visit.resources,
        first_of_kind={kinds[who]: who for _, who in reversed(visit.resources)},
        claims=visit.claims,
        promises=(),
        price=was.price,
        deposit=standing.deposit,
        package_id=None,
    )


def _fee_from(work: UnitOfWork, visit: RepairedVisit, one: StandingVisit) -> datetime | None:
    """A visit moved inside a cancellation window keeps the arrival it had for the fee."""
    if not visit.minutes_moved:
        return one.fee_from
    rules = accepted_policy(work, one).cancellation
    return one.fee_arrival if is_in_window(rules, one.fee_arrival, work.now) else None
