import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import combinations

import pytest

from hub.canonical.practice import read_practice
from hub.scheduling.diary import BusyClaim, Diary, PatientVisit
from hub.scheduling.repair.day import BookedVisit, Fate
from hub.scheduling.repair.plan import plan_repair
from hub.scheduling.request import Part

DAY = date(2026, 3, 3)


def at(hour, minute=0):
    return datetime(2026, 3, 3, hour, minute, tzinfo=UTC)


def practice(capacity=1, away=()):
    resources = [
        {"id": "lee", "kind": "provider", "away": [{"from": f"{DAY}T{a}", "to": f"{DAY}T{b}"} for a, b in away]},
        {"id": "kim", "kind": "provider"},
        {"id": "hall", "kind": "room", "capacity": capacity},
    ]
    needs = [{"kind": "provider"}, {"kind": "room"}]
    document = {
        "zone": "Etc/UTC",
        "locations": [{"id": "main", "hours": [{"days": "mon-sun", "from": "09:00", "to": "13:00"}]}],
        "resources": resources,
        "services": [{"id": "talk", "steps": [{"name": "talk", "minutes": 60, "needs": needs}]}],
    }
    return read_practice(json.dumps(document), "practice.json")


def book(*rows):
    """(id, hour, provider, unit of the hall, the hall too) → diary and visits."""
    claims, stays, visits = [], [], []
    for name, hour, provider, unit in rows:
        own = [("lee" if provider == "lee" else "kim", 1), *([("hall", unit)] if unit else [])]
        taken = [BusyClaim(f"{name}:{who}", who, of, at(hour), at(hour + 1)) for who, of in own]
        claims += taken
        stays.append(PatientVisit(name, f"pat-{name}", "talk", "main", at(hour), at(hour + 1)))
        resources = {"provider": own[0][0]} | ({"room": "hall"} if unit else {})
        part = Part("talk", f"pat-{name}")
        visits.append(BookedVisit(name, part, "main", at(hour), resources, frozenset(c.id for c in taken)))
    patients = {visit.part.patient_id: True for visit in visits}
    return Diary(claims=tuple(claims), patients=patients, visits=tuple(stays)), visits


def fates(plan):
    return {visit.id: visit.fate for visit in plan.visits}


def test_a_visit_that_begins_this_minute_has_begun():
    diary, visits = book(("a", 9, "lee", 1), ("b", 10, "lee", 1))
    plan = plan_repair(practice(away=[("09:00", "13:00")]), diary, visits, at(9), on=DAY)
    assert fates(plan) == {"b": Fate.KEPT}
    assert dict(plan.visits[0].resources) == {"provider": "kim", "room": "hall"}
    assert plan.visits[0].changed == ("provider",)


def test_the_earliest_new_arrival_is_now_plus_notice():
    diary, visits = book(("a", 10, "lee", 1), ("b", 10, "kim", 0))
    hurt = practice(away=[("10:00", "11:00")])
    for notice, hour in ((60, 9), (120, 11), (180, 11), (240, 12)):
        plan = plan_repair(hurt, diary, visits, at(8), on=DAY, notice_minutes=notice)
        moved = next(visit for visit in plan.visits if visit.id == "a")
        assert (moved.fate, moved.arrives_at) == (Fate.MOVED, at(hour))
        assert moved.minutes_moved == abs(hour - 10) * 60
    late = plan_repair(hurt, diary, visits, at(8), on=DAY, notice_minutes=241)
    assert fates(late)["a"] is Fate.UNPLACED


def test_who_is_on_the_way_and_fits_is_not_moved_even_where_that_would_place_another():
    diary, visits = book(("a", 9, "lee", 1), ("b", 11, "lee", 1))
    hall = BusyClaim("x", "hall", 1, at(10, 15), at(12))
    elsewhere = PatientVisit("y", "pat-b", "talk", "main", at(12), at(13))
    full = replace(diary, claims=(*diary.claims, hall), visits=(*diary.visits, elsewhere))
    for notice, expected in ((59, Fate.MOVED), (60, Fate.KEPT)):
        plan = plan_repair(practice(), full, visits, at(8), on=DAY, notice_minutes=notice)
        assert fates(plan)["a"] is expected
        assert fates(plan)["b"] is (Fate.MOVED if expected is Fate.MOVED else Fate.UNPLACED)


def test_names_that_a_visit_leaves_out_stay_unfilled_where_it_stays_and_are_filled_where_it_moves():
    diary, visits = book(("a", 10, "lee", 0), ("b", 10, "kim", 1))
    plan = plan_repair(practice(), diary, visits, at(8), on=DAY)
    assert fates(plan) == {"a": Fate.KEPT, "b": Fate.KEPT}
    assert not any(visit.is_changed for visit in plan.visits)
    diary, visits = book(("a", 10, "lee", 0))
    taken = diary.with_claims([*diary.claims, BusyClaim("x", "kim", 1, at(10), at(11))])
    plan = plan_repair(practice(away=[("10:00", "11:00")]), taken, visits, at(8), on=DAY)
    assert fates(plan) == {"a": Fate.MOVED}
    assert dict(plan.visits[0].resources)["room"] == "hall"


def test_no_unit_of_a_shared_resource_is_taken_twice():
    diary, visits = book(("a", 9, "lee", 1), ("b", 10, "kim", 1), ("c", 10, "lee", 2))
    plan = plan_repair(practice(capacity=2, away=[("10:00", "13:00")]), diary, visits, at(8), on=DAY)
    assert (plan.count(Fate.KEPT), plan.count(Fate.MOVED)) == (2, 1)
    units = {change.claim_id: change.unit for change in plan.recolourings}
    changed = {visit.id for visit in plan.visits if visit.is_changed}
    stays = [claim for claim in diary.claims if claim.id.partition(":")[0] not in changed]
    halls = [(c.start_at, c.end_at, units.get(c.id, c.unit)) for c in stays if c.resource_id == "hall"]
    halls += [(c.start_at, c.end_at, c.unit) for v in plan.visits for c in v.claims if c.resource_id == "hall"]
    assert len(halls) == 3
    assert not any(a[2] == b[2] and a[0] < b[1] and b[0] < a[1] for a, b in combinations(halls, 2))


def test_a_fact_beyond_the_capacity_does_not_keep_a_repair_from_an_answer():
    diary, visits = book(("a", 10, "lee", 1), ("b", 10, "kim", 2))
    block = BusyClaim("x", "hall", 1, at(10), at(11)), BusyClaim("y", "hall", 1, at(10), at(11))
    crowded = diary.with_claims((*diary.claims, *block))
    plan = plan_repair(practice(capacity=2), crowded, visits, at(8), on=DAY)
    assert plan.proven
    assert [visit.fate for visit in plan.visits] == [Fate.MOVED, Fate.MOVED]


def test_without_time_nothing_is_proven_and_what_no_longer_fits_goes_to_the_nearest_place_left():
    diary, visits = book(("a", 10, "lee", 1), ("b", 11, "kim", 1))
    plan = plan_repair(practice(away=[("10:00", "11:00")]), diary, visits, at(8), on=DAY, seconds=0)
    assert not plan.proven
    assert fates(plan) == {"a": Fate.KEPT, "b": Fate.KEPT}
    assert [visit.changed for visit in plan.visits] == [("provider",), ()]


def test_the_same_day_gives_the_same_plan():
    diary, visits = book(("a", 9, "lee", 1), ("b", 10, "kim", 1), ("c", 11, "lee", 1))
    hurt = practice(away=[("09:00", "13:00")])
    plans = [plan_repair(hurt, diary, order, at(8), on=DAY) for order in (visits, visits[::-1])]
    assert plans[0] == plans[1]


@pytest.mark.parametrize("module", ["hub.cli", "hub.scheduling.repair.plan", "hub.scheduling.scenario.run"])
def test_nothing_loads_the_solver_before_it_solves(module):
    code = f"import {module}, sys; print(sorted({{'ortools', 'pandas'}} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
