"""How long the repair of a crowded day takes: 60 visits, 12 resources, a provider calls out. Figures, no limit.

Wall time and the processor's, which is what the solver got: on a busy machine they differ, and fewer days are proven.

python benchmarks/repair_day.py [SECONDS]
"""

import json
import statistics
import sys
from collections import Counter
from datetime import UTC, date, datetime
from random import Random
from time import perf_counter, process_time

from hub.canonical.practice import Practice, read_practice
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Booking
from hub.scheduling.diary import BusyClaim, Diary, PatientVisit
from hub.scheduling.repair.day import BookedVisit, Fate
from hub.scheduling.repair.plan import plan_repair
from hub.scheduling.request import BookingRequest, Part, Trip

ON, NOW = date(2026, 3, 6), datetime(2026, 3, 6, 16, tzinfo=UTC)
VISITS, DAYS, SECONDS = 60, 9, 2.0
AWAY = {"from": "2026-03-06T12:00", "to": "2026-03-06T20:00"}


def practice(gone: str | None) -> Practice:
    """Five providers, five rooms, two devices; ten hours."""
    hours = [{"days": "mon-sat", "from": "09:00", "to": "19:00"}]
    resources = [
        {"id": f"{kind}-{i}", "kind": kind, "hours": hours, "skills": ["injector"] if i % 5 < 4 else []}
        | ({"in": f"room-{i}"} if kind == "device" else {})
        | ({"away": [AWAY]} if gone == f"{kind}-{i}" else {})
        for kind, count in (("provider", 5), ("room", 5), ("device", 2))
        for i in range(count)
    ]
    room, provider = {"kind": "room"}, {"kind": "provider", "skills": ["injector"]}
    laser = [
        {"name": "set-up", "minutes": 5, "patient": False, "needs": [room]},
        {"name": "laser", "minutes": 30, "needs": [room, {"kind": "provider"}, {"kind": "device"}]},
        {"name": "turnover", "minutes": 10, "patient": False, "needs": [room]},
    ]
    talk = [{"name": "talk", "minutes": 30, "needs": [{"kind": "provider"}, room]}]
    fill = [{"name": "fill", "minutes": 45, "needs": [provider, room]}]
    document = {
        "zone": "America/Chicago",
        "resources": resources,
        "services": [{"id": "laser", "steps": laser}, {"id": "talk", "steps": talk}, {"id": "fill", "steps": fill}],
    }
    return read_practice(json.dumps(document), "benchmark.json")


def crowded(whole: Practice, seed: int) -> tuple[Diary, list[BookedVisit]]:
    """Sixty visits booked at random times by the engine itself."""
    random = Random(seed)
    patients = {f"pat-{i}": True for i in range(VISITS)}
    claims: list[BusyClaim] = []
    stays: list[PatientVisit] = []
    visits: list[BookedVisit] = []
    tries = 0
    while len(visits) < VISITS and (tries := tries + 1) < 5000:
        part = Part(random.choice(["laser", "talk", "talk", "fill"]), f"pat-{len(visits)}")
        minute = random.randrange(15 * 60, 25 * 60, 15)
        at = datetime(2026, 3, 6 + minute // 1440, minute // 60 % 24, minute % 60, tzinfo=UTC)
        diary = Diary(claims=tuple(claims), patients=patients, visits=tuple(stays))
        made = decide_booking(whole, diary, BookingRequest(Trip((part,), "main"), at), NOW.replace(hour=12))
        if isinstance(made, Booking):
            visit, name = made.visits[0], f"v{len(visits)}"
            taken = [
                BusyClaim(f"{name}:{i}", c.resource_id, c.unit, c.start_at, c.end_at)
                for i, c in enumerate(visit.claims)
            ]
            claims += taken
            stays.append(PatientVisit(name, part.patient_id, part.service_id, "main", at, visit.leaves_at))
            asked = {"provider": dict(visit.resources)["provider"]} if random.random() < 0.2 else {}
            wanted = Part(part.service_id, part.patient_id, resources=asked)
            ids = frozenset(claim.id for claim in taken)
            visits.append(BookedVisit(name, wanted, "main", at, dict(visit.resources), ids))
    return Diary(claims=tuple(claims), patients=patients, visits=tuple(stays)), visits


def main() -> None:
    import hub.scheduling.repair.solve  # noqa: F401, PLC0415 - loaded before the clock starts

    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    spent, worked, proven, fates = [], [], 0, Counter[str]()
    whole, hurt = practice(None), practice("provider-1")
    for seed in range(DAYS):
        diary, visits = crowded(whole, seed)
        begin, busy = perf_counter(), process_time()
        plan = plan_repair(hurt, diary, visits, NOW, on=ON, notice_minutes=60, seconds=seconds)
        spent.append(perf_counter() - begin)
        worked.append(process_time() - busy)
        proven += plan.proven
        fates.update({fate.value: plan.count(fate) for fate in Fate})
        counts = ", ".join(f"{fate.value} {plan.count(fate)}" for fate in Fate)
        took = f"{spent[-1]:.2f} s ({worked[-1]:.2f} s of processor)"
        print(f"day {seed}: {len(visits)} visits, {took}, {'' if plan.proven else 'not '}proven: {counts}")
    took = f"median {statistics.median(spent):.2f} s ({statistics.median(worked):.2f} s of processor)"
    print(f"{took}, slowest {max(spent):.2f} s; proven {proven} of {DAYS}; {dict(fates)}")


if __name__ == "__main__":
    main()
