"""The way every booking goes: decide, lock what was chosen, decide again, write.

Two clients who want the same hour queue for its locks; the second decides on what the first left, and gets another
room, or every reason why not.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC
from typing import TypeVar

from hub.canonical.practice import Practice
from hub.operations.apply_practice import load_practice
from hub.operations.note_shortages import note_shortages, places_of
from hub.operations.own_calendar import require_own_calendar
from hub.operations.under_locks import Lacking, act_under_locks
from hub.ports import UnitOfWork
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.keys import Key, lock_keys
from hub.scheduling.request import BookingRequest

Written = TypeVar("Written")
Decide = Callable[[Practice], Booking | Refusal]


def book_under_locks(
    work: UnitOfWork,
    practice: Practice,
    request: BookingRequest,
    write: Callable[[Booking], Written],
    *,
    promises: bool = True,
) -> tuple[Booking, Written] | Refusal:
    """What was decided under locks and what `write` gave for it, or every reason against it; nothing is written then.

    Holds that are over and stand in the way are taken out in the same transaction. What `promises` no time may take it
    in calendars that a vendor owns, too.

    Raises:
        NeedsAttention: a vendor owns the calendar, and it would be promised without its word.
        InvalidInput: the location, an option or a name asked for is not declared, or the arrival is no whole minute.
        RetryLater: somebody else was quicker again and again.
    """
    return write_under_locks(work, practice, lambda its: decide_now(work, its, request), write, promises=promises)


def write_under_locks(
    work: UnitOfWork,
    practice: Practice,
    decide: Decide,
    write: Callable[[Booking], Written],
    *,
    promises: bool = True,
) -> tuple[Booking, Written] | Refusal:
    """The same for whatever `decide` makes of the book as it stands: it is asked before the locks and under them."""

    def book(keys: frozenset[Key]) -> tuple[Booking, Written] | Refusal | Lacking:
        current = load_practice(work)  # another file may have come into force during the wait
        decision = decide(current)
        if isinstance(decision, Refusal):
            return decision
        if promises:
            require_own_calendar(current, {visit.location_id for visit in decision.visits})
        needed = frozenset(lock_keys(decision))
        over = work.holds.find_over(needed)
        if not needed | over.keys <= keys:
            return Lacking(needed | over.keys)
        work.holds.purge(over.ids)
        written = write(decision)
        note_shortages(work, current, places_of(decision))
        return decision, written

    first = decide(practice)
    if isinstance(first, Refusal):
        return first
    return act_under_locks(work, frozenset(lock_keys(first)), book)


def decide_now(
    work: UnitOfWork, practice: Practice, request: BookingRequest, without: Collection[str] = ()
) -> Booking | Refusal:
    """The decision on the book as it stands, as if the visits `without` were not among the patients'."""
    day = request.arrives_at.astimezone(UTC).date()
    diary = work.diaries.load(
        first_on=day,
        last_on=day,
        patient_ids={part.patient_id for part in request.trip.parts},
        location_id=request.trip.location_id,
    )
    if without:
        diary = replace(diary, visits=tuple(visit for visit in diary.visits if visit.id not in without))
    return decide_booking(practice, diary, request, work.now)
