"""Book a series where others have a say: all sessions are held, asked for, and booked, or none is."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from hub.canonical.practice import Practice
from hub.operations.apply_practice import load_practice
from hub.operations.ask_outside import Outside
from hub.operations.book_series import BookedSeries, book_series, decide_sessions, each_session, hash_series
from hub.operations.book_under_locks import write_under_locks
from hub.operations.book_visit import Booked
from hub.operations.confirm_hold import Asking, Say, Undecided, find_known, find_say, note_begun, settled, sum_of
from hub.operations.note_reassigned import note_made_way
from hub.ports import NewPending, Store, UnitOfWork
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.pending import UNDECIDED_UNTIL, begin, patience
from hub.scheduling.series import SeriesRequest, as_session


def confirm_series(
    store: Store, request: SeriesRequest, outside: Outside, asking: Asking
) -> BookedSeries | Undecided | Refusal:
    """Book like `book_series`; where others have a say, once they agreed to every session.

    Beside its refusals: `vendor_refused`, `vendor_unavailable`, `payment_declined`. A session that the vendor refuses
    refuses all: those it confirmed before are taken back there, and what it does not answer the reconciler finds out.
    Errors as `book_series`; what goes wrong once the holds are written is no error but undecided.
    """
    with store.begin("begin_series") as work:
        say = find_say(work, outside, request.trip.location_id, request.trip.channel)
        known = find_known(work, asking.key, hash_series(request)) if say else None
        begun = known or (_begin(work, request, say, asking) if say else None)
    if begun is None:
        return book_series(store, request, actor=asking.actor, key=asking.key, push_to=asking.push_to)
    told = settled(store, begun, outside, asking)
    return BookedSeries(told.visits, None) if isinstance(told, Booked) else told


def _begin(work: UnitOfWork, request: SeriesRequest, say: Say, asking: Asking) -> int | Refusal:
    """Hold every session for those who have a say."""
    series_id = f"ser_{uuid4().hex}"
    its = replace(request, trip=as_session(request.trip, series_id))

    def write(practice: Practice, booking: Booking) -> int:
        deposit = sum_of(one.deposit for one in booking.visits) if say.pays_first else None
        today = practice.date_at(work.now, its.trip.location_id)
        policy = practice.policy_on(today)
        asked = {"actor": asking.actor, "channel": its.trip.channel, "series": series_id}
        new = NewPending(
            kind="book",
            standing=begin(pays=deposit is not None, asks_vendor=say.connection is not None),
            connection=say.connection,
            deadline_at=work.now + timedelta(minutes=policy.hold_minutes),
            next_try_at=work.now + patience(len(booking.visits)),
            asked=asked,
            key=asking.key,
            request_hash=hash_series(request),
        )
        pending_id = work.pendings.begin(new)
        for session in each_session(booking):
            work.holds.save(session, its.trip, UNDECIDED_UNTIL, booked_on=today, pending_id=pending_id)
        note_made_way(work, booking, actor=asking.actor)
        note_begun(work, pending_id, deposit, asking)
        return pending_id

    def decide(practice: Practice) -> Booking | Refusal:
        return decide_sessions(work, practice, its)

    made = write_under_locks(work, load_practice(work), decide, write, promises=False)
    return made if isinstance(made, Refusal) else made.written
