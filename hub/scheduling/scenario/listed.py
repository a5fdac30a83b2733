"""The visits a scenario lists, as entries of the book. They are facts: no rule is asked."""

from hub.canonical.practice import PROVIDER
from hub.scheduling.clock import wall_clock
from hub.scheduling.diary import BusyClaim, PatientVisit, Promise
from hub.scheduling.planning import plan_claims
from hub.scheduling.pricing import price_of
from hub.scheduling.protocol import TimedPart, step_lengths, time_steps
from hub.scheduling.request import Part
from hub.scheduling.rules import uses_of
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.document import ListedVisit, Scenario
from hub.scheduling.timeline import instant_at
from hub.scheduling.waivers import Owed


def listed_entries(scenario: Scenario) -> list[BookEntry]:
    """All listed visits and blocks, in order; claims that leave nothing taken are dropped."""
    return [_block(scenario, visit) if visit.is_block else _visit(scenario, visit) for visit in scenario.visits]


def _block(scenario: Scenario, listed: ListedVisit) -> BookEntry:
    claims = []
    for i, resource_id in enumerate(dict.fromkeys(listed.resources or ())):
        clock = wall_clock(scenario.zone_of(_place(scenario, resource_id)))
        if listed.starts is not None and listed.ends is not None:
            start, end = clock.minute(listed.starts), clock.minute(listed.ends)
            if start < end:
                claims.append(BusyClaim(f"{listed.id}:{i}", resource_id, 1, instant_at(start), instant_at(end)))
    return BookEntry(listed.id, State.BLOCK, tuple(claims))


def _visit(scenario: Scenario, listed: ListedVisit) -> BookEntry:
    location = listed.location or next(
        (_place(scenario, resource_id) for resource_id in listed.filled.values()), scenario.locations[0].id
    )
    clock = wall_clock(scenario.zone_of(location))
    if listed.arrives is None:
        raise LookupError("a listed visit has an arrival; its model says so")
    arrival, part = clock.minute(listed.arrives), _timed(scenario, listed)
    day = clock.date_at(arrival)
    price = price_of(part.service, part.option)
    return BookEntry(
        id=listed.id,
        state=State(listed.state),
        claims=_claims(listed, part, arrival),
        visit=PatientVisit(
            listed.id,
            part.part.patient_id,
            part.service.id,
            location,
            instant_at(arrival),
            instant_at(arrival + part.leaving),
        ),
        promises=tuple(Promise(use.product, location, day, use.quantity) for use in uses_of(part) if use.quantity),
        part=part.part,
        resources=tuple(listed.filled.items()),
        price=price,
        owed=Owed(price_minor=price.amount_minor if price else 0),
    )


def _claims(listed: ListedVisit, part: TimedPart, arrival: int) -> tuple[BusyClaim, ...]:
    """One claim for each resource of a step: a visit that names it twice there still takes it once."""
    planned = plan_claims(part, arrival, listed.filled)
    taken = dict.fromkeys((claim.resource_id, claim.start_at, claim.end_at) for claim in planned)
    return tuple(BusyClaim(f"{listed.id}:{i}", who, 1, start, end) for i, (who, start, end) in enumerate(taken))


def _timed(scenario: Scenario, listed: ListedVisit) -> TimedPart:
    service = scenario.find_service(listed.service or "")
    if service is None:
        raise LookupError("a listed visit's service is declared; the checks say so")
    option = service.option(listed.option)
    steps = time_steps(service, step_lengths(service, option, listed.filled.get(PROVIDER)), 0)
    leaving = max(timed.end for timed in steps if timed.step.patient)
    asked = {name: resource for name, resource in listed.filled.items() if name in listed.asked}
    part = Part(service.id, listed.patient or "", listed.option, asked)
    return TimedPart(part, service, option, steps, 0, leaving, None)


def _place(scenario: Scenario, resource_id: str) -> str:
    resource = scenario.find_resource(resource_id)
    return scenario.location_of(resource) if resource else scenario.locations[0].id
