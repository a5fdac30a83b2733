"""Book a trip: decide, lock what was chosen, decide again, write everything in one transaction.

Two clients who want the same hour queue for its locks instead of colliding; the second decides on what the first left,
and gets another room, or every reason why not. The exclusion constraint stands behind it, whoever else writes.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import UTC

from hub.canonical.ids import Kind
from hub.canonical.practice import Practice
from hub.canonical.records import Visit
from hub.errors import Conflict, Problem, RetryLater
from hub.operations.apply_practice import load_practice
from hub.ports import AuditEntry, KnownKey, Store, UnitOfWork
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.keys import lock_keys
from hub.scheduling.request import BookingRequest

_TRIES = 200
"""Each lost try means that somebody else booked, so this many are lost only where something else is wrong."""


@dataclass(frozen=True, slots=True)
class Booked:
    """It stands in the book."""

    visits: tuple[Visit, ...]
    """One for each part, in the request's order."""
    booking: Booking | None
    """What was decided; None where the key had been used before for the same request."""


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
    asked = _hash(request)
    with store.begin("book_visit") as work:
        known = work.bookings.lock_key(key) if key is not None else None
        if known is not None:
            return _repeat(work, known, asked)
        outcome = _decide_and_save(work, request)
        if isinstance(outcome, Refusal):
            return outcome
        booking, visit_ids = outcome
        if key is not None:
            work.bookings.save_key(key, KnownKey(asked, visit_ids))
        visits = _load(work, visit_ids)
        for visit in visits:
            work.journal.record_event("visit_booked", Kind.VISIT, visit.id, {"channel": request.trip.channel})
            work.journal.record_audit(_audit(visit, booking, request, actor))
            for connection in sorted(push_to):
                work.outbox.enqueue(connection, Kind.VISIT, visit.id)
        return Booked(visits, booking)


def _repeat(work: UnitOfWork, known: KnownKey, asked: str) -> Booked | Refusal:
    if known.request_hash != asked:
        return Refusal(("key_reused",))
    return Booked(_load(work, known.visit_ids), None)


def _decide_and_save(work: UnitOfWork, request: BookingRequest) -> tuple[Booking, tuple[str, ...]] | Refusal:
    practice = load_practice(work)
    decision = _decide(work, practice, request)
    for _ in range(_TRIES):
        if isinstance(decision, Refusal):
            return decision
        keys = frozenset(lock_keys(decision))
        try:
            with work.bookings.attempt() as attempt:
                work.bookings.lock(keys)
                decision = _decide(work, practice, request)
                if isinstance(decision, Booking) and keys.issuperset(lock_keys(decision)):
                    return decision, work.bookings.save(decision, request.trip)
                attempt.take_back()
        except Conflict:  # written by somebody who takes no locks: the constraint held
            decision = _decide(work, practice, request)
    raise RetryLater(Problem("this time is fought over", "contended", hint="Ask again in a moment"))


def _decide(work: UnitOfWork, practice: Practice, request: BookingRequest) -> Booking | Refusal:
    day = request.arrives_at.astimezone(UTC).date()
    diary = work.diaries.load(
        first_on=day,
        last_on=day,
        patient_ids={part.patient_id for part in request.trip.parts},
        location_id=request.trip.location_id,
    )
    return decide_booking(practice, diary, request, work.now)


def _audit(visit: Visit, booking: Booking, request: BookingRequest, actor: str) -> AuditEntry:
    return AuditEntry(
        actor,
        "book_visit",
        Kind.VISIT,
        visit.id,
        patient_id=visit.patient_id,
        role=request.role,
        reason=request.reason,
        detail={"overridden": list(booking.overridden)},
    )


def _load(work: UnitOfWork, visit_ids: tuple[str, ...]) -> tuple[Visit, ...]:
    found = work.records.load(Kind.VISIT, visit_ids)
    return tuple(visit for one in visit_ids if isinstance(visit := found[one], Visit))


def _hash(request: BookingRequest) -> str:
    """The same for the same request, in whatever order its maps and sets are."""
    parts = [asdict(replace(part, resources=dict(part.resources))) for part in request.trip.parts]
    asked = {
        "trip": [parts, request.trip.location_id, request.trip.channel, request.trip.together],
        "arrives_at": request.arrives_at.astimezone(UTC).isoformat(),
        "override": [sorted(request.override), request.reason, request.role],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
