"""What stands on the day to be repaired, and what is answered: visits, trips, and the plan."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hub.canonical.practice import PROVIDER, Practice
from hub.scheduling.clock import wall_clock
from hub.scheduling.decision import PlannedClaim, Recolouring
from hub.scheduling.diary import PatientVisit
from hub.scheduling.protocol import TimedPart, TimedTrip, step_lengths, time_steps
from hub.scheduling.request import Part
from hub.scheduling.timeline import Span, instant_at, minute_of

PartNumber = tuple[int, int]
"""(number of the trip, number of the part in it)."""


@dataclass(frozen=True, slots=True)
class BookedVisit:
    """A booked visit as it stands in the book."""

    id: str
    part: Part
    """Its `resources` are those the patient asked for."""
    location_id: str
    arrives_at: datetime
    resources: Mapping[str, str]
    """Need name → who fills it. Names left out occupy nothing."""
    claim_ids: frozenset[str] = frozenset()
    """Its claims in the diary."""
    trip_id: str | None = None
    """Visits of one trip have the same; None: it was booked alone."""
    is_tied: bool = False
    """A part of its trip took place already, or the patient is here: its time stays."""
    has_begun: bool = False
    """It has begun, whatever its service says: a room was set up for a patient who is late."""


class Fate(StrEnum):
    """What becomes of a visit."""

    KEPT = "kept"
    MOVED = "moved"
    UNPLACED = "unplaced"


@dataclass(frozen=True, slots=True)
class RepairedVisit:
    """Where a visit of the day stands after the repair."""

    id: str
    fate: Fate
    arrives_at: datetime
    leaves_at: datetime
    resources: tuple[tuple[str, str], ...]
    """(need name, resource); an unplaced visit's are those it had."""
    changed: tuple[str, ...]
    """The names that another resource fills than before."""
    claims: tuple[PlannedClaim, ...]
    """What it takes instead of its claims before; nothing when it is unplaced, or kept as it was."""
    minutes_moved: int = 0

    @property
    def is_changed(self) -> bool:
        """Whether there is something to write."""
        return self.fate is Fate.MOVED or bool(self.changed)


class Aim(StrEnum):
    """What a repair keeps small, the weightiest first."""

    UNPLACED = "unplaced"
    MOVED = "moved"
    MINUTES = "minutes"
    RESOURCES = "resources"


@dataclass(frozen=True, slots=True)
class Better:
    """How much another plan could be better at most, where the best is not proven."""

    aim: Aim
    """The weightiest that is not settled; what weighs less is then open, too."""
    at_most: int
    """Visits, minutes or resources."""


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """Every booked visit of the day that has not begun, in order of their arrival before."""

    visits: tuple[RepairedVisit, ...]
    recolourings: tuple[Recolouring, ...]
    """Claims of others that change their unit to make room."""
    better: Better | None = None
    """What may be left to gain where the time was over; None: no better plan exists."""

    @property
    def proven(self) -> bool:
        """Whether no better plan exists; else it is the best that was found in the time."""
        return self.better is None

    def count(self, fate: Fate) -> int:
        """How many visits have that fate."""
        return sum(visit.fate is fate for visit in self.visits)


@dataclass(frozen=True, slots=True)
class StandingTrip:
    """The visits of one trip that are to be placed: all at their times, or all moved together."""

    visits: tuple[BookedVisit, ...]
    """In order of arrival."""
    timed: TimedTrip
    """As it stands; offsets are from `arrival`."""
    arrival: int
    is_whole: bool
    """No part of it has begun or lies on another date: it may be moved."""

    @property
    def location_id(self) -> str:
        """Where it takes place."""
        return self.visits[0].location_id

    @property
    def is_together(self) -> bool:
        """Whether several patients arrive at one time."""
        return len(self.visits) > 1 and all(part.arrival == 0 for part in self.timed)

    def as_patient_visits(self) -> tuple[PatientVisit, ...]:
        """Its visits as the rules between visits see them."""
        return tuple(
            PatientVisit(
                visit.id,
                visit.part.patient_id,
                visit.part.service_id,
                visit.location_id,
                instant_at(self.arrival + part.arrival),
                instant_at(self.arrival + part.leaving),
                visit.part.series_id,
            )
            for visit, part in zip(self.visits, self.timed, strict=True)
        )

    def spans(self) -> Iterator[tuple[str, Span]]:
        """(resource, minutes) for each step that takes one; twice in one step counts once."""
        for visit, part in zip(self.visits, self.timed, strict=True):
            yield from taken_spans(part, self.arrival, visit.resources)


def standing_trips(
    practice: Practice, visits: Iterable[BookedVisit], on: date, now: datetime
) -> tuple[StandingTrip, ...]:
    """The trips of that local date of arrival with visits that have not begun, in order of arrival."""
    groups: dict[str, list[BookedVisit]] = {}
    for visit in sorted(visits, key=lambda visit: (visit.arrives_at, visit.id)):
        groups.setdefault(visit.trip_id or f"alone:{visit.id}", []).append(visit)
    found = (_standing(practice, tuple(group), on, now) for group in groups.values())
    return tuple(sorted((trip for trip in found if trip), key=lambda trip: (trip.arrival, trip.visits[0].id)))


def _standing(practice: Practice, group: tuple[BookedVisit, ...], on: date, now: datetime) -> StandingTrip | None:
    clock = wall_clock(practice.zone_of(group[0].location_id))
    chosen = tuple(
        visit
        for visit in group
        if not visit.has_begun
        and clock.date_at(minute_of(visit.arrives_at)) == on
        and _timed(practice, visit, 0).start > minute_of(now)
    )
    if not chosen:
        return None
    arrival = minute_of(chosen[0].arrives_at)
    timed = tuple(_timed(practice, visit, arrival) for visit in chosen)
    return StandingTrip(chosen, timed, arrival, chosen == group and not any(visit.is_tied for visit in chosen))


def _timed(practice: Practice, visit: BookedVisit, origin: int) -> TimedPart:
    service = practice.find_service(visit.part.service_id)
    if service is None:
        raise LookupError("a visit of a service that is not declared is not given to a repair")
    option = service.option(visit.part.option_id)
    lengths = step_lengths(service, option, visit.resources.get(PROVIDER))
    arrival = minute_of(visit.arrives_at) - origin
    steps = time_steps(service, lengths, arrival)
    leaving = max(step.end for step in steps if step.step.patient)
    return TimedPart(visit.part, service, option, steps, arrival, leaving, None)


def taken_spans(part: TimedPart, arrival: int, resources: Mapping[str, str]) -> Iterator[tuple[str, Span]]:
    """(resource, minutes) of each step of a part."""
    for timed in part.steps:
        names = {need.name for need in timed.step.needs if not need.present}
        for resource_id in sorted({resources[name] for name in names if name in resources}):
            yield resource_id, (arrival + timed.start, arrival + timed.end)
