"""The engine against brute force, on random practices: `HUB_ORACLE_RUNS` of them from `HUB_ORACLE_SEED` on."""

import json
import os

import pytest

from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player
from hub.scheduling.scenario.run import plain
from tests.properties.scheduling.oracle import Judged, World, openings, printed, wall
from tests.properties.scheduling.practices import MOMENTS, Generator

RUNS = int(os.environ.get("HUB_ORACLE_RUNS", "2000"))
FIRST = int(os.environ.get("HUB_ORACLE_SEED", "0"))
BATCH = 50


def outcomes(doc, actions):
    """What the engine makes of each action, every one on a book of its own."""
    scenario, _ = read_scenario(json.dumps(doc | {"actions": actions}), "random.json")
    return [plain(play(Player(scenario), entry)) for entry in scenario.actions]


def disagreement(seed, change=None, moments=MOMENTS):
    """None, or what the two say about the practice of a seed on one of these days, changed or as it is."""
    generator = Generator(seed, moments)
    doc = generator.document()
    if change is not None:
        change(doc, generator)
    world, find = World(doc), doc["actions"][0]["find"]
    expected = [printed(world.zone(find.get("location", "main")), minute) for minute in openings(world, find)]
    trip = {key: value for key, value in find.items() if key not in ("from", "until")}
    times = [*generator.times(6), *generator.random.sample([text[:16] for text in expected], min(2, len(expected)))]
    got = outcomes(doc, [{"find": find}, *({"book": {**trip, "arrives": time}} for time in times)])
    if got[0]["openings"] != expected:
        missing, extra = set(expected) - set(got[0]["openings"]), set(got[0]["openings"]) - set(expected)
        return f"seed {seed}: missing {sorted(missing)[:3]}, offered beside {sorted(extra)[:3]}"
    for time, outcome in zip(times, got[1:], strict=True):
        zone = world.zone(find.get("location", "main"))
        reasons = sorted(Judged(world, trip, wall(zone, time)).reasons())
        if sorted(outcome.get("refused", [])) != reasons:
            return f"seed {seed} at {time}: oracle {reasons}, engine {outcome.get('refused')}"
    return None


@pytest.mark.parametrize("start", range(FIRST, FIRST + RUNS, BATCH))
def test_openings_and_refusals_are_those_of_brute_force(start):
    seeds = range(start, min(start + BATCH, FIRST + RUNS))
    assert [found for found in map(disagreement, seeds) if found is not None] == []
