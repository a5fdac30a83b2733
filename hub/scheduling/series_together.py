"""Several people's series, each in a book that holds the others': all of them, or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import permutations

from hub.canonical.practice import Practice
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.foresight import around, book_opening, with_booking
from hub.scheduling.series import SeriesRequest, decide_series

MOST_IN_ANY_ORDER = 4
"""So many people are tried in every order; more only as they are listed."""


@dataclass(frozen=True, slots=True)
class Together:
    """Everybody has a series."""

    order: tuple[int, ...]
    """In which they were decided, by their place in the list: in that order none is refused."""
    arrivals: tuple[tuple[datetime, ...], ...]
    """Of each, in the order of the list."""


@dataclass(frozen=True, slots=True)
class NotTogether:
    """Somebody finds none, in whatever order; this is the list's own."""

    request: SeriesRequest
    """The first in the list who finds none."""
    diary: Diary
    """With the series of those before."""
    refusal: Refusal


def decide_together(
    practice: Practice, diary: Diary, requests: Sequence[SeriesRequest], now: datetime
) -> Together | NotTogether:
    """In the order of the list, each as `decide_series`; where somebody finds none, in the first other order that does.

    Raises:
        InvalidInput: as `decide_series`.
    """
    first: NotTogether | None = None
    for order in _orders(len(requests)):
        found = _in_order(practice, diary, requests, order, now)
        if isinstance(found, Together):
            return found
        first = first or found
        if found.refusal.reasons != ("no_series",):
            break  # no order mends that
    assert first is not None
    return first


def _orders(count: int) -> Iterator[tuple[int, ...]]:
    listed = tuple(range(count))
    yield from permutations(listed) if count <= MOST_IN_ANY_ORDER else (listed,)


def _in_order(
    practice: Practice, diary: Diary, requests: Sequence[SeriesRequest], order: tuple[int, ...], now: datetime
) -> Together | NotTogether:
    decided: dict[int, tuple[datetime, ...]] = {}
    for place in order:
        request = requests[place]
        found = decide_series(practice, diary, request, now)
        if isinstance(found, Refusal):
            return NotTogether(request, diary, found)
        decided[place] = found
        series_id = request.trip.parts[0].series_id
        for number, at in enumerate(found) if len(decided) < len(requests) else ():
            booking = book_opening(practice, around(diary, at), request.trip, at, now)
            diary = with_booking(diary, booking, f"{series_id}:{place}:{number}", series_id)
    return Together(order, tuple(decided[place] for place in range(len(requests))))
