"""Move where a vendor owns the calendar: both times are taken here until its word is known."""

from collections.abc import Collection, Sequence
from datetime import UTC
from typing import Any

from hub.canonical.records import VisitState
from hub.operations.apply_practice import load_practice
from hub.operations.ask_outside import Outside
from hub.operations.begin_relocation import NOT_BOTH, Lacking, Wanted, begin_relocation, find_other
from hub.operations.book_under_locks import decide_now
from hub.operations.confirm_hold import Undecided
from hub.operations.move_visit import Moved, MoveRequest, asked_again, kept_arrival, load_whole, move_visit
from hub.operations.note_reassigned import note_made_way
from hub.operations.note_visits import Note, load_visits
from hub.operations.place_facts import recheck_flagged
from hub.operations.question import NOT_CONFIRMED
from hub.operations.relocate import CHANGED_SINCE, read_relocations
from hub.operations.settle_pending import Manner, settle_pending
from hub.operations.under_locks import keys_of
from hub.ports import Pending, StandingVisit, Store, UnitOfWork
from hub.ports.relocations import Relocation
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.keys import lock_keys
from hub.scheduling.pending import Stage
from hub.scheduling.request import BookingRequest


def confirm_move(
    store: Store, request: MoveRequest, outside: Outside, *, actor: str, push_to: Collection[str] = ()
) -> Moved | Undecided | Refusal:
    """Move like `move_visit`; where a vendor owns the calendar, once it agreed. The fee is that of the asking.

    Beside the refusals of `move_visit`: `vendor_refused`, `vendor_unavailable` (not reached), `cannot_hold_both` (the
    new time is to be had only once the old one is given up), `undecided_change` while another change of these visits
    waits for the vendor's word, and `changed_since`: the visit was over, or its patient here, before that word came.

    Raises:
        InvalidInput, RetryLater: as `move_visit`.
        NeedsAttention: no practice file is in force.
    """
    with store.begin("begin_move", in_turn=True) as work:
        vendor = _vendor(work, request)
        begun = _begin(work, request, vendor, actor) if vendor is not None else None
    if begun is None:
        return move_visit(store, request, actor=actor, push_to=push_to)
    if not isinstance(begun, int):
        return begun
    pending = settle_pending(begun, store, outside, Manner(push_to))
    if pending.standing.stage.is_undecided:
        return Undecided(pending.visit_ids, pending.standing.stage, pending.outcome)
    if pending.standing.stage is not Stage.DONE:
        return Refusal((pending.outcome or NOT_CONFIRMED,))
    recheck_flagged(store)
    return _moved(store, pending)


def _vendor(work: UnitOfWork, request: MoveRequest) -> str | None:
    """Who owns the calendar of where it is and of where it goes; None: the hub, or not one and the same."""
    practice = load_practice(work)
    standing = work.visits.load_standing(request.visit_ids)
    owners = {practice.vendor_of(one.visit.location_id) for one in standing}
    if request.location_id is not None:
        owners.add(practice.vendor_of(request.location_id))
    return owners.pop() if len(owners) == 1 else None


def _begin(work: UnitOfWork, request: MoveRequest, vendor: str, actor: str) -> int | Undecided | Refusal | None:
    """Hold the new time and write down what the vendor is asked; None: there is nothing to move."""
    work.visits.lock()
    standing = load_whole(work, request)
    if not standing:
        return None
    if any(one.visit.state is VisitState.ARRIVED for one in standing):
        return Refusal(("already_arrived",))
    ids = [str(one.visit.id) for one in standing]
    said = _as_asked(request)
    other = find_other(work, ids, said)
    if other is not None:
        return other
    work.bookings.lock(keys_of(standing))
    asked = asked_again(load_practice(work), standing, request)
    decision = _decide(work, asked, ids)
    if isinstance(decision, Booking):  # its stock: whoever takes some without a visit waits now
        work.bookings.lock(lock_keys(decision))
        decision = _decide(work, asked, ids)
    if isinstance(decision, Refusal):
        return decision
    work.holds.purge(work.holds.find_over().ids)
    detail = {"overridden": list(decision.overridden)}
    data = {"channel": request.channel, "confirmed_by": vendor}
    note = Note("visit_moved", "move_visit", actor, request.role, request.reason, data, detail)
    wanted = Wanted(_relocations(work, standing, asked, decision), note)
    begun = begin_relocation(work, wanted, vendor, said, decision.reassignments)
    if isinstance(begun, Lacking):
        return Refusal((NOT_BOTH,))
    note_made_way(work, decision, actor=actor)
    return begun


def _decide(work: UnitOfWork, asked: BookingRequest, ids: Sequence[str]) -> Booking | Refusal:
    """As if the visits were not there; they stay."""
    with work.bookings.attempt() as attempt:
        work.visits.vacate(ids)
        decision = decide_now(work, asked, without=ids)
        attempt.take_back()
    return decision


def _relocations(
    work: UnitOfWork, standing: Sequence[StandingVisit], asked: BookingRequest, decision: Booking
) -> tuple[Relocation, ...]:
    return tuple(
        Relocation(one.visit.id, one.visit.start, planned, dict(part.resources), kept_arrival(work, one))
        for one, planned, part in zip(standing, decision.visits, asked.trip.parts, strict=True)
    )


def _as_asked(request: MoveRequest) -> dict[str, Any]:
    """What tells it from another move of the same visits."""
    return {
        "arrives_at": request.arrives_at.astimezone(UTC).isoformat(),
        "with": None if request.resources is None else dict(request.resources),
        "location": request.location_id,
    }


def _moved(store: Store, pending: Pending) -> Moved | Refusal:
    planned = tuple(one.planned for one in read_relocations(pending))
    with store.begin("read_booking") as work:
        visits = load_visits(work, pending.visit_ids)
    if any(visit.start != one.arrives_at for visit, one in zip(visits, planned, strict=True)):
        return Refusal((CHANGED_SINCE,))
    return Moved(visits, Booking(planned, overridden=tuple(pending.asked["note"]["audit"]["overridden"])))
