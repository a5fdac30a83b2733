"""Find the nearest times that would work, on the practice's own book."""

from collections.abc import Collection
from dataclasses import replace

from hub.canonical.practice import Practice
from hub.operations.apply_practice import load_practice
from hub.operations.look_at_book import look_at_book
from hub.operations.move_visit import MoveRequest, asked_again, load_whole
from hub.ports import Store, UnitOfWork
from hub.scheduling.nearest import DAYS, FAR_DAYS, Nearest, dates_around, may_lie_further
from hub.scheduling.nearest import find_nearest as decide_nearest
from hub.scheduling.request import BookingRequest


def find_nearest(store: Store, request: BookingRequest) -> Nearest:
    """The nearest times before and after the request's at which `book_visit` would not refuse now; nothing is held.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared.
        NeedsAttention: no practice file is in force.
    """
    with store.begin("find_nearest") as work:
        return _nearest(work, load_practice(work), request)


def find_nearest_move(store: Store, move: MoveRequest) -> Nearest:
    """The nearest times before and after to which `move_visit` would not refuse to move now; nothing is changed.

    Raises:
        InvalidInput: as `move_visit`.
        NeedsAttention: no practice file is in force.
    """
    with store.begin("find_nearest") as work:
        standing = load_whole(work, move)
        if not standing:
            return Nearest()
        practice = load_practice(work)
        ids = [one.visit.id for one in standing]
        with work.bookings.attempt() as attempt:
            work.visits.vacate(ids)
            found = _nearest(work, practice, asked_again(practice, standing, move), without=ids)
            attempt.take_back()
        return found


def _nearest(work: UnitOfWork, practice: Practice, request: BookingRequest, without: Collection[str] = ()) -> Nearest:
    found = _within(work, practice, request, without, DAYS)
    is_far = may_lie_further(practice, request, found, work.now)
    return _within(work, practice, request, without, FAR_DAYS) if is_far else found


def _within(
    work: UnitOfWork, practice: Practice, request: BookingRequest, without: Collection[str], days: int
) -> Nearest:
    first_on, last_on = dates_around(practice, request, work.now, days=days)
    diary = look_at_book(work, request.trip, first_on, last_on).diary
    if without:
        diary = replace(diary, visits=tuple(visit for visit in diary.visits if visit.id not in without))
    return decide_nearest(practice, diary, request, work.now, days=days)
