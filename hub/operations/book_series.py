"""Book a whole series, or nothing: all sessions in one transaction."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from uuid import uuid4

from hub.canonical.practice import Practice
from hub.canonical.records import Visit
from hub.operations.apply_practice import load_practice
from hub.operations.book_under_locks import write_under_locks
from hub.operations.note_reassigned import note_made_way
from hub.operations.note_visits import Note, load_visits, note_visits
from hub.operations.visit_clearances import prepare_consents
from hub.ports import KnownKey, Store, UnitOfWork
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.series import SeriesRequest, as_session
from hub.scheduling.series_plan import plan_series


@dataclass(frozen=True, slots=True)
class BookedSeries:
    """Every session stands in the book."""

    visits: tuple[Visit, ...]
    """In order of arrival."""
    booking: Booking | None
    """What was decided; None where the key was used before for the same request."""


def book_series(
    store: Store, request: SeriesRequest, *, actor: str, key: str | None = None, push_to: Collection[str] = ()
) -> BookedSeries | Refusal:
    """Book the earliest series that can be completed, each session at the first opening of its day, or refuse.

    Decided on the book as it stands, then again under the locks of all sessions together. A refusal (`no_series`, or
    what stands alone) changes nothing and does not use up the key.

    Args:
        store: where the book is.
        request: what is asked; the series gets an id of its own.
        actor: who asks: a login, or `system:<name>`.
        key: idempotency key: the same request under it again gives the same visits, another one `key_reused`.
        push_to: the systems that must be told of new visits.

    Raises:
        InvalidInput: not one part, no number of sessions, or a name that is not declared.
        NeedsAttention: no practice file is in force.
        RetryLater: the database went away. With a key it is safe to ask again.
    """
    asked = hash_series(request)
    with store.begin("book_series") as work:
        known = work.bookings.lock_key(key) if key is not None else None
        if known is not None:
            same = known.request_hash == asked
            return BookedSeries(load_visits(work, known.visit_ids), None) if same else Refusal(("key_reused",))
        made = _book(work, request)
        if isinstance(made, Refusal):
            return made
        booking, visits, series_id = made
        data = {"channel": request.trip.channel, "series": series_id}
        note_visits(work, visits, Note("visit_booked", "book_series", actor, event_data=data), push_to)
        note_made_way(work, booking, actor=actor)
        prepare_consents(work, load_practice(work), visits, actor=actor)
        if key is not None:
            work.bookings.save_key(key, KnownKey(asked, tuple(one.id for one in visits)))
        return BookedSeries(visits, booking)


def _book(work: UnitOfWork, request: SeriesRequest) -> tuple[Booking, tuple[Visit, ...], str] | Refusal:
    series_id = f"ser_{uuid4().hex}"
    its = replace(request, trip=as_session(request.trip, series_id))
    made = write_under_locks(
        work,
        load_practice(work),
        lambda practice: decide_sessions(work, practice, its),
        lambda practice, booking: _save(work, practice, booking, its),
    )
    return made if isinstance(made, Refusal) else (made.booking, made.written, series_id)


def decide_sessions(work: UnitOfWork, practice: Practice, request: SeriesRequest) -> Booking | Refusal:
    """All sessions as one booking, in the book as it stands."""
    diary = work.diaries.load(
        first_on=request.start_on,
        last_on=request.until_on,
        patient_ids={part.patient_id for part in request.trip.parts},
        location_id=request.trip.location_id,
    )
    return plan_series(practice, diary, request, work.now)


def _save(work: UnitOfWork, practice: Practice, booking: Booking, request: SeriesRequest) -> tuple[Visit, ...]:
    today = practice.date_at(work.now, request.trip.location_id)
    return tuple(saved for one in each_session(booking) for saved in work.bookings.save(one, request.trip, today))


def each_session(booking: Booking) -> tuple[Booking, ...]:
    """Each as a booking of its own. Whoever makes room changes units first: for all of them at once."""
    first, *others = booking.visits
    return (replace(booking, visits=(first,)), *(Booking((visit,)) for visit in others))


def hash_series(request: SeriesRequest) -> str:
    """The same for the same request, in whatever order its maps are."""
    trip = request.trip
    asked = {
        "series": [asdict(replace(part, resources=dict(part.resources), series_id=None)) for part in trip.parts],
        "at": [trip.location_id, trip.channel, request.sessions],
        "dates": [request.start_on.isoformat(), request.until_on.isoformat()],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
