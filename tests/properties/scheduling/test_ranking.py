"""Ranking orders the openings and changes nothing else; what an offer is said to cost is counted again by hand."""

import json

import pytest

from hub.scheduling.decide import decide_booking
from hub.scheduling.ranking import Wishes, rank_openings
from hub.scheduling.request import BookingRequest
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import openings_request, play
from hub.scheduling.scenario.player import Player
from hub.scheduling.timeline import minute_of
from tests.properties.scheduling.oracle import Judged, World, names_of
from tests.properties.scheduling.practices import Generator

SEEDS = 60
LIMIT = 25


def ranked(seed):
    """The practice of a seed, and its offers as played."""
    generator = Generator(seed)
    doc = generator.document()
    doc["ranking"] = {"short_rest_minutes": LIMIT, "per_rest_minute": 3, "per_wish": 50, "per_day": 7}
    find = doc["actions"][0]["find"]
    find |= {"ranked": True, "prefers": {"days": "sat-mon", "from": "08:00", "to": "15:00"}}
    services = [each["id"] for each in doc["services"] if "provider" in names_of(each["steps"])]
    if find.get("service") in services and "with" not in find:
        find["prefers"]["with"] = {"provider": "provider-0"}
    scenario, _ = read_scenario(json.dumps(doc), "random.json")
    player = Player(scenario)
    return doc, player, play(player, scenario.actions[0])


def plays(seed):
    """Single visits only are counted by hand: whose steps take whom is then plain to see."""
    return "service" in Generator(seed).document()["actions"][0]["find"]


PLAYED = [seed for seed in range(SEEDS) if plays(seed)]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_ranking_neither_adds_nor_loses_an_opening(seed):
    _, _, outcome = ranked(seed)
    arrivals = [minute_of(one) for one in outcome["ranked"]]
    assert sorted(arrivals) == [minute_of(one) for one in outcome["openings"]]
    keys = list(zip(outcome["costs"], arrivals, strict=True))
    assert keys == sorted(keys)
    assert ranked(seed)[2] == outcome


@pytest.mark.parametrize("seed", range(SEEDS))
def test_booking_an_offer_takes_whom_it_names(seed):
    _, player, _ = ranked(seed)
    request = openings_request(player, player.scenario.actions[0].find)
    diary, now = player.book.diary(), player.now
    wishes = Wishes({"provider": "provider-0"} if player.scenario.actions[0].find.prefers.resources else {})
    for offer in rank_openings(player.scenario, diary, request, wishes, now)[:5]:
        booking = decide_booking(player.scenario, diary, BookingRequest(offer.trip, offer.arrives_at), now)
        assert tuple(filled for visit in booking.visits for filled in visit.resources) == offer.resources


def counted(world, doc, offer, earliest):
    """The points of an offer, minute by minute."""
    find = doc["actions"][0]["find"]
    arrival = minute_of(offer["arrives"])
    judged = Judged(world, find, arrival)
    part = judged.parts[0]
    plan = world.plan(judged.service(part), judged.option(part), offer["with"].get("provider"), arrival)
    taken = {}
    for step, start, end in plan:
        for name in names_of([step]):
            taken.setdefault(offer["with"][name], set()).update(range(start, end))
    points = 0
    for resource, minutes in taken.items():
        entry = world.resources[resource]
        if entry["kind"] in ("provider", "device") and entry.get("capacity", 1) == 1:
            points += 3 * rest_minutes(world, judged.location, resource, minutes)
    wishes = find["prefers"]
    points += 50 * (offer["arrives"].weekday() not in (5, 6, 0))
    points += 50 * (not 8 * 60 <= offer["arrives"].hour * 60 + offer["arrives"].minute < 15 * 60)
    points += 50 * any(offer["with"].get(name) != who for name, who in wishes.get("with", {}).items())
    return points + 7 * (offer["arrives"].date() - earliest).days


def rest_minutes(world, location, resource, minutes):
    def is_idle(minute):
        free = minute not in minutes and minute >= world.now
        return free and world.is_free(resource, minute) and world.is_open(location, minute)

    rests = set()
    for minute in minutes:
        for begin, step in ((minute - 1, -1), (minute + 1, 1)):
            run, at = [], begin
            while len(run) < LIMIT and is_idle(at):
                run.append(at)
                at += step
            if 0 < len(run) < LIMIT:
                rests.update(run)
    return len(rests)


@pytest.mark.parametrize("seed", PLAYED)
def test_an_offer_costs_what_counting_every_minute_says(seed):
    doc, _, outcome = ranked(seed)
    world = World(doc)
    earliest = min((arrives.date() for arrives in outcome["openings"]), default=None)
    for offer in [*outcome["offers"][:6], *outcome["offers"][-6:]]:
        assert offer["points"] == counted(world, doc, offer, earliest), offer


def test_the_practices_tried_have_rests_wishes_and_waits():
    said = " ".join(cost for seed in PLAYED for offer in ranked(seed)[2]["offers"] for cost in offer["costs"])
    assert all(word in said for word in ("rest provider", "rest device", "wish provider", "wish time", "wait 1"))
