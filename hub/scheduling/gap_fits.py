"""Who on the waitlist fits a gap of a resource: an opening of theirs takes it within the gap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.canonical.practice import Practice
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.openings import find_openings
from hub.scheduling.protocol import TimedTrip, candidates, timed_trips
from hub.scheduling.request import OpeningsRequest, Trip
from hub.scheduling.serving import Servings, board_of
from hub.scheduling.timeline import Span, instant_at, minute_of


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody on the waitlist."""

    id: str
    request: OpeningsRequest


@dataclass(frozen=True, slots=True)
class Fit:
    """Somebody who could come into a gap."""

    waiting_id: str
    arrives_at: datetime
    """Their first opening that takes the resource within the gap."""


@dataclass(frozen=True, slots=True)
class GapFitting:
    """Fits people into gaps, in one practice and diary at one moment."""

    practice: Practice
    diary: Diary
    now: datetime

    def fits(self, waiting: Waiting, resource_id: str, gaps: Sequence[Span]) -> Iterator[tuple[int, Fit]]:
        """(number of the gap, fit) for each gap in which the resource, asked for by name, can be had."""
        first: dict[int, int] = {}
        for asked in _asking_for(self.practice, waiting.request, resource_id):
            for number, arrival in self._firsts(asked, resource_id, gaps):
                first[number] = min(arrival, first.get(number, arrival))
        yield from ((number, Fit(waiting.id, instant_at(first[number]))) for number in sorted(first))

    def _firsts(self, request: OpeningsRequest, resource_id: str, gaps: Sequence[Span]) -> Iterator[tuple[int, int]]:
        """(number of the gap, arrival of the first opening in it)."""
        found = find_openings(self.practice, self.diary, request, self.now)
        if isinstance(found, Refusal) or not found.arrivals:
            return
        arrivals = [minute_of(one) for one in found.arrivals]
        board = board_of(self.practice, self.diary, request)
        servings = Servings(board, request.trip, self.now, arrivals[0], arrivals[-1])
        begins, ends = _reach(self.practice, request.trip)
        for number, gap in enumerate(gaps):
            near = (arrival for arrival in arrivals if arrival + ends > gap[0] and arrival + begins < gap[1])
            arrival = next((one for one in near if _is_within(servings, one, resource_id, gap)), None)
            if arrival is not None:
                yield number, arrival


def _asking_for(practice: Practice, request: OpeningsRequest, resource_id: str) -> Iterator[OpeningsRequest]:
    """The request with the resource asked for, once for each name of each part that it may fill."""
    trip = request.trip
    for number, part in enumerate(trip.parts):
        service = practice.find_service(part.service_id)
        for name in service.names if service else ():
            if any(one.id == resource_id for one in candidates(practice, trip, part, name)):
                asking = replace(part, resources={**part.resources, name: resource_id})
                parts = (*trip.parts[:number], asking, *trip.parts[number + 1 :])
                yield replace(request, trip=replace(trip, parts=parts))


def _is_within(servings: Servings, arrival: int, resource_id: str, gap: Span) -> bool:
    """Whether the opening takes the resource for some stretch inside the gap."""
    serving = servings.at(arrival)
    return any(
        gap[0] <= arrival + start and arrival + end <= gap[1]
        for slot in serving.slots
        if serving.choice[slot.key] == resource_id
        for start, end in slot.spans
    )


def _reach(practice: Practice, trip: Trip) -> Span:
    """How far from its arrival a trip begins and ends at most."""
    timed: list[TimedTrip] = list(timed_trips(practice, trip, lambda _resource, _needs, _arrival: True))
    return min(part.start for one in timed for part in one), max(part.end for one in timed for part in one)
