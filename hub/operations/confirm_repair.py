"""Put a repair into force where a vendor owns the calendar: it agrees to every approved change before one is made."""

from collections.abc import Collection, Sequence

from hub.operations.approve_repair import (
    Approved,
    JudgedApproval,
    NotApproved,
    approve_repair,
    as_reassigned,
    judge_approval,
)
from hub.operations.ask_outside import Outside
from hub.operations.begin_relocation import NOT_BOTH, Lacking, Wanted, begin_relocation, find_other
from hub.operations.confirm_hold import Undecided
from hub.operations.note_visits import Note, load_visits
from hub.operations.place_facts import recheck_flagged
from hub.operations.question import NOT_CONFIRMED
from hub.operations.settle_pending import Manner, settle_pending
from hub.ports import Store, UnitOfWork
from hub.ports.relocations import Relocation
from hub.scheduling.decision import Refusal
from hub.scheduling.pending import Stage
from hub.scheduling.repair.approval import Objection
from hub.scheduling.repair.day import RepairPlan

_Begun = tuple[int, bool] | Approved | NotApproved | Undecided
"""The number of what was begun and whether the day has changed, or what is known without asking anybody."""


def confirm_repair(
    store: Store,
    proposal_id: str,
    changes: Collection[str] | None,
    outside: Outside,
    *,
    actor: str,
    push_to: Collection[str] = (),
) -> Approved | NotApproved | Undecided:
    """Approve like `approve_repair`; where a vendor owns the calendar, once it agreed to all that is approved.

    The visit that it refuses (`vendor_refused`, `vendor_unavailable`) refuses the whole approval, and what it changed
    before is put back there; the rest may be approved without it. `undecided_change` stands on the visits of which
    another change waits for its word, `cannot_hold_both` on those whose new places are to be had only once the old ones
    are given up, and on no others: the rest may be approved without them. While it is not known, every visit has both
    of its places. The arguments and errors are those of `approve_repair`.
    """
    with store.begin("begin_repair") as work:
        begun = _begin(work, proposal_id, changes, actor)
    if begun is None:
        return approve_repair(store, proposal_id, changes, actor=actor, push_to=push_to)
    if not isinstance(begun, tuple):
        return begun
    number, is_stale = begun
    pending = settle_pending(number, store, outside, Manner(push_to))
    if pending.standing.stage.is_undecided:
        return Undecided(pending.visit_ids, pending.standing.stage, pending.outcome)
    if pending.standing.stage is not Stage.DONE:
        ids = [pending.refused_id] if pending.refused_id else pending.visit_ids
        return _refused(ids, pending.outcome or NOT_CONFIRMED, is_stale=is_stale)
    recheck_flagged(store)
    with store.begin("read_booking") as work:
        return Approved(load_visits(work, pending.visit_ids), is_stale)


def _begin(work: UnitOfWork, proposal_id: str, changes: Collection[str] | None, actor: str) -> _Begun | None:
    """Hold the new places and write down what the vendor is asked; None: the hub owns the calendar."""
    asked = judge_approval(work, proposal_id, changes)
    vendor = asked.day.practice.vendor_of(asked.proposal.location_id)
    if vendor is None:
        return None
    wanted = in_order(_relocations(work, asked, asked.plan)) if isinstance(asked.plan, RepairPlan) else ()
    ids = [one.visit_id for one in wanted] or list(asked.chosen)
    request = {"proposal": proposal_id, "visits": sorted(ids)}
    other = find_other(work, ids, request)
    if isinstance(other, Refusal):
        return _refused(sorted(work.pendings.find_awaited(ids)), *other.reasons, is_stale=asked.is_stale)
    if other is not None:
        return other
    if not isinstance(asked.plan, RepairPlan):
        return NotApproved(asked.plan, asked.is_stale)
    if not wanted:
        return Approved((), asked.is_stale)
    note = Note("visit_moved", "approve_repair", actor, event_data={"proposal": proposal_id})
    begun = begin_relocation(work, Wanted(wanted, note, asked.yielding, proposal_id), vendor, request)
    if isinstance(begun, Lacking):
        return _refused(begun.visit_ids, NOT_BOTH, is_stale=asked.is_stale)
    return begun, asked.is_stale


def _relocations(work: UnitOfWork, asked: JudgedApproval, plan: RepairPlan) -> tuple[Relocation, ...]:
    stood = {one.id: one.arrives_at for one in asked.day.visits}
    return tuple(
        Relocation(visit_id, stood[visit_id], one.planned, dict(one.asked), one.fee_from, keeps_stock=True)
        for visit_id, one in as_reassigned(work, asked.day.practice, plan).items()
    )


def in_order(relocations: Sequence[Relocation]) -> tuple[Relocation, ...]:
    """First those into whose place no other of them must have moved out before; of a ring somebody is first."""
    left, ordered = list(relocations), []
    while left:
        first = next((one for one in left if not any(_waits_for(one, other) for other in left)), left[0])
        left.remove(first)
        ordered.append(first)
    return tuple(ordered)


def _waits_for(one: Relocation, other: Relocation) -> bool:
    """Whether it goes to where the other one still is, as far as a vendor sees it: somebody's time."""
    if one is other:
        return False
    length = other.planned.leaves_at - other.planned.arrives_at
    overlap = one.planned.arrives_at < other.stood_at + length and other.stood_at < one.planned.leaves_at
    return overlap and other.planned.arrives_at != other.stood_at


def _refused(visit_ids: Collection[str], *codes: str, is_stale: bool) -> NotApproved:
    return NotApproved(tuple(Objection(one, codes) for one in visit_ids), is_stale)
