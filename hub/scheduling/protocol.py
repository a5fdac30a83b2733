"""A service as timed steps: who may fill which name, how long each step takes, when it begins.

Offsets are minutes from the arrival of the trip. Where lengths depend on the provider there is one `TimedTrip` for
each way the providers can make them, so that everything after works with fixed lengths.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain

from hub.canonical.practice import PROVIDER, Need, Option, Practice, PracticeResource, PracticeService, Step
from hub.canonical.practice_services import DEFAULT_LENGTH
from hub.scheduling.request import Part, Trip


@dataclass(frozen=True, slots=True)
class TimedStep:
    """A step with its place in time."""

    step: Step
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TimedPart:
    """A part of a trip whose lengths are settled."""

    part: Part
    service: PracticeService
    option: Option | None
    steps: tuple[TimedStep, ...]
    arrival: int
    leaving: int
    """The end of the last step with the patient."""
    providers: frozenset[str] | None
    """Who makes these lengths; None where no step has the name `provider`."""

    @property
    def start(self) -> int:
        """The start of the first step."""
        return self.steps[0].start

    @property
    def end(self) -> int:
        """The end of the last step."""
        return self.steps[-1].end


TimedTrip = tuple[TimedPart, ...]


def fits(resource: PracticeResource, need: Need) -> bool:
    """Whether the resource satisfies the need on some date."""
    return (
        resource.kind == need.kind
        and need.skills <= resource.skills
        and (need.id is None or need.id == resource.id)
        and (need.any_of is None or resource.id in need.any_of)
        and (need.certification is None or any(c.code == need.certification for c in resource.certifications))
    )


def is_certified(resource: PracticeResource, code: str, day: date) -> bool:
    """Whether one of the resource's certifications of that code is valid on the date."""
    return any(
        (entry.valid_from is None or entry.valid_from <= day) and (entry.until is None or day <= entry.until)
        for entry in resource.certifications
        if entry.code == code
    )


def needs_of(service: PracticeService, name: str) -> tuple[Need, ...]:
    """All needs of that name, in whatever step."""
    return tuple(need for step in service.steps for need in step.needs if not need.present and need.name == name)


def candidates(practice: Practice, trip: Trip, part: Part, name: str) -> tuple[PracticeResource, ...]:
    """Who at the location may fill the name, on some date, in the order of the practice file."""
    service = practice.find_service(part.service_id)
    needs = needs_of(service, name) if service else ()
    asked = part.resources.get(name)
    kinds = {need.kind for need in needs}
    return tuple(
        resource
        for resource in practice.resources
        if (asked is None or resource.id == asked)
        and kinds <= {resource.kind}  # of few only is more to be asked
        and practice.location_of(resource) == trip.location_id
        and all(fits(resource, need) for need in needs)
    )


ProviderFilter = Callable[[PracticeResource, tuple[Need, ...], int], bool]
"""(candidate, its needs, arrival offset) → whether it qualifies then."""


def timed_trips(practice: Practice, trip: Trip, qualifies: ProviderFilter) -> Iterator[TimedTrip]:
    """The trip under each combination of lengths that qualifying providers can make.

    Where nobody qualifies for a part's `provider`, its default lengths stand in, with no providers.
    """
    yield from _extended(practice, trip, qualifies, ())


def reach_of(practice: Practice, trip: Trip) -> int:
    """How many minutes the steps lie from the arrival of the trip, at most, whoever provides them."""
    services = [(_service(practice, part), part.option_id) for part in trip.parts]
    lengths = chain.from_iterable(_asked_lengths(service, service.option(option)) for service, option in services)
    return sum(length if isinstance(length, int) else max(length.values()) for length in lengths)


def _extended(practice: Practice, trip: Trip, qualifies: ProviderFilter, done: TimedTrip) -> Iterator[TimedTrip]:
    if len(done) == len(trip.parts):
        yield done
        return
    part = trip.parts[len(done)]
    arrival = done[-1].leaving if done and not trip.together else 0
    for lengths, providers in _lengths(practice, trip, part, arrival, qualifies).items():
        timed = _timed(practice, part, arrival, lengths, providers)
        yield from _extended(practice, trip, qualifies, (*done, timed))


def _lengths(
    practice: Practice, trip: Trip, part: Part, arrival: int, qualifies: ProviderFilter
) -> dict[tuple[int, ...], frozenset[str] | None]:
    """The lengths that can be, each with the providers who make them."""
    service = _service(practice, part)
    option = service.option(part.option_id)
    if PROVIDER not in service.names:
        return {step_lengths(service, option, None): None}
    needs = needs_of(service, PROVIDER)
    groups: dict[tuple[int, ...], frozenset[str]] = {}
    for resource in candidates(practice, trip, part, PROVIDER):
        if qualifies(resource, needs, arrival):
            lengths = step_lengths(service, option, resource.id)
            groups[lengths] = groups.get(lengths, frozenset()) | {resource.id}
    return dict(groups) or {step_lengths(service, option, None): frozenset()}


def step_lengths(service: PracticeService, option: Option | None, provider_id: str | None) -> tuple[int, ...]:
    """The minutes of each step when that provider fills the name `provider`."""
    return tuple(
        minutes if isinstance(minutes, int) else minutes.get(provider_id or DEFAULT_LENGTH, minutes[DEFAULT_LENGTH])
        for minutes in _asked_lengths(service, option)
    )


def _asked_lengths(service: PracticeService, option: Option | None) -> list[int | dict[str, int]]:
    """The lengths of each step, by provider where they depend on them."""
    if option is None:
        return [step.minutes for step in service.steps]
    return [option.minutes.get(step.name, step.minutes) for step in service.steps]


def time_steps(service: PracticeService, lengths: tuple[int, ...], arrival: int) -> tuple[TimedStep, ...]:
    """The steps one after another, so that the first with the patient begins at `arrival`."""
    before = [step.patient for step in service.steps].index(True)
    start = arrival - sum(lengths[:before])
    timed = []
    for step, length in zip(service.steps, lengths, strict=True):
        timed.append(TimedStep(step, start, start + length))
        start += length
    return tuple(timed)


def _timed(
    practice: Practice, part: Part, arrival: int, lengths: tuple[int, ...], providers: frozenset[str] | None
) -> TimedPart:
    service = _service(practice, part)
    steps = time_steps(service, lengths, arrival)
    leaving = max(timed.end for timed in steps if timed.step.patient)
    return TimedPart(part, service, service.option(part.option_id), steps, arrival, leaving, providers)


def _service(practice: Practice, part: Part) -> PracticeService:
    service = practice.find_service(part.service_id)
    if service is None:
        raise LookupError("the service of a part was not checked before it was timed")
    return service
