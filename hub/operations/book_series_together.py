"""Book several people's series, or nothing: all sessions of all of them in one transaction."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import uuid4

from hub.canonical.practice import Practice
from hub.canonical.records import Visit
from hub.errors import InvalidInput, Problem
from hub.operations.apply_practice import load_practice
from hub.operations.book_series import BookedSeries, each_session, hash_series
from hub.operations.book_under_locks import write_under_locks
from hub.operations.note_reassigned import note_made_way
from hub.operations.note_visits import Note, load_visits, note_visits
from hub.operations.visit_clearances import prepare_consents
from hub.ports import KnownKey, Store, UnitOfWork
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.request import Trip
from hub.scheduling.series import SeriesRequest, as_session
from hub.scheduling.series_plan import Sessions, plan_together


def book_series_together(
    store: Store,
    requests: Sequence[SeriesRequest],
    *,
    actor: str,
    key: str | None = None,
    push_to: Collection[str] = (),
) -> BookedSeries | Refusal:
    """Book everybody's series beside the others' (`decide_together`), or refuse and change nothing.

    The visits are one person's after the other's, in the order of the requests. The arguments and errors are those of
    `book_series`; all requests are for one location, whose calendar the hub owns.

    Raises:
        InvalidInput: several locations, or as `book_series`.
        NeedsAttention: a vendor owns the calendar: it is not asked for several people at once.
    """
    if len({request.trip.location_id for request in requests}) != 1:
        raise InvalidInput(Problem("series that are booked together are at one location", field="location"))
    asked = hashlib.sha256("".join(map(hash_series, requests)).encode()).hexdigest()
    with store.begin("book_series") as work:
        known = work.bookings.lock_key(key) if key is not None else None
        if known is not None:
            same = known.request_hash == asked
            return BookedSeries(load_visits(work, known.visit_ids), None) if same else Refusal(("key_reused",))
        made = _book(work, requests)
        if isinstance(made, Refusal):
            return made
        booking, theirs = made
        visits = tuple(visit for its in theirs.values() for visit in its)
        for series_id, its in theirs.items():
            data = {"channel": requests[0].trip.channel, "series": series_id}
            note_visits(work, its, Note("visit_booked", "book_series", actor, event_data=data), push_to)
        note_made_way(work, booking, actor=actor)
        prepare_consents(work, load_practice(work), visits, actor=actor)
        if key is not None:
            work.bookings.save_key(key, KnownKey(asked, tuple(one.id for one in visits)))
        return BookedSeries(visits, booking)


def _book(
    work: UnitOfWork, requests: Sequence[SeriesRequest]
) -> tuple[Booking, dict[str, tuple[Visit, ...]]] | Refusal:
    """What was decided, and the visits by series, in the order of the requests."""
    named = {f"ser_{uuid4().hex}": request for request in requests}
    its = [replace(request, trip=as_session(request.trip, series_id)) for series_id, request in named.items()]
    sessions: Sessions = ()

    def decide(practice: Practice) -> Booking | Refusal:
        nonlocal sessions
        made = _decide(work, practice, its)
        if isinstance(made, Refusal):
            return made
        booking, sessions = made
        return booking

    def write(practice: Practice, booking: Booking) -> tuple[Visit, ...]:
        return _save(work, practice, booking, [trip for trip, _ in sessions])

    made = write_under_locks(work, load_practice(work), decide, write)
    if isinstance(made, Refusal):
        return made
    whose = [trip.parts[0].series_id for trip, _ in sessions]
    theirs = {
        series_id: tuple(visit for visit, its in zip(made.written, whose, strict=True) if its == series_id)
        for series_id in named
    }
    return made.booking, theirs


def _decide(
    work: UnitOfWork, practice: Practice, requests: Sequence[SeriesRequest]
) -> tuple[Booking, Sessions] | Refusal:
    diary = work.diaries.load(
        first_on=min(request.start_on for request in requests),
        last_on=max(request.until_on for request in requests),
        patient_ids={part.patient_id for request in requests for part in request.trip.parts},
        location_id=requests[0].trip.location_id,
    )
    return plan_together(practice, diary, requests, work.now)


def _save(work: UnitOfWork, practice: Practice, booking: Booking, trips: Sequence[Trip]) -> tuple[Visit, ...]:
    sessions = zip(each_session(booking), trips, strict=True)
    today = practice.date_at(work.now, trips[0].location_id)
    return tuple(saved for one, trip in sessions for saved in work.bookings.save(one, trip, today))
