"""Facts that leave names open against brute force: every way to fill them, and every time for one visit more.

`HUB_ORACLE_RUNS` practices from `HUB_ORACLE_SEED` on. The oracle tries all fillings of all facts; it imports nothing
from the hub.
"""

import itertools
import json
import os
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from hub.scheduling import reassign
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking, Openings
from hub.scheduling.diary import BusyClaim, Diary, PatientVisit
from hub.scheduling.facts import Fact
from hub.scheduling.fill import fill_facts
from hub.scheduling.filled import FilledVisit
from hub.scheduling.foresight import with_booking
from hub.scheduling.openings import find_openings
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.scheduling.scenario.document import read_scenario
from tests.properties.scheduling.oracle import Judged, World, names_of

RUNS = int(os.environ.get("HUB_ORACLE_RUNS", "40"))
FIRST = int(os.environ.get("HUB_ORACLE_SEED", "0"))
BATCH = 10
DAY = datetime(2026, 5, 5, tzinfo=UTC)
NOW = DAY - timedelta(days=1)
GRID = 10


class Small:
    """A practice of one morning, in which nearly everything is taken."""

    def __init__(self, seed):
        self.random = Random(seed)
        rooms = [self.resource("room", n) for n in range(self.random.randint(2, 3))]
        devices = [self.resource("device", n) for n in range(self.random.randint(1, 2))]
        for device in devices:
            if self.random.random() < 0.5:
                device["in"] = self.random.choice(rooms)["id"]
        providers = [self.resource("provider", n) for n in range(2)]
        lounge = {"id": "lounge", "kind": "lounge", "capacity": self.random.randint(1, 2)}
        self.resources = [*rooms, *devices, *providers, lounge]
        self.services = [self.service(n) for n in range(3)]
        self.doc = {
            "zone": "UTC",
            "now": NOW.isoformat(timespec="minutes")[:16],
            "grid_minutes": GRID,
            "locations": [{"id": "main", "hours": [{"days": "mon-sun", "from": "09:00", "to": "10:30"}]}],
            "resources": self.resources,
            "services": self.services,
            "patients": [{"id": f"pat-{n}"} for n in range(6)],
        }

    def resource(self, kind, number):
        entry = {"id": f"{kind}-{number}", "kind": kind, "skills": ["a"] if self.random.random() < 0.6 else []}
        if self.random.random() < 0.25:
            entry["away"] = [{"from": "2026-05-05T09:30", "to": "2026-05-05T09:50"}]
        return entry

    def service(self, number):
        steps = [self.step(i) for i in range(self.random.randint(1, 2))]
        steps[0]["needs"] = steps[0]["needs"] or [{"kind": "room"}]
        if len(steps) > 1 and self.random.random() < 0.4:
            steps[1]["patient"] = False
        return {"id": f"svc-{number}", "steps": steps}

    def step(self, number):
        kinds = [kind for kind, share in KINDS if self.random.random() < share]
        needs = [
            {"kind": kind} | ({"skills": ["a"]} if kind != "lounge" and self.random.random() < 0.25 else {})
            for kind in kinds
        ]
        if "room" in kinds and self.random.random() < 0.15:
            needs.append({"kind": "room", "as": "second"})
        return {"name": f"s{number}", "minutes": self.random.choice([10, 15, 20]), "needs": needs}

    def fact(self, number):
        service = self.random.choice(self.services)
        kinds = {need.get("as", need["kind"]): need["kind"] for step in service["steps"] for need in step["needs"]}
        named = {
            kind: self.random.choice([one["id"] for one in self.resources if one["kind"] == kind])
            for name, kind in kinds.items()
            if name == kind and kind in ("provider", "room", "device") and self.random.random() < 0.3
        }
        at = 9 * 60 + self.random.randrange(0, 80, 5)
        return {"id": f"v{number}", "patient": f"pat-{number}", "service": service["id"], "with": named, "at": at}

    def wish(self):
        """(service, with): often the very room or device that somebody was put into."""
        service = self.random.choice(self.services)
        kinds = {need["kind"] for step in service["steps"] for need in step["needs"] if "as" not in need}
        named = {
            kind: next(one["id"] for one in self.resources if one["kind"] == kind)
            for kind in sorted(kinds & {"room", "device"})
            if self.random.random() < 0.6
        }
        return service["id"], named

    def wished(self):
        """The trip of a wish, its service and what is asked for by name."""
        asked, named = self.wish()
        return Trip((Part(asked, "pat-5", resources=named),), "main"), asked, named


KINDS = (("room", 0.8), ("device", 0.4), ("provider", 0.5), ("lounge", 0.25))


def minute_of_day(minutes):
    return round(DAY.timestamp()) // 60 + minutes


def every_filling(world, facts):
    """Every way to fill the open names of all facts, each as what every fact has: none where there is none."""
    chosen = [list(ways_of(world, fact)) for fact in facts]
    for ways in itertools.product(*chosen):
        usage = {}
        for fact, way in zip(facts, ways, strict=True):
            for step, start, end in plan_of(world, fact):
                for name in names_of([step]):
                    for minute in range(start, end):
                        usage[way[name], minute] = usage.get((way[name], minute), 0) + 1
        if all(count <= world.resources[one].get("capacity", 1) for (one, _), count in usage.items()):
            yield ways, usage


def ways_of(world, fact):
    """Every way to fill one fact, the others aside."""
    judged = Judged(world, {key: fact[key] for key in ("service", "patient")}, minute_of_day(fact["at"]))
    case = next(judged.cases())  # lengths do not depend on the provider here
    names = names_of(world.services[fact["service"]]["steps"])
    part = judged.parts[0]
    able = [[fact["with"][n]] if n in fact["with"] else judged.who(part, n, judged.arrival) for n in names]
    for who in itertools.product(*able):
        way = dict(zip(names, who, strict=True))
        if judged.holds(case, {(0, name): one for name, one in way.items()}) and all(
            one in judged.who(part, name, judged.arrival) and judged.free(case, (0, name), one)
            for name, one in way.items()
        ):
            yield way


def plan_of(world, fact):
    return world.plan(world.services[fact["service"]], {}, None, minute_of_day(fact["at"]))


def facts_of(small, world):
    """Facts that can all be filled at once."""
    found = []
    for number in range(4):
        fact = small.fact(number)
        if next(every_filling(world, [*found, fact]), None) is not None:
            found.append(fact)
    return found


def as_fact(world, fact):
    arrival = DAY + timedelta(minutes=fact["at"])
    leaves = max(end for step, _, end in plan_of(world, fact) if step.get("patient", True)) - minute_of_day(0)
    visit = FilledVisit(
        fact["id"], fact["patient"], fact["service"], None, "main", arrival, DAY + timedelta(minutes=leaves), ()
    )
    return Fact(visit, tuple(fact["with"].items()))


def diary_with(visits):
    return Diary(
        claims=tuple(
            BusyClaim(one.id, one.resource_id, 0, one.start_at, one.end_at) for visit in visits for one in visit.claims
        ),
        patients={f"pat-{n}": True for n in range(6)},
        visits=tuple(
            PatientVisit(one.id, one.patient_id, one.service_id, "main", one.arrives_at, one.leaves_at)
            for one in visits
        ),
        filled=tuple(sorted(visits, key=lambda one: (one.arrives_at, one.id))),
    )


def resources_of(visit):
    return {claim.need: claim.resource_id for claim in visit.claims}


def disagreement(seed):
    """None, or what engine and oracle say about the practice of a seed."""
    small = Small(seed)
    world = World(small.doc)
    facts = facts_of(small, world)
    practice, _ = read_scenario(json.dumps(small.doc | {"actions": []}), "random.json")
    filling = fill_facts(practice, diary_with(()), [as_fact(world, fact) for fact in facts], NOW)
    if any(one.reasons and set(one.reasons) != {"closed"} for one in filling.placed):
        return f"seed {seed}: not filled {[one.reasons for one in filling.placed]}"
    visits = [one.visit for one in filling.placed]
    if not is_sound(world, facts, visits):
        return f"seed {seed}: filled wrongly"
    found = _of_times(small, world, facts, practice, diary_with(visits))
    return found and f"seed {seed} {found}"


def is_sound(world, facts, visits):
    """Whether what the engine filled in is one of the ways."""
    ways = [resources_of(visit) for visit in visits]
    return any(list(found) == ways for found, _ in every_filling(world, facts))


def _of_times(small, world, facts, practice, diary):
    trip, asked, named = small.wished()
    worlds = []
    for _, usage in every_filling(world, facts):
        worlds.append(World(small.doc))
        worlds[-1].busy = usage
    found = find_openings(practice, diary, OpeningsRequest(trip, DAY.date(), DAY.date()), NOW)
    assert isinstance(found, Openings)
    for minutes in range(9 * 60 - GRID, 10 * 60 + 40, GRID):
        at = DAY + timedelta(minutes=minutes)
        action = {"service": asked, "patient": "pat-5", "with": named}
        expected = any(not Judged(one, action, minute_of_day(minutes)).reasons() for one in worlds)
        decision = decide_booking(practice, diary, BookingRequest(trip, at), NOW)
        if expected != isinstance(decision, Booking) or expected != (at in found.arrivals):
            return f"at {minutes}: oracle {expected}, engine {decision}, found {at in found.arrivals}"
        wish = (asked, named, minutes)
        if isinstance(decision, Booking) and not _leaves_nobody_without(world, facts, wish, diary, decision):
            return f"at {minutes}: {decision} leaves somebody without"
    return None


def _leaves_nobody_without(world, facts, wish, diary, decision):
    asked, named, minutes = wish
    later = with_booking(diary, decision, "new")
    order = [next(one for one in later.filled if one.id == fact["id"]) for fact in facts]
    new = {"id": "new", "patient": "pat-5", "service": asked, "with": named, "at": minutes}
    ways = [*(resources_of(one) for one in order), dict(decision.visits[0].resources)]
    return any(list(found) == ways for found, _ in every_filling(world, [*facts, new]))


@pytest.mark.parametrize("start", range(FIRST, FIRST + RUNS, BATCH))
def test_a_visit_is_booked_exactly_when_the_facts_can_make_way_for_it(start):
    seeds = range(start, min(start + BATCH, FIRST + RUNS))
    assert [found for found in map(disagreement, seeds) if found is not None] == []


def test_where_the_search_is_stopped_what_is_found_can_be_booked_and_leaves_nobody_without(monkeypatch):
    found = [_stopped(seed, monkeypatch) for seed in range(15)]
    assert [one for one, _ in found if one is not None] == []
    assert sum(opened for _, opened in found) > 0, "laying anew opens what the search could not"


def _stopped(seed, monkeypatch):
    """None or what is wrong, and how many times only making way opens, when nothing may be tried."""
    monkeypatch.undo()
    small = Small(seed)
    world = World(small.doc)
    facts = facts_of(small, world)
    practice, _ = read_scenario(json.dumps(small.doc | {"actions": []}), "random.json")
    filling = fill_facts(practice, diary_with(()), [as_fact(world, fact) for fact in facts], NOW)
    diary = diary_with([one.visit for one in filling.placed])
    trip, asked, named = small.wished()
    monkeypatch.setattr(reassign, "MOST_TRIALS", 0)
    found = find_openings(practice, diary, OpeningsRequest(trip, DAY.date(), DAY.date()), NOW)
    opened = 0
    for minutes in range(9 * 60 - GRID, 10 * 60 + 40, GRID):
        at = DAY + timedelta(minutes=minutes)
        decision = decide_booking(practice, diary, BookingRequest(trip, at), NOW)
        if isinstance(decision, Booking) != (at in found.arrivals):
            return f"seed {seed} at {minutes}: {decision}", opened
        if isinstance(decision, Booking):
            opened += bool(decision.reassignments)
            if not _leaves_nobody_without(world, facts, (asked, named, minutes), diary, decision):
                return f"seed {seed} at {minutes}: {decision} leaves somebody without", opened
    return None, opened


def test_in_the_practices_tried_facts_do_make_way(monkeypatch):
    moved, decide = [], decide_booking

    def noted(*asked):
        decision = decide(*asked)
        moved.extend(decision.reassignments if isinstance(decision, Booking) else ())
        return decision

    monkeypatch.setitem(globals(), "decide_booking", noted)
    assert [found for found in map(disagreement, range(20)) if found is not None] == []
    assert moved
