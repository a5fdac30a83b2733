"""Offer what was freed to those who wait, in the order of joining.

What was freed stands in the tables (the database notes it in the transaction that frees it), so nothing is lost when a
process dies, and it does not matter who calls this how often: one serves at a time, and each step is a transaction.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from hub.canonical.practice import Practice
from hub.errors import InvalidInput
from hub.operations.apply_practice import load_practice
from hub.operations.book_under_locks import write_under_locks
from hub.operations.look_at_book import look_at_book
from hub.operations.note_visits import Note
from hub.operations.note_waitlist import note_entry
from hub.ports import Issue, Store, UnitOfWork
from hub.ports.waitlist import FreedBatch, Offer, WaitlistEntry
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.request import BookingRequest
from hub.scheduling.waitlist import before_freed, find_freed_opening, narrowed

_NOTHING = Refusal(("nothing_freed",))
STALE = "stale_waitlist_entry"


@dataclass(slots=True)
class _Progress:
    """Up to whom the batch was asked already."""

    batch: int = 0
    position: int = 0
    is_done: bool = False


def serve_waitlist(store: Store, *, actor: str = "system:waitlist") -> tuple[Offer, ...]:
    """Let holds expire that are over, each moment by itself, and offer what is free now; gives the new offers.

    Whoever waits longest and has an opening that was not there before gets the earliest such opening held for the
    policy's `offer_minutes`; then the next. Who has booked an offer or let it expire leaves the list. Call it after
    whatever frees time, and every minute or so: many may, at once.

    Raises:
        NeedsAttention: no practice file is in force.
        RetryLater: the database went away; what was not offered yet is offered the next time.
    """
    progress = _Progress()
    made: set[str] = set()
    while not progress.is_done:
        with store.begin("serve_waitlist") as work:
            work.waitlist.lock()
            if not work.waitlist.settle():  # what it writes is committed first: a diary is read in a clean transaction
                offered = _serve(work, progress, actor)
                made |= {offered} if offered else set()
    return tuple(offer for offer in find_offers(store) if offer.hold_id in made)


def find_offers(store: Store) -> tuple[Offer, ...]:
    """Who has a freed time offered, in the order of joining."""
    with store.begin("find_offers") as work:
        return tuple(work.waitlist.find_offers())


def find_waiting(store: Store) -> tuple[WaitlistEntry, ...]:
    """Who waits without an offer, in the order of joining."""
    with store.begin("find_waiting") as work:
        return tuple(work.waitlist.find_waiting())


def _serve(work: UnitOfWork, progress: _Progress, actor: str) -> str | None:
    """One step: at most one offer (its hold), or one batch that everybody was asked about, or one expiry."""
    waiting = work.waitlist.find_waiting()
    batch = work.waitlist.find_freed()
    if batch is None:
        progress.is_done = not (waiting and work.waitlist.expire_first())
        return None
    if progress.batch != batch.id:
        progress.batch, progress.position = batch.id, 0
    practice = load_practice(work)
    may_make_way = work.facts.has_movable()
    for entry in waiting:
        if entry.position <= progress.position:
            continue
        request = narrowed(practice, batch.freed, entry.request, work.now, may_make_way=may_make_way)
        if request is not None:
            hold_id = _offer(work, practice, replace(entry, request=request), batch, actor)
            progress.position = entry.position
            if hold_id is not None:
                return hold_id
    work.waitlist.forget(batch)
    return None


def _offer(work: UnitOfWork, practice: Practice, entry: WaitlistEntry, batch: FreedBatch, actor: str) -> str | None:
    trip = entry.request.trip
    today = practice.date_at(work.now, trip.location_id)
    until = work.now + timedelta(minutes=practice.policy_on(today).offer_minutes)
    try:
        made = write_under_locks(
            work,
            practice,
            lambda its: _decide(work, its, entry, batch),
            lambda _, booking: work.holds.save(booking, trip, until, booked_on=today),
            promises=False,
        )
    except InvalidInput:  # the practice file has changed since they joined
        work.issues.open([Issue(STALE, "waitlist_entry", entry.id)])
        return None
    if isinstance(made, Refusal):
        return None
    booking, hold_id = made.booking, made.written
    work.waitlist.save_offer(entry, hold_id, until)
    data = {"hold": hold_id, "arrives_at": booking.visits[0].arrives_at.isoformat(), "until": until.isoformat()}
    note_entry(work, entry, Note("time_offered", "serve_waitlist", actor, event_data=data))
    return hold_id


def _decide(work: UnitOfWork, practice: Practice, entry: WaitlistEntry, batch: FreedBatch) -> Booking | Refusal:
    request = entry.request
    diary = look_at_book(work, request.trip, request.first_on, request.last_on).diary
    arrives_at = find_freed_opening(practice, before_freed(diary, batch.freed), diary, request, work.now)
    if arrives_at is None:
        return _NOTHING
    return decide_booking(practice, diary, BookingRequest(request.trip, arrives_at), work.now)
