"""Which of the openings to offer first: those that leave no short rests, are as the patient likes it, and come soon."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import combinations
from types import MappingProxyType

from hub.canonical.practice import Practice
from hub.scheduling.board import Board
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.openings import find_openings
from hub.scheduling.request import OpeningsRequest, Part, Trip
from hub.scheduling.rests import rests_beside
from hub.scheduling.serving import Serving, Servings, board_of
from hub.scheduling.timeline import Span, instant_at, minute_of


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the patient would like, and can do without."""

    resources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Need name → resource; of a trip, in every part that has the name."""
    days: frozenset[int] | None = None
    """Of the week, Monday 0. None: any."""
    starts: int | None = None
    """The earliest minute of the day to arrive. None: any."""
    ends: int | None = None
    """The minute of the day to arrive before."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Why an offer is not the best it could be."""

    what: str
    """`rest gentlemax 15`, `wish day`, `wish provider`, `wait 3`."""
    points: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One opening with what it costs."""

    arrives_at: datetime
    trip: Trip
    """To be booked as it stands: wishes that are met are asked for."""
    resources: tuple[tuple[str, str], ...]
    """(need name, resource) that booking the trip takes now."""
    costs: tuple[Cost, ...]

    @property
    def points(self) -> int:
        """What it costs in all."""
        return sum(cost.points for cost in self.costs)


def rank_openings(
    practice: Practice, diary: Diary, request: OpeningsRequest, wishes: Wishes, now: datetime
) -> tuple[Offer, ...] | Refusal:
    """Every opening of the request, once, cheapest first; of equal ones the earlier.

    Wishes change the order and whom an offer takes, never the set. A refusal as `find_openings`.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared.
    """
    trips = _trips(practice, diary, request, wishes, now)
    if isinstance(trips, Refusal) or not trips:
        return trips if isinstance(trips, Refusal) else ()
    board = board_of(practice, diary, request)
    arrivals = [minute_of(one) for _, openings in trips for one in openings]
    first, last = min(arrivals), max(arrivals)
    scale = _Scale(board, wishes, first, minute_of(now))
    offers = []
    for trip, openings in trips:
        servings = Servings(board, trip, now, first, last)
        offers += [scale.offer(trip, servings.at(minute_of(one)), minute_of(one)) for one in openings]
    return tuple(sorted(offers, key=lambda offer: (offer.points, offer.arrives_at)))


def _trips(
    practice: Practice, diary: Diary, request: OpeningsRequest, wishes: Wishes, now: datetime
) -> list[tuple[Trip, list[datetime]]] | Refusal:
    """Trips to book with their openings, each opening once: with the trip that asks for most of what is wished."""
    found: list[tuple[Trip, list[datetime]]] = []
    names = [name for name in wishes.resources if any(_names(practice, part, name) for part in request.trip.parts)]
    known: set[datetime] = set()
    for chosen in (some for count in range(len(names), -1, -1) for some in combinations(names, count)):
        trip = _asking(practice, request.trip, {name: wishes.resources[name] for name in chosen})
        openings = find_openings(practice, diary, replace(request, trip=trip), now)
        if isinstance(openings, Refusal):
            return openings
        new = [arrives_at for arrives_at in openings.arrivals if arrives_at not in known]
        known.update(new)
        if new:
            found.append((trip, new))
    return found


def _asking(practice: Practice, trip: Trip, wished: Mapping[str, str]) -> Trip:
    """The trip with these resources asked for, where nobody else is."""
    return replace(trip, parts=tuple(_with(practice, part, wished) for part in trip.parts))


def _with(practice: Practice, part: Part, wished: Mapping[str, str]) -> Part:
    here = {name: one for name, one in wished.items() if _names(practice, part, name)}
    return replace(part, resources={**here, **part.resources}) if here else part


def _names(practice: Practice, part: Part, name: str) -> bool:
    service = practice.find_service(part.service_id)
    return service is not None and name in service.names


class _Scale:
    """Weighs offers on one board."""

    def __init__(self, board: Board, wishes: Wishes, earliest: int, now: int) -> None:
        self._board, self._wishes, self._now = board, wishes, now
        self._earliest = board.clock.date_at(earliest).toordinal()
        self._rules = board.practice.ranking

    def offer(self, trip: Trip, serving: Serving, arrival: int) -> Offer:
        resources = tuple((slot.key[1], serving.choice[slot.key]) for slot in serving.slots)
        costs = (*self._rests(serving, arrival), *self._unmet(resources, arrival), *self._wait(arrival))
        return Offer(instant_at(arrival), trip, resources, costs)

    def _rests(self, serving: Serving, arrival: int) -> Iterator[Cost]:
        taken: dict[str, list[Span]] = {}
        for slot in serving.slots:
            spans = [(arrival + start, arrival + end) for start, end in slot.spans]
            taken.setdefault(serving.choice[slot.key], []).extend(spans)
        for resource_id, spans in taken.items():
            resource = self._board.resources[resource_id]
            if resource.kind in self._rules.kinds and resource.capacity == 1:
                limit = self._rules.short_rest_minutes
                for start, end in rests_beside(self._board, resource_id, spans, self._now, limit):
                    points = (end - start) * self._rules.per_rest_minute
                    yield Cost(f"rest {resource_id} {end - start}", points)

    def _unmet(self, resources: tuple[tuple[str, str], ...], arrival: int) -> Iterator[Cost]:
        wishes, shown = self._wishes, instant_at(arrival).astimezone(self._board.clock.zone)
        minute = shown.hour * 60 + shown.minute
        points = self._rules.per_wish
        if wishes.days is not None and shown.weekday() not in wishes.days:
            yield Cost("wish day", points)
        if not (wishes.starts or 0) <= minute < (24 * 60 if wishes.ends is None else wishes.ends):
            yield Cost("wish time", points)
        for name, wished in wishes.resources.items():
            if any(who != wished for need, who in resources if need == name):
                yield Cost(f"wish {name}", points)

    def _wait(self, arrival: int) -> Iterator[Cost]:
        days = self._board.clock.date_at(arrival).toordinal() - self._earliest
        if days:
            yield Cost(f"wait {days}", days * self._rules.per_day)
