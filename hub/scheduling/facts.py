"""Visits that others made: what their records name, and what of a service's protocol that settles.

They are facts. A fact whose length is that of its service's patient time is placed step by step, as a booking would be;
any other takes whom it names, and whoever is filled in, from its arrival to its end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from hub.canonical.practice import PROVIDER, Practice, PracticeResource, PracticeService
from hub.scheduling.decision import PlannedPromise
from hub.scheduling.filled import FilledVisit
from hub.scheduling.protocol import TimedPart, fits, needs_of, timed_trips
from hub.scheduling.request import Part, Trip
from hub.scheduling.timeline import instant_at, minute_of

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Fact:
    """A visit that has not begun, and what it takes now."""

    visit: FilledVisit
    """The service is "" where the record does not say."""
    named: tuple[tuple[str, str], ...]
    """(provider, room or device, resource id): what the record names."""
    is_placed: bool = False
    """Its patient's time is taken as the record says now."""
    promised: tuple[PlannedPromise, ...] = ()
    """What it promises now, in order of products."""
    is_own: bool = False
    """It was booked here: what it promises is what was promised then."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time for which a name is taken, in minutes from arrival."""

    name: str
    step: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Outline:
    """What a fact needs when."""

    service: PracticeService | None
    """None: its service is none of the practice's; it takes what it names."""
    stretches: tuple[Stretch, ...]
    named: Mapping[str, str]
    """Need name → the resource that the record names for it."""
    beside: tuple[tuple[str, str], ...]
    """(word, resource) that the record names and the service does not ask for: taken throughout."""
    providers: frozenset[str] | None = None
    """Who makes these lengths; None: whoever."""

    @property
    def open_names(self) -> tuple[str, ...]:
        """The names that the record leaves open."""
        names = self.service.names if self.service else ()
        return tuple(name for name in names if name not in self.named)


def outline_of(practice: Practice, fact: Fact) -> Outline:
    """What the fact needs, and which needs its record settles."""
    visit = fact.visit
    service = practice.find_service(visit.service_id) if practice.find_location(visit.location_id) else None
    if service is None:
        return Outline(None, (), {}, fact.named)
    named, beside = _names(practice, service, fact)
    timed = _as_protocol(practice, fact, named)
    if timed is None:
        length = -((visit.arrives_at - visit.leaves_at) // _MINUTE)
        whole = tuple(Stretch(name, None, 0, length) for name in service.names)
        return Outline(service, whole, named, beside)
    return Outline(service, tuple(_stretches(timed)), named, beside, timed.providers)


def part_of(visit: FilledVisit, service: PracticeService, resources: Mapping[str, str]) -> Part:
    """The visit as something that is asked for, with these resources; an option that is gone is none."""
    option = visit.option_id if service.option(visit.option_id) else None
    return Part(service.id, visit.patient_id, option, resources)


def _names(
    practice: Practice, service: PracticeService, fact: Fact
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Which of the service's names each resource fills: the first of its kind that it qualifies for, or the first."""
    named: dict[str, str] = {}
    beside: list[tuple[str, str]] = []
    for word, resource_id in fact.named:
        resource = practice.find_resource(resource_id)
        left = [name for name in service.names if name not in named]
        name = _name_for(service, resource, left) if resource else None
        if name is None:
            beside.append((word, resource_id))
        else:
            named[name] = resource_id
    return named, tuple(beside)


def _name_for(service: PracticeService, resource: PracticeResource, names: list[str]) -> str | None:
    of_kind = [name for name in names if needs_of(service, name)[0].kind == resource.kind]
    able = (name for name in of_kind if all(fits(resource, need) for need in needs_of(service, name)))
    return next(able, next(iter(of_kind), None))


def _as_protocol(practice: Practice, fact: Fact, named: Mapping[str, str]) -> TimedPart | None:
    """The steps, where the visit is as long as its service's patient time; None: it is not."""
    visit = fact.visit
    service = practice.find_service(visit.service_id)
    if service is None or instant_at(minute_of(visit.arrives_at)) != visit.arrives_at:
        return None
    asked = {name: one for name, one in named.items() if name == PROVIDER}
    trip = Trip((part_of(visit, service, asked),), visit.location_id)
    every = (timed for (timed,) in timed_trips(practice, trip, lambda _resource, _needs, _offset: True))
    length = visit.leaves_at - visit.arrives_at
    return next((timed for timed in every if (timed.leaving - timed.arrival) * _MINUTE == length), None)


def _stretches(timed: TimedPart) -> Iterator[Stretch]:
    for step in timed.steps:
        for name in dict.fromkeys(need.name for need in step.step.needs if not need.present):
            yield Stretch(name, step.step.name, step.start, step.end)
