"""What a visit that does not take place costs, and how it ends: shared by cancellations and no-shows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hub.canonical.practice import Policy, Practice
from hub.canonical.records import Visit, VisitState
from hub.operations.apply_practice import accepted_policy, practice_of
from hub.operations.intend_refunds import intend_refunds
from hub.operations.judge_booked import judge_relying
from hub.operations.note_shortages import note_shortages, places_held
from hub.operations.note_visits import Note, note_visits
from hub.ports import Ending, StandingVisit, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.fees import Settlement, fee_of
from hub.scheduling.waivers import Owed, WaiverRequest, decide_waiver

ShareOf = Callable[[Policy, StandingVisit], Decimal]
"""The share of the price that a visit costs, by the policy that was accepted with it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """It does not take place."""

    visits: tuple[Visit, ...]
    """As they stand now."""
    settlement: Settlement
    """Summed over the visits, waivers taken off. Where a package pays, its credit stands for the fee."""
    waived_minor: int = 0
    """Of the fee."""
    credits_lost: int = 0
    """How many credits of packages are spent all the same."""
    relying: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What was booked to follow them and lacks them now: visit → the codes of the rules that it breaks."""
    may_mend: bool = field(default=False, compare=False)
    """Whether some visit is said to break rules, for which this may make room: `recheck_facts` says."""


def end_visits(
    work: UnitOfWork,
    standing: Sequence[StandingVisit],
    *,
    state: VisitState,
    share_of: ShareOf,
    note: Note,
    push_to: Collection[str],
    waive: bool = False,
) -> Ended | Refusal:
    """End them, settle fee and credit, give back time and stock, and tell everybody.

    With `waive` the fee is waived, by the role and for the reason of the note, if the policy in force now allows it.
    """
    in_force = standing[0].in_force
    practice = practice_of(in_force)
    charged = [_charged(one, share_of(accepted_policy(work, one), one)) for one in standing]
    owed = _waived(work, practice, standing, charged, note) if waive else charged
    if isinstance(owed, Refusal):
        return owed
    settled = list(zip(standing, owed, strict=True))
    visits = work.visits.end(
        [Ending(one.visit, state, its.fee_minor, its.is_credit_lost, one.makes_room) for one, its in settled]
    )
    intend_refunds(work, {one.visit.id: (one, its.settlement.refund) for one, its in settled})
    waived = sum(one.fee_waived_minor for one in owed)
    if waive:
        work.waivers.save({one.visit.id: its for one, its in settled})
        detail = {"waived": "fee", "waived_minor": waived}
        note = replace(note, audit_detail={**note.audit_detail, **detail}, event_data={**note.event_data, **detail})
    note_shortages(work, practice, places_held(standing), opened=in_force.reorders)
    note_visits(work, visits, note, push_to)
    relying = judge_relying(work, practice, visits)
    lost = sum(one.is_credit_lost for one in owed)
    return Ended(visits, total_of(owed), waived, lost, relying, in_force.has_flagged)


def total_of(owed: Collection[Owed]) -> Settlement:
    """The settlements of several visits, summed."""
    settled = [one.settlement for one in owed]
    return Settlement(
        fee=sum(each.fee for each in settled),
        refund=sum(each.refund for each in settled),
        due=sum(each.due for each in settled),
    )


def _charged(one: StandingVisit, share: Decimal) -> Owed:
    if one.part.package_id is not None:
        return replace(one.owed, is_credit_lost=share > 0)
    return replace(one.owed, fee_minor=fee_of(one.visit.price, share))


def _waived(
    work: UnitOfWork, practice: Practice, standing: Sequence[StandingVisit], charged: Sequence[Owed], note: Note
) -> tuple[Owed, ...] | Refusal:
    policy = practice.policy_at(work.now, standing[0].visit.location_id)
    return decide_waiver(policy, charged, WaiverRequest("fee", note.role, note.reason))
