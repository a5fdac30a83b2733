"""Cancel what is still to come: its time, stock and credit are free at once, and everybody is told."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Literal

from hub.canonical.practice import Policy
from hub.canonical.records import VisitState
from hub.operations.end_visits import Ended, end_visits
from hub.operations.note_visits import Note
from hub.operations.place_facts import recheck_facts
from hub.operations.under_locks import change_standing
from hub.ports import StandingVisit, Store
from hub.scheduling.decision import Refusal
from hub.scheduling.fees import window_share


def cancel_visit(
    store: Store,
    *visit_ids: str,
    actor: str,
    by: Literal["patient", "practice"] = "patient",
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
    """
    with store.begin("cancel_visit") as work:

        def share_of(policy: Policy, one: StandingVisit) -> Decimal:
            return window_share(policy.cancellation, one.fee_arrival, work.now) if by == "patient" else Decimal()

        note = Note("visit_cancelled", "cancel_visit", actor, role, reason, event_data={"by": by})

        def end(standing: Sequence[StandingVisit]) -> Ended | Refusal:
            return end_visits(
                work,
                standing,
                state=VisitState.CANCELLED,
                share_of=share_of,
                note=note,
                push_to=push_to,
                waive=waive,
            )

        ended = change_standing(work, visit_ids, end)
        has_flagged = work.facts.has_flagged()
    if has_flagged:
        recheck_facts(store)
    return ended
