"""The repair against every repair there is, on days small enough to try them all."""

import json
from functools import cache
from random import Random

import pytest

from hub.scheduling.repair import solve
from hub.scheduling.scenario.book import State
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player
from tests.properties.scheduling.exhaustive_repair import best_repair, wrong_places

DATE = "2026-03-03"
ROOM, PROVIDER = {"kind": "room"}, {"kind": "provider"}


def wall(minutes):
    return f"{DATE}T{minutes // 60:02}:{minutes % 60:02}"


def small_day(seed):
    """A scenario that books a crowded morning as facts, a trip, and takes somebody away."""
    random = Random(seed)
    resources = [
        {"id": "dr-a", "kind": "provider", "skills": ["md"]},
        {"id": "dr-b", "kind": "provider", "skills": ["md"] if random.random() < 0.6 else []},
        {"id": "room-1", "kind": "room", "capacity": random.choice([1, 1, 2])},
        {"id": "room-2", "kind": "room"},
        {"id": "laser-1", "kind": "device", "in": "room-1"},
        {"id": "laser-2", "kind": "device", "in": random.choice(["room-1", "room-2"])},
    ]
    services = [
        {"id": "talk", "steps": [{"name": "talk", "minutes": 30, "needs": [PROVIDER, ROOM]}]},
        {
            "id": "laser",
            "steps": [
                {"name": "set-up", "minutes": 10, "patient": False, "needs": [ROOM]},
                {
                    "name": "laser",
                    "minutes": {"default": 30, "dr-b": 40},
                    "needs": [ROOM, PROVIDER, {"kind": "device"}],
                },
            ],
        },
        {
            "id": "fill",
            "steps": [{"name": "fill", "minutes": 45, "needs": [{"kind": "provider", "skills": ["md"]}, ROOM]}],
            "requires": [{"before": "talk"}],
        },
    ]
    ids = {kind: [r["id"] for r in resources if r["kind"] == kind] for kind in ("provider", "room", "device")}
    visits = []
    for i in range(random.randint(2, 4)):
        service = random.choice(services)
        names = sorted({need["kind"] for step in service["steps"] for need in step["needs"]})
        visits.append(
            {
                "id": f"v{i}",
                "patient": f"pat-{random.randrange(3)}",
                "service": service["id"],
                "arrives": wall(540 + random.randrange(0, 150, 15)),
                "with": {name: random.choice(ids[name]) for name in names},
                "asked": [name for name in names if random.random() < 0.15],
            }
        )
    if random.random() < 0.5:
        begin = 540 + random.randrange(0, 150, 15)
        visits.append({"id": "block", "resources": ["room-2"], "from": wall(begin), "to": wall(begin + 30)})
    gone, begin = random.choice(["dr-a", "dr-b", "room-1", "laser-1"]), 540 + random.randrange(0, 120, 15)
    trip = {"patient": "pat-3", "parts": [{"service": "talk"}, {"service": random.choice(["talk", "laser", "fill"])}]}
    return {
        "zone": "Etc/UTC",
        "now": wall(random.choice([480, 555, 575])),
        "grid_minutes": random.choice([15, 30]),
        "locations": [
            {"id": "main", "hours": [{"days": "mon-sun", "from": "09:00", "to": random.choice(["11:15", "12:30"])}]}
        ],
        "resources": resources,
        "services": services,
        "patients": [{"id": f"pat-{i}"} for i in range(4)],
        "visits": visits,
        "actions": [
            {"book": {**trip, "arrives": wall(600 + random.randrange(0, 90, 15))}},
            {"away": {"resource": gone, "from": wall(begin), "to": wall(begin + random.choice([60, 120]))}},
            {"repair": {"date": DATE, "notice_minutes": random.choice([0, 30, 60])}},
        ],
    }


def standing(player):
    """The booked visits as plain values."""
    entries = [e for e in player.book.entries.values() if e.state is State.BOOKED]
    return [
        {
            "id": entry.id,
            "trip": entry.trip_id,
            "patient": entry.visit.patient_id,
            "service": entry.visit.service_id,
            "arrives": entry.visit.arrives_at.hour * 60 + entry.visit.arrives_at.minute,
            "resources": dict(entry.resources),
            "asked": sorted(entry.part.resources),
            "unplaced": entry.is_unplaced,
        }
        for entry in entries
    ]


def cost_of(before, after):
    """(unplaced, moved, minutes, resources changed) between two states of the book."""
    minutes = [abs(new["arrives"] - old["arrives"]) for old, new in zip(before, after, strict=True)]
    changed = sum(
        new["resources"][name] != who
        for old, new in zip(before, after, strict=True)
        for name, who in old["resources"].items()
    )
    return sum(new["unplaced"] for new in after), sum(by > 0 for by in minutes), sum(minutes), changed


@cache
def repaired(seed):
    """(the best there is, what the repair did, how it was told) of one small day."""
    doc, best = small_day(seed), []
    cost, told = repair_of(doc, lambda *day: best.append(best_repair(*day)))
    return best[0], cost, told


def repair_of(doc, ask=lambda *_: None):
    """What the repair did and how it was told; `ask` is shown the day before."""
    scenario, _ = read_scenario(json.dumps(doc), "small.json")
    player = Player(scenario)
    *earlier, last = scenario.actions
    for entry in earlier:
        play(player, entry)
    before = standing(player)
    away = doc["actions"][1]["away"]
    next(r for r in doc["resources"] if r["id"] == away["resource"])["away"] = [away]
    now = player.now.hour * 60 + player.now.minute
    notice = doc["actions"][2]["repair"]["notice_minutes"]
    ask(doc, before, DATE, notice, now)
    told = play(player, last)
    after = standing(player)
    assert wrong_places(doc, before, after, DATE, earliest=now + notice, now=now) == set()
    return cost_of(before, after), told


def assert_best(seed):
    best, cost, told = repaired(seed)
    assert told["proven"]
    assert cost == best
    assert (told["unplaced"], told["moved"]) == best[:2]


@pytest.mark.parametrize("seed", range(25))
def test_repair_is_as_good_as_the_best_of_all_repairs(seed):
    assert_best(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25, 400))
def test_repair_of_many_more_days_is_as_good_as_the_best_of_all_repairs(seed):
    assert_best(seed)


def without_objective(patch, *skipped):
    """The time is over before these objectives come to anything."""
    honest = solve._Search._improve

    def improve(search, model, number, best, *, linear):
        return (None, 0) if number in skipped else honest(search, model, number, best, linear=linear)

    patch.setattr(solve._Search, "_improve", improve)


def test_what_an_objective_has_no_time_for_is_not_undone_by_those_after_it(monkeypatch):
    seeds = range(25)
    with monkeypatch.context() as patch:
        without_objective(patch, 0, 1, 2)
        first = [repair_of(small_day(seed))[0] for seed in seeds]
    with monkeypatch.context() as patch:
        without_objective(patch, 0)
        later = [repair_of(small_day(seed)) for seed in seeds]
    assert all(weight(last) <= weight(begun) for begun, (last, _) in zip(first, later, strict=True))
    assert any(last < begun for begun, (last, _) in zip(first, later, strict=True))
    assert {told["proven"] for _, told in later} == {True, False}
    assert all(cost == repaired(seed)[0] for seed, (cost, told) in zip(seeds, later, strict=True) if told["proven"])


def with_hardly_any_time(patch, effort):
    """Each search ends after so much work, whatever it has found: the same on any machine."""
    honest = solve._solver

    def solver(seconds, linear):
        made = honest(seconds, linear)
        made.parameters.max_deterministic_time = effort
        return made

    patch.setattr(solve, "_solver", solver)


@pytest.mark.parametrize(
    ("effort", "expected"),
    [(0.0, {"unplaced"}), (1e-5, {"unplaced", "moved"}), (1e-4, {"unplaced", "moved", "minutes"})],
)
def test_how_much_better_another_plan_could_be_is_never_said_too_small(monkeypatch, effort, expected):
    aims = ("unplaced", "moved", "minutes", "resources")
    bests = [repaired(seed)[0] for seed in range(25)]
    with_hardly_any_time(monkeypatch, effort)
    said = []
    for seed, best in enumerate(bests):
        cost, told = repair_of(small_day(seed))
        if told["proven"]:
            assert cost == best
            continue
        aim = aims.index(told["better"]["aim"])
        assert cost[:aim] == best[:aim]
        assert cost[aim] - best[aim] <= told["better"]["at_most"]
        said.append((aims[aim], told["better"]["at_most"], cost[aim]))
    assert all(0 < at_most <= cost for _, at_most, cost in said)
    assert {aim for aim, _, _ in said} == expected
    assert any(at_most < cost for _, at_most, cost in said) is ("minutes" in expected)  # else nothing is known


def test_what_the_times_alone_come_to_is_no_more_than_any_plan_comes_to(monkeypatch):
    seen = []
    honest = solve._Search.run

    def run(search):
        proven = honest(search)
        seen.append((tuple(search.least), search.best.totals))
        return proven

    monkeypatch.setattr(solve._Search, "run", run)
    for seed in range(25):
        repair_of(small_day(seed))
    assert len(seen) >= 10
    assert all(least <= totals[: len(least)] for least, totals in seen)
    assert any(least == totals[:2] and any(least) for least, totals in seen)


def weight(cost):
    """Visits count first, as one objective: unplaced more than moved."""
    return cost[0] * 100 + cost[1]


def test_small_days_leave_something_to_repair_on_every_level():
    costs = [repaired(seed)[0] for seed in range(25)]
    assert [sum(cost[level] > 0 for cost in costs) >= 4 for level in range(4)] == [True] * 4
