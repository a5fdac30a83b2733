"""The gap report against brute force: its minutes are all idle minutes, and who fits is who could really be booked."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Openings
from hub.scheduling.gap_fits import Waiting
from hub.scheduling.gaps import GapsRequest, find_gaps
from hub.scheduling.openings import find_openings
from hub.scheduling.request import BookingRequest
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import openings_request
from hub.scheduling.scenario.player import Player
from hub.scheduling.timeline import minute_of
from tests.properties.scheduling.oracle import World, shown_on
from tests.properties.scheduling.practices import Generator

SEEDS = range(30)
KINDS = frozenset({"provider", "device", "room"})


def report(seed):
    generator = Generator(seed)
    doc = generator.document()
    scenario, _ = read_scenario(json.dumps(doc), "random.json")
    player = Player(scenario)
    asked = openings_request(player, scenario.actions[0].find)
    request = GapsRequest(asked.trip.location_id, asked.first_on, asked.last_on, KINDS)
    gaps = find_gaps(scenario, player.book.diary(), request, [Waiting("w", asked)], player.now)
    return doc, player, asked, gaps


def asked_for(practice, resource):
    """Whether some service has a name that the resource may fill."""
    return any(
        need.kind == resource.kind
        and need.skills <= resource.skills
        and need.id in (None, resource.id)
        and resource.id in (need.any_of or [resource.id])
        for service in practice.services
        for step in service.steps
        for need in step.needs
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_gaps_are_exactly_the_idle_minutes(seed):
    doc, player, asked, gaps = report(seed)
    world, place = World(doc), asked.trip.location_id
    first = min(shown_on(world.zone(place), asked.first_on).values())
    last = max(shown_on(world.zone(place), asked.last_on).values())
    for resource in player.scenario.resources:
        spans = [(minute_of(g.starts_at), minute_of(g.ends_at)) for g in gaps if g.resource_id == resource.id]
        told = {minute for start, end in spans for minute in range(start, end)}
        assert all(a[1] < b[0] for a, b in pairwise(spans))
        if told:
            idle = (m for m in range(max(first, world.now), last + 1) if world.is_free(resource.id, m))
            assert told == {minute for minute in idle if world.is_open(place, minute)}
        elif resource.kind in KINDS and world.place(resource.id) == place and not asked_for(player.scenario, resource):
            assert spans == []


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_fits_a_gap_can_be_booked_into_it_and_nobody_else_can(seed):
    _, player, asked, gaps = report(seed)
    practice, diary, now = player.scenario, player.book.diary(), player.now
    found = find_openings(practice, diary, asked, now)
    arrivals = found.arrivals if isinstance(found, Openings) else ()
    taken = {}
    for arrives_at in arrivals:
        for claim in _claims_whoever_serves(practice, diary, asked, arrives_at, now):
            taken.setdefault(claim[0], []).append((claim[1], claim[2], arrives_at))
    for gap in gaps:
        inside = [
            at for start, end, at in taken.get(gap.resource_id, ()) if gap.starts_at <= start and end <= gap.ends_at
        ]
        assert [fit.arrives_at for fit in gap.fits] == sorted(set(inside))[:1]


def _claims_whoever_serves(practice, diary, asked, arrives_at, now):
    """(resource, start, end) of every claim under every way to ask for one resource by name."""
    for number, part in enumerate(asked.trip.parts):
        for name in practice.find_service(part.service_id).names:
            for resource in practice.resources:
                if part.resources.get(name, resource.id) != resource.id:
                    continue
                parts = list(asked.trip.parts)
                parts[number] = replace(part, resources={**part.resources, name: resource.id})
                request = BookingRequest(replace(asked.trip, parts=tuple(parts)), arrives_at)
                decision = decide_booking(practice, diary, request, now)
                for visit in getattr(decision, "visits", ()):
                    for need in practice.find_service(visit.service_id).names:
                        own = [c for c in visit.claims if (c.resource_id, c.need) == (resource.id, need)]
                        yield from ((resource.id, start, end) for start, end in joined(own))


def joined(claims):
    """Stretches: claims that touch are one."""
    found = []
    for claim in claims:
        if found and found[-1][1] == claim.start_at:
            found[-1] = (found[-1][0], claim.end_at)
        else:
            found.append((claim.start_at, claim.end_at))
    return found


def test_the_practices_tried_have_gaps_that_somebody_fits():
    assert sum(bool(gap.fits) for seed in SEEDS for gap in report(seed)[3]) > 20
