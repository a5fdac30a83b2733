"""Book a trip, or turn a hold into visits: everything is written in one transaction, and once for each key."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from hub.canonical.practice import Practice
from hub.canonical.records import Visit
from hub.operations.apply_practice import load_practice
from hub.operations.book_under_locks import book_under_locks
from hub.operations.note_reassigned import note_made_way
from hub.operations.note_visits import Note, load_visits, note_visits
from hub.operations.own_calendar import require_own_calendar
from hub.operations.place_facts import recheck_facts
from hub.operations.request_hash import hash_hold, hash_request
from hub.operations.visit_clearances import prepare_consents
from hub.ports import KnownKey, Store, UnitOfWork
from hub.scheduling.booked_rules import is_required
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.request import BookingRequest


@dataclass(frozen=True, slots=True)
class Booked:
    """It stands in the book."""

    visits: tuple[Visit, ...]
    """One for each part, in the request's order."""
    booking: Booking | None
    """What was decided; None where nothing was: it had been held, or the key was used before for the same request."""


def book_visit(
    store: Store, request: BookingRequest, *, actor: str, key: str | None = None, push_to: Collection[str] = ()
) -> Booked | Refusal:
    """Book, or say every reason why not. A refusal changes nothing and does not use up the key.

    Args:
        store: where the book is.
        request: what is asked.
        actor: who asks: a login, or `system:<name>`.
        key: idempotency key: the same request under it again gives the same visits, another one `key_reused`.
        push_to: the systems that must be told of new visits.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared, or the arrival is no whole minute.
        NeedsAttention: no practice file is in force.
        RetryLater: the database went away. With a key it is safe to ask again.
    """
    its = _Key(key, hash_request(request)) if key is not None else None

    def book(work: UnitOfWork) -> _Made | Refusal:
        def write(practice: Practice, booking: Booking) -> _Made:
            trip = request.trip
            visits = work.bookings.save(booking, trip, practice.date_at(work.now, trip.location_id))
            detail = {"overridden": list(booking.overridden)}
            data = {"channel": trip.channel}
            note = Note("visit_booked", "book_visit", actor, request.role, request.reason, data, detail)
            note_visits(work, visits, note, push_to)
            note_made_way(work, booking, actor=actor)
            return _end(work, practice, Booked(visits, booking), its, actor)

        made = book_under_locks(work, request, write, is_all=True)
        return made if isinstance(made, Refusal) else made.written

    return _once(store, its, book)


def book_hold(
    store: Store, hold_id: str, *, actor: str, key: str | None = None, push_to: Collection[str] = ()
) -> Booked | Refusal:
    """Turn exactly what is held into visits, once, without judging it again; later, or unknown: `hold_expired`.

    The arguments and errors are those of `book_visit`; `hold_id` is what `hold_visit` gave.
    """
    its = _Key(key, hash_hold(hold_id)) if key is not None else None

    def confirm(work: UnitOfWork) -> _Made | Refusal:
        visit_ids = work.holds.confirm(hold_id)
        if not visit_ids:
            return Refusal(("hold_expired",))
        visits = load_visits(work, visit_ids)
        practice = load_practice(work)
        require_own_calendar(practice, [visit.location_id for visit in visits])
        note = Note("visit_booked", "book_visit", actor, event_data={"hold": hold_id})
        note_visits(work, visits, note, push_to)
        return _end(work, practice, Booked(visits, None), its, actor)

    return _once(store, its, confirm)


@dataclass(frozen=True, slots=True)
class _Key:
    """An idempotency key, and what was asked under it."""

    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class _Made:
    booked: Booked
    may_mend: bool
    """Whether some visit is said to break rules, for which this may be what it lacked."""


def _end(work: UnitOfWork, practice: Practice, booked: Booked, its: _Key | None, actor: str) -> _Made:
    """What goes with every booking."""
    visits = booked.visits
    prepare_consents(work, practice, visits, actor=actor)
    if its is not None:
        work.bookings.save_key(its.key, KnownKey(its.request_hash, tuple(one.id for one in visits)))
    return _Made(booked, is_required(practice, (one.service_id or "" for one in visits)) and work.facts.has_flagged())


def _once(store: Store, its: _Key | None, make: Callable[[UnitOfWork], _Made | Refusal]) -> Booked | Refusal:
    """What the key stands for already, or what is made now."""
    with store.begin("book_visit", in_turn=True) as work:
        known = work.bookings.lock_key(its.key) if its is not None else None
        if its is not None and known is not None:
            same = known.request_hash == its.request_hash
            return Booked(load_visits(work, known.visit_ids), None) if same else Refusal(("key_reused",))
        made = make(work)
    if isinstance(made, Refusal):
        return made
    if made.may_mend:
        recheck_facts(store)
    return made.booked
