"""Cancel what is still to come: its time, stock and credit are free at once, and everybody is told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from hub.canonical.practice import Policy
from hub.canonical.records import VisitState
from hub.operations.apply_practice import practice_of
from hub.operations.end_visits import Ended, end_visits
from hub.operations.note_visits import Note
from hub.operations.own_calendar import require_own_calendar
from hub.operations.place_facts import recheck_facts
from hub.operations.under_locks import change_standing
from hub.ports import StandingVisit, Store, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.fees import window_share

By = Literal["patient", "practice"]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Who calls it off, and why; as the arguments of `cancel_visit`."""

    actor: str
    by: By = "patient"
    reason: str | None = None
    role: str | None = None
    waive: bool = False


def cancel_visit(
    store: Store,
    *visit_ids: str,
    actor: str,
    by: By = "patient",
    reason: str | None = None,
    role: str | None = None,
    waive: bool = False,
    push_to: Collection[str] = (),
) -> Ended | Refusal:
    """What is still to come of these visits is cancelled; `not_booked` where nothing is: unknown, over or cancelled.

    A cancellation by the patient costs the share of the narrowest window that holds the time left, one by the practice
    nothing. Facts that were contested because of the visits become firm.

    Args:
        store: where the book is.
        visit_ids: one visit, or the parts of a trip.
        actor: who asks: a login, or `system:<name>`.
        by: who calls it off.
        reason: a word of the practice's; nothing personal.
        role: in which role, where the fee is waived.
        waive: let the patient off the fee, for that reason: `reason_missing` without one, `may_not_waive`.
        push_to: the systems that must be told.

    Raises:
        NeedsAttention: a vendor owns the calendar: `confirm_cancellation` asks it first.
    """
    wish = Cancellation(actor, by, reason, role, waive)
    with store.begin("cancel_visit", in_turn=True) as work:
        ended = cancel_standing(work, visit_ids, wish, push_to, is_agreed=False, is_all=True)
    if isinstance(ended, Ended) and ended.may_mend:
        recheck_facts(store)
    return ended


def cancel_standing(
    work: UnitOfWork,
    visit_ids: Collection[str],
    wish: Cancellation,
    push_to: Collection[str],
    *,
    at: datetime | None = None,
    is_agreed: bool = True,
    is_all: bool = False,
) -> Ended | Refusal:
    """The same as part of an operation; the fee is that of a cancellation at `at`, or now.

    `is_agreed`: whoever owns the calendar has a say of their own, so that it need not be the hub. Where it `is_all`
    that the operation does, it is committed with the change.
    """

    def share_of(policy: Policy, one: StandingVisit) -> Decimal:
        return window_share(policy.cancellation, one.fee_arrival, at or work.now) if wish.by == "patient" else Decimal()

    note = Note("visit_cancelled", "cancel_visit", wish.actor, wish.role, wish.reason, event_data={"by": wish.by})

    def end(standing: Sequence[StandingVisit]) -> Ended | Refusal:
        if not is_agreed:
            practice = practice_of(standing[0].in_force)
            require_own_calendar(practice, {one.visit.location_id for one in standing})
        ended = end_visits(
            work,
            standing,
            state=VisitState.CANCELLED,
            share_of=share_of,
            note=note,
            push_to=push_to,
            waive=wish.waive,
        )
        if is_all and isinstance(ended, Ended):
            work.finish()
        return ended

    return change_standing(work, visit_ids, end)
