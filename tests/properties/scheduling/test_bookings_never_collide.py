"""Many bookings on one book: whatever was accepted, no unit, no patient and no lot is ever taken twice."""

import json
from itertools import combinations

import pytest

from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player
from tests.properties.scheduling.practices import Generator

SEEDS = range(40)
ATTEMPTS = 40


def played(seed):
    """A player after random bookings, holds, moves and cancellations on an empty book."""
    generator = Generator(seed)
    generator.ease = 0.1
    doc = generator.document() | {"visits": [], "now": "2026-01-01T00:00"}
    for service in doc["services"]:  # what keeps a patient from coming again says nothing here
        for rule in ("series", "spacing", "requires", "uses"):
            service.pop(rule, None)
    names = [f"b{i}" for i in range(ATTEMPTS)]
    actions = []
    for name, time in zip(names, generator.times(ATTEMPTS), strict=True):
        trip = generator.trip(doc)
        kind = generator.random.choice(["book", "book", "book", "hold"])
        actions.append({kind: {**trip, "arrives": time, "as": name}})
        if len(actions) > 3 and generator.chance(0.2) and not trip.get("location"):
            actions.append({"cancel": {"visit": generator.random.choice(names[: names.index(name)])}})
            actions.append({"move": {"visit": generator.random.choice(names[: names.index(name)]), "arrives": time}})
    if len(doc["locations"]) > 1:
        actions = [action for action in actions if "move" not in action]
    scenario, _ = read_scenario(json.dumps(doc | {"actions": actions}), "random.json")
    player = Player(scenario)
    outcomes = [play(player, entry) for entry in scenario.actions]
    return player, sum(outcome["ok"] for outcome in outcomes)


def overlap(one, other):
    return one[0] < other[1] and other[0] < one[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_unit_and_no_patient_is_taken_twice(seed):
    player, _ = played(seed)
    diary = player.book.diary()
    capacity = {resource.id: resource.capacity for resource in player.scenario.resources}
    for one, other in combinations(diary.claims, 2):
        if (one.resource_id, one.unit) == (other.resource_id, other.unit):
            assert not overlap((one.start_at, one.end_at), (other.start_at, other.end_at))
    for one, other in combinations(diary.visits, 2):
        if one.patient_id == other.patient_id:
            assert not overlap((one.arrives_at, one.leaves_at), (other.arrives_at, other.leaves_at))
    assert all(1 <= claim.unit <= capacity[claim.resource_id] for claim in diary.claims)
    assert all(package.credits_left >= 0 for package in diary.packages)


def test_the_books_do_fill():
    assert sum(played(seed)[1] for seed in SEEDS[:10]) > 80
