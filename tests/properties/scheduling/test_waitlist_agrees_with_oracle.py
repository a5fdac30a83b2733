"""Offers of the engine against a minute-by-minute reading of the rule, on small random practices; and broken."""

import json
import os
from random import Random

import pytest

from hub.scheduling.diary import Diary
from hub.scheduling.scenario import waiting as engine
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player
from hub.scheduling.scenario.run import plain
from hub.scheduling.waitlist import Freed, narrowed
from tests.properties.scheduling.waitlist_oracle import offers

RUNS = int(os.environ.get("HUB_ORACLE_RUNS", "60"))
FIRST = int(os.environ.get("HUB_ORACLE_SEED", "0"))
BATCH = 10
DAYS = ("2026-03-02", "2026-03-03")


def document(seed):
    """One provider, one room, little stock; a crowded book, up to four who wait, one visit called off."""
    random = Random(seed)
    services = [service(random, name) for name in ("peel", "mask")]
    patients = [{"id": f"p{n}"} for n in range(8)]
    visits = [
        {
            "id": f"v{n}",
            "patient": f"p{n}",
            "service": random.choice(services)["id"],
            "arrives": f"{random.choice(DAYS)}T{9 + random.randrange(3):02}:{random.choice((0, 30)):02}",
            "with": {"provider": "lee", "room": "room-1"},
        }
        for n in range(random.randrange(2, 6))
    ]
    return (
        {
            "zone": "America/Chicago",
            "now": "2026-03-02T08:00",
            "grid_minutes": 30,
            "resources": [
                {"id": "lee", "kind": "provider", "hours": [{"days": "mon-sun", "from": "09:00", "to": "12:00"}]},
                {"id": "room-1", "kind": "room"},
            ],
            "products": [{"id": "gel", "unit": "tube"}],
            "stock": [{"product": "gel", "lot": "A", "on_hand": random.randrange(5), "expires": random.choice(DAYS)}],
            "services": services,
            "patients": patients,
            "visits": [visit | {"with": filled(services, visit)} for visit in visits],
        },
        [waiter(random, services) for _ in range(random.randrange(1, 5))],
        random.choice(visits)["id"],
    )


def service(random, name):
    needs = [{"kind": "provider"}, {"kind": "room"}]
    steps = [{"name": "treat", "minutes": random.choice((30, 60)), "needs": random.choice((needs, needs[:1]))}]
    if random.random() < 0.5:
        steps.append({"name": "clean", "minutes": 30, "patient": False, "needs": needs[1:]})
    entry = {"id": name, "steps": steps}
    if random.random() < 0.5:
        entry["uses"] = [{"product": "gel", "quantity": random.choice((1, 2))}]
    if random.random() < 0.3:
        entry["spacing"] = [{"after": random.choice(("peel", "mask")), "min_days": 1}]
    return entry


def filled(services, visit):
    steps = next(entry for entry in services if entry["id"] == visit["service"])["steps"]
    kinds = {need["kind"] for step in steps for need in step["needs"]}
    return {name: who for name, who in visit["with"].items() if name in kinds}


def waiter(random, services):
    first, last = sorted(random.choices(DAYS, k=2))
    asked = {"service": random.choice(services)["id"], "patient": f"p{random.randrange(8)}"}
    return asked | {"from": first, "until": last}


def offered(doc, waiting, cancelled):
    """What the engine offers: each offer is booked to see its time."""
    actions = [{"waitlist": action | {"as": f"w{n}"}} for n, action in enumerate(waiting)]
    actions += [{"cancel": {"visit": cancelled, "by": "practice"}}]
    actions += [{"book": {"hold": f"w{n}"}} for n in range(len(waiting))]
    scenario, _ = read_scenario(json.dumps(doc | {"actions": actions}), "random.json")
    player = Player(scenario)
    outcomes = [plain(play(player, entry)) for entry in scenario.actions][-len(waiting) :]
    return [
        (action["patient"], outcome["arrives"])
        for action, outcome in zip(waiting, outcomes, strict=True)
        if outcome["ok"]
    ]


def disagreement(seed):
    """None, or what the two say about the practice of a seed."""
    case = document(seed)
    expected, got = offers(*case), offered(*case)
    return None if got == expected else f"seed {seed}: oracle {expected}, engine {got}"


@pytest.mark.parametrize("start", range(FIRST, FIRST + RUNS, BATCH))
def test_offers_are_those_of_the_rule_read_minute_by_minute(start):
    seeds = range(start, min(start + BATCH, FIRST + RUNS))
    assert [found for found in map(disagreement, seeds) if found is not None] == []


@pytest.mark.parametrize("may_make_way", [True, False])
def test_who_is_asked_only_where_what_was_freed_can_matter_is_offered_the_same(monkeypatch, may_make_way):
    honest, spared = engine.find_freed_opening, []

    def find(practice, before, after, request, now):
        freed = Freed(
            owners=frozenset(),
            claims=tuple(
                {one.id: one for one in before.claims if one.id not in {each.id for each in after.claims}}.values()
            ),
            promises=tuple(one for one in before.promises if one not in after.promises),
            visits=tuple(one for one in before.visits if one not in after.visits),
        )
        near = narrowed(practice, freed, request, now, may_make_way=may_make_way)
        spared.append(near != request)
        return honest(practice, before, after, near, now) if near is not None else None

    monkeypatch.setattr(engine, "find_freed_opening", find)
    assert [found for found in map(disagreement, range(FIRST, FIRST + 40)) if found is not None] == []
    assert any(spared)


def test_random_practices_have_offers_and_none():
    counts = [len(offers(*document(seed))) for seed in range(RUNS)]
    assert min(counts) == 0
    assert max(counts) > 1
    assert sum(count > 0 for count in counts) > len(counts) / 5


def serve_the_last_to_join_first(patch):
    honest = engine.serve_waitlist

    def serve(player, before):
        player.waiting.reverse()
        honest(player, before)
        player.waiting.reverse()

    patch.setattr("hub.scheduling.scenario.play.serve_waitlist", serve)


def offer_what_was_open_before(patch):
    honest = engine.find_freed_opening
    nothing = Diary()

    def find(practice, _before, after, request, now):
        return honest(practice, nothing, after, request, now)

    patch.setattr(engine, "find_freed_opening", find)


@pytest.mark.parametrize("break_it", [serve_the_last_to_join_first, offer_what_was_open_before])
def test_a_broken_engine_is_noticed(break_it, monkeypatch):
    break_it(monkeypatch)
    assert any(disagreement(seed) for seed in range(RUNS))
