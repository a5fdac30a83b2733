"""The way every booking goes: decide, lock what was chosen, decide again, write.

Two clients who want the same hour queue for its locks; the second decides on what the first left, and gets another
room, or every reason why not.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Generic, TypeVar

from hub.canonical.practice import Practice
from hub.operations.apply_practice import load_practice, practice_of
from hub.operations.look_at_book import look_at_book
from hub.operations.note_shortages import NO_STOCK, note_shortages, places_of
from hub.operations.own_calendar import require_own_calendar
from hub.operations.under_locks import Lacking, act_under_locks
from hub.ports import OverHolds, UnitOfWork
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.foresight import foresee_booking
from hub.scheduling.keys import Key, lock_keys
from hub.scheduling.request import BookingRequest

Written = TypeVar("Written")
Decide = Callable[[Practice], Booking | Refusal]


@dataclass(frozen=True, slots=True)
class Agreed(Generic[Written]):
    """What was decided under locks and written."""

    practice: Practice
    booking: Booking
    written: Written


@dataclass(frozen=True, slots=True)
class _Decided:
    practice: Practice
    outcome: Booking | Refusal
    may_meet_over: bool = True
    """Whether holds that are over may stand in the way."""


def book_under_locks(
    work: UnitOfWork,
    request: BookingRequest,
    write: Callable[[Practice, Booking], Written],
    *,
    promises: bool = True,
    is_all: bool = False,
) -> Agreed[Written] | Refusal:
    """What was decided under locks and what `write` gave for it, or every reason against it; nothing is written then.

    Holds that are over and stand in the way are taken out in the same transaction. What `promises` no time may take it
    in calendars that a vendor owns, too. Where it `is_all` that the operation does, it is committed with the write.

    Raises:
        NeedsAttention: a vendor owns the calendar, and it would be promised without its word.
        InvalidInput: the location, an option or a name asked for is not declared, or the arrival is no whole minute.
        RetryLater: somebody else was quicker again and again.
    """
    keys = _foreseen_keys(work, request)
    return _write(work, lambda: _look_and_decide(work, request), write, keys, promises=promises, is_all=is_all)


def write_under_locks(
    work: UnitOfWork,
    practice: Practice,
    decide: Decide,
    write: Callable[[Practice, Booking], Written],
    *,
    promises: bool = True,
) -> Agreed[Written] | Refusal:
    """The same for whatever `decide` makes of the book as it stands: it is asked before the locks and under them."""
    known = [practice]

    def look() -> _Decided:
        # Another file may have come into force during the wait.
        current = known.pop() if known else load_practice(work)
        return _Decided(current, decide(current))

    return _write(work, look, write, promises=promises)


def _write(
    work: UnitOfWork,
    look: Callable[[], _Decided],
    write: Callable[[Practice, Booking], Written],
    foreseen: frozenset[Key] | None = None,
    *,
    promises: bool,
    is_all: bool = False,
) -> Agreed[Written] | Refusal:
    def book(keys: frozenset[Key]) -> Agreed[Written] | Refusal | Lacking:
        decided = look()
        practice, booking = decided.practice, decided.outcome
        if isinstance(booking, Refusal):
            return booking
        if promises:
            require_own_calendar(practice, {visit.location_id for visit in booking.visits})
        needed = frozenset(lock_keys(booking))
        over = work.holds.find_over(needed) if decided.may_meet_over else OverHolds()
        if not needed | over.keys <= keys:
            return Lacking(needed | over.keys)
        work.holds.purge(over.ids)
        written = write(practice, booking)
        note_shortages(work, practice, places_of(booking), always=NO_STOCK in booking.overridden)
        if is_all:
            work.finish()
        return Agreed(practice, booking, written)

    if foreseen is None:
        first = look().outcome
        if isinstance(first, Refusal):
            return first
        foreseen = frozenset(lock_keys(first))
    return act_under_locks(work, foreseen, book)


def _foreseen_keys(work: UnitOfWork, request: BookingRequest) -> frozenset[Key] | None:
    """What will be locked, by what this process saw last; None: it must look. Whoever is wrong locks more then."""
    day = _day_of(request)
    seen = work.diaries.recall(first_on=day, last_on=day, location_id=request.trip.location_id)
    likely = foresee_booking(practice_of(seen.in_force), seen.diary, request) if seen else None
    return frozenset(lock_keys(likely)) if likely else None


def decide_now(work: UnitOfWork, request: BookingRequest, without: Collection[str] = ()) -> Booking | Refusal:
    """The decision on the book as it stands, as if the visits `without` were not among the patients'.

    Raises:
        NeedsAttention: no practice file is in force.
        InvalidInput: the location, an option or a name asked for is not declared, or the arrival is no whole minute.
    """
    return _look_and_decide(work, request, without).outcome


def _look_and_decide(work: UnitOfWork, request: BookingRequest, without: Collection[str] = ()) -> _Decided:
    """The practice in force and what it says, both of one moment."""
    day = _day_of(request)
    seen = look_at_book(work, request.trip, day, day)
    diary = seen.diary
    if without:
        diary = replace(diary, visits=tuple(visit for visit in diary.visits if visit.id not in without))
    return _Decided(seen.practice, decide_booking(seen.practice, diary, request, work.now), seen.has_holds_over)


def _day_of(request: BookingRequest) -> date:
    return request.arrives_at.astimezone(UTC).date()
