"""Let a patient off a fee or a deposit, afterwards: by role, for a reason, up to what the policy allows."""

from collections.abc import Collection
from dataclasses import dataclass

from hub.canonical.ids import Kind
from hub.canonical.money import Money
from hub.canonical.records import Visit
from hub.operations.apply_practice import load_practice
from hub.operations.end_visits import total_of
from hub.operations.note_visits import Note, load_visits, note_visits
from hub.ports import Store, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.fees import Settlement
from hub.scheduling.waivers import Owed, WaiverRequest, decide_waiver


@dataclass(frozen=True, slots=True)
class Waived:
    """It need not be paid."""

    visits: tuple[Visit, ...]
    settlement: Settlement
    """Summed over the visits, with all waivers so far."""
    deposit_minor: int
    """What is left of the deposit to pay ahead."""
    waived_minor: int
    """By this one."""


def waive_fee(
    store: Store, request: WaiverRequest, *visit_ids: str, actor: str, push_to: Collection[str] = ()
) -> Waived | Refusal:
    """Waive, or say why not; a refusal changes nothing.

    `nothing_to_waive`: these visits cost nothing of it (any more). `reason_missing`, `may_not_waive`: as
    `decide_waiver`, by the policy in force now.

    Args:
        store: where the book is.
        request: what is waived, by whom and why; the reason is a word of the practice's, nothing personal.
        visit_ids: one visit, or the parts of a trip.
        actor: who does it: a login, or `system:<name>`.
        push_to: the systems that must be told.
    """
    with store.begin("waive_fee") as work:
        work.bookings.lock([("visit", one) for one in visit_ids])
        owed = work.waivers.load(visit_ids)
        if request.what == "deposit":  # once a visit is over, its deposit counts towards the fee
            standing = {one.visit.id for one in work.visits.load_standing(visit_ids)}
            owed = {one_id: one for one_id, one in owed.items() if one_id in standing}
        if not any(one.has_left(request.what) for one in owed.values()):
            return Refusal(("nothing_to_waive",))
        visits = load_visits(work, owed)
        practice = load_practice(work)
        policy = practice.policy_at(work.now, visits[0].location_id)
        decided = decide_waiver(policy, list(owed.values()), request)
        if isinstance(decided, Refusal):
            return decided
        work.waivers.save(dict(zip(owed, decided, strict=True)))
        for visit, before, after in zip(visits, owed.values(), decided, strict=True):
            _intend_refund(work, visit, before, after, practice.currency)
        left = sum(one.left_minor(request.what) for one in decided)
        waived = sum(one.left_minor(request.what) for one in owed.values()) - left
        detail = {"waived": request.what, "waived_minor": waived}
        note = Note("fee_waived", "waive_fee", actor, request.role, request.reason, detail, detail)
        note_visits(work, visits, note, push_to)
        deposit = sum(one.left_minor("deposit") for one in decided)
        return Waived(load_visits(work, owed), total_of(decided), deposit, waived)


def _intend_refund(work: UnitOfWork, visit: Visit, before: Owed, after: Owed, currency: str) -> None:
    """Of a deposit that was taken: what need not be paid ahead, or what a smaller fee leaves of it.

    In the currency of the visit's price, or else in this one.
    """
    more = after.deposit_waived_minor - before.deposit_waived_minor
    if not more:
        more = after.settlement.refund - before.settlement.refund
    if more > 0:
        amount = Money(amount_minor=more, currency=visit.price.currency if visit.price else currency)
        back = work.payments.intend_refund(visit.id, amount)
        if back is not None:
            work.journal.record_event("refund_intended", Kind.VISIT, visit.id)
