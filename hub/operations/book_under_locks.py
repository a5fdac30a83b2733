"""The way every booking goes: decide, lock what was chosen, decide again, write.

Two clients who want the same hour queue for its locks instead of colliding; the second decides on what the first left,
and gets another room, or every reason why not. The exclusion constraint stands behind it, whoever else writes.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC
from typing import TypeVar

from hub.canonical.practice import Practice
from hub.errors import Conflict, Problem, RetryLater
from hub.operations.apply_practice import load_practice
from hub.ports import UnitOfWork
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.keys import lock_keys
from hub.scheduling.request import BookingRequest

Written = TypeVar("Written")
Decide = Callable[[Practice], Booking | Refusal]
_TRIES = 200
"""Each lost try means that somebody else booked, so this many are lost only where something else is wrong."""


def book_under_locks(
    work: UnitOfWork, practice: Practice, request: BookingRequest, write: Callable[[Booking], Written]
) -> tuple[Booking, Written] | Refusal:
    """What was decided under locks and what `write` gave for it, or every reason against it; nothing is written then.

    Holds that are over and stand in the way are taken out in the same transaction.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared, or the arrival is no whole minute.
        RetryLater: somebody else was quicker again and again.
    """
    return write_under_locks(work, practice, lambda its: decide_now(work, its, request), write)


def write_under_locks(
    work: UnitOfWork, practice: Practice, decide: Decide, write: Callable[[Booking], Written]
) -> tuple[Booking, Written] | Refusal:
    """The same for whatever `decide` makes of the book as it stands: it is asked before the locks and under them."""
    decision = decide(practice)
    for _ in range(_TRIES):
        if isinstance(decision, Refusal):
            return decision
        keys = frozenset(lock_keys(decision))
        try:
            with work.bookings.attempt() as attempt:
                work.bookings.lock(keys)
                work.holds.purge(keys)
                practice = load_practice(work)  # another file may have come into force during the wait
                decision = decide(practice)
                if isinstance(decision, Booking) and keys.issuperset(lock_keys(decision)):
                    return decision, write(decision)
                attempt.take_back()
        except Conflict:  # written by somebody who takes no locks: the constraint held
            decision = decide(practice)
    raise RetryLater(Problem("this time is fought over", "contended", hint="Ask again in a moment"))


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
