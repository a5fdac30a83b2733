"""Who would serve each of many openings: what booking them one by one would choose, worked out on one board."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.canonical.practice import Practice
from hub.scheduling.assignment import Choice, Slot, first_choice, slots_of
from hub.scheduling.board import Board, board_over
from hub.scheduling.clock import wall_clock
from hub.scheduling.diary import Diary
from hub.scheduling.free_time import open_arrivals, patient_arrivals, supervised_arrivals
from hub.scheduling.judge import trips_at
from hub.scheduling.protocol import TimedTrip, reach_of
from hub.scheduling.request import OpeningsRequest, Trip
from hub.scheduling.rules import TripRules

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Serving:
    """Who would be taken at one opening, and when."""

    slots: tuple[Slot, ...]
    choice: Choice


class Servings:
    """Servings of one trip whose openings lie between two minutes of a board."""

    def __init__(self, board: Board, trip: Trip, now: datetime, first: int, last: int) -> None:
        self._board, self._trip, self._span = board, trip, (first, last + 1)
        self._rules = TripRules(board, trip, now)
        self._known: dict[object, tuple[tuple[Slot, ...], int]] = {}

    def at(self, arrival: int) -> Serving:
        """The serving of an opening.

        Raises:
            LookupError: it is none.
        """
        bit = 1 << (arrival - self._board.window[0])
        for timed in trips_at(self._board, self._trip, arrival):
            slots, allowed = self._slots(timed)
            choice = first_choice(self._board, slots, bit) if allowed & bit else None
            if choice is not None:
                return Serving(slots, choice)
        raise LookupError("no opening of the trip is at this minute")

    def _slots(self, timed: TimedTrip) -> tuple[tuple[Slot, ...], int]:
        """The slots under these lengths, and the arrivals at which nothing but resources may be against them."""
        key = tuple((part.providers, tuple((step.start, step.end) for step in part.steps)) for part in timed)
        known = self._known.get(key)
        if known is None:
            board = self._board
            allowed = open_arrivals(board, timed) & patient_arrivals(board, timed) & supervised_arrivals(board, timed)
            allowed &= self._rules.dates_allowed(timed, *self._span)
            known = self._known[key] = (slots_of(board, self._trip, timed), allowed)
        return known


def board_of(practice: Practice, diary: Diary, request: OpeningsRequest) -> Board:
    """The board that `find_openings` works on."""
    clock = wall_clock(practice.zone_of(request.trip.location_id))
    days = clock.day_start(request.first_on), clock.day_start(request.last_on + _ONE_DAY)
    reach = reach_of(practice, request.trip)
    return board_over(practice, diary, request.trip.location_id, days, reach)
