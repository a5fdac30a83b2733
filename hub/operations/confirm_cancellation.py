"""Cancel where a vendor owns the calendar: it says yes first, then the time is given up here."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import timedelta

from hub.operations.apply_practice import load_practice
from hub.operations.ask_outside import Outside
from hub.operations.begin_relocation import UNDECIDED_CHANGE
from hub.operations.cancel_visit import Cancellation, cancel_standing, cancel_visit
from hub.operations.confirm_hold import Undecided
from hub.operations.end_visits import Ended
from hub.operations.place_facts import recheck_facts
from hub.operations.question import NOT_CONFIRMED
from hub.operations.settle_pending import Manner, settle_pending
from hub.ports import NewPending, StandingVisit, Store, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.pending import Stage, begin, patience

PARTLY_CANCELLED = "partly_cancelled"


def confirm_cancellation(
    store: Store, visit_ids: Sequence[str], wish: Cancellation, outside: Outside, push_to: Collection[str] = ()
) -> Ended | Undecided | Refusal:
    """Cancel like `cancel_visit`; where a vendor owns the calendar, once it agreed. The fee is that of the asking.

    Beside the refusals of `cancel_visit`: `vendor_refused`, with `partly_cancelled` where the vendor cancelled some of
    them before, so that these are; and `undecided_change` while another change of these visits waits for its word. A
    trip whose parts lie in calendars of several owners is not cancelled in one go.
    """
    with store.begin("begin_cancellation", in_turn=True) as work:
        standing = work.visits.load_standing(visit_ids)
        vendors = {load_practice(work).vendor_of(one.visit.location_id) for one in standing}
        [vendor] = vendors if len(vendors) == 1 else [None]
        begun = _begin(work, standing, wish, vendor) if vendor is not None else None
    if begun is None:
        return cancel_visit(store, *visit_ids, push_to=push_to, **asdict(wish))
    if not isinstance(begun, tuple):
        return begun
    pending_id, ended = begun
    pending = settle_pending(pending_id, store, outside, Manner(push_to))
    if pending.standing.stage.is_undecided:
        return Undecided(pending.visit_ids, pending.standing.stage, pending.outcome)
    if pending.standing.stage is Stage.DONE:
        recheck_facts(store)
        return ended
    refused = Refusal((pending.outcome or NOT_CONFIRMED,))
    with store.begin("read_cancellation") as work:
        is_partly = len(work.visits.load_standing(pending.visit_ids)) < len(pending.visit_ids)
    if not is_partly:
        return refused
    recheck_facts(store)
    return Refusal((*refused.reasons, PARTLY_CANCELLED))


def _begin(
    work: UnitOfWork, standing: Sequence[StandingVisit], wish: Cancellation, vendor: str
) -> tuple[int, Ended] | Undecided | Refusal:
    """Write down what the vendor is asked, and what it will come to; what the hub itself refuses it is not asked."""
    ids = tuple(one.visit.id for one in standing)
    work.visits.lock()
    other = work.pendings.find_undecided(ids)
    if other is not None:
        same = other.kind == "cancel" and other.visit_ids == ids
        return Undecided(ids, other.standing.stage, other.outcome) if same else Refusal((UNDECIDED_CHANGE,))
    with work.bookings.attempt() as attempt:
        ended = cancel_standing(work, ids, wish, ())
        attempt.take_back()
    if isinstance(ended, Refusal):
        return ended
    pending_id = work.pendings.begin(
        NewPending(
            kind="cancel",
            standing=begin(pays=False, asks_vendor=True),
            connection=vendor,
            deadline_at=work.now + timedelta(days=1),
            next_try_at=work.now + patience(len(ids)),
            asked=asdict(wish) | {"asked_at": work.now.isoformat()},
            visit_ids=ids,
        )
    )
    return pending_id, ended
