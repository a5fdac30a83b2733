"""How long a find takes on a busy practice: 90 days, 34 resources. Prints figures; sets no limit.

python benchmarks/find_openings.py
"""

import json
import statistics
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from time import perf_counter

from hub.canonical.practice import Practice, read_practice
from hub.scheduling.decide import decide_booking
from hub.scheduling.diary import BusyClaim, Diary, LotOnHand
from hub.scheduling.openings import find_openings
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip

DAYS, FIRST = 90, date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
KINDS = {"provider": 12, "room": 12, "device": 6, "assistant": 4}


def practice() -> Practice:
    hours = [{"days": "mon-sat", "from": "08:00", "to": "19:00"}]
    resources = [
        {"id": f"{kind}-{i}", "kind": kind, "hours": hours, "skills": ["laser"] if i % 2 else []}
        | ({"in": f"room-{2 * i + 1}"} if kind == "device" else {})
        | ({"certifications": [{"code": "x", "until": "2027-01-01"}]} if kind == "provider" else {})
        for kind, count in KINDS.items()
        for i in range(count)
    ]
    room, provider = {"kind": "room", "skills": ["laser"]}, {"kind": "provider", "certification": "x"}
    laser = [
        {"name": "set-up", "minutes": 5, "patient": False, "needs": [room]},
        {"name": "numbing", "minutes": 20, "needs": [room, {"kind": "assistant"}]},
        {"name": "laser", "minutes": 40, "needs": [room, provider, {"kind": "device"}]},
        {"name": "turnover", "minutes": 10, "patient": False, "needs": [room]},
    ]
    talk = [{"name": "talk", "minutes": 30, "needs": [{"kind": "provider"}, {"kind": "room"}]}]
    fill = [{"name": "fill", "minutes": {"default": 45, "provider-1": 30}, "needs": [provider, room]}]
    document = {
        "zone": "America/Chicago",
        "locations": [{"id": "main", "hours": hours}],
        "resources": resources,
        "products": [{"id": "gel", "unit": "tube"}],
        "services": [
            {"id": "laser", "steps": laser, "uses": [{"product": "gel", "quantity": 1}], "series": {"min_days": 28}},
            {"id": "consult", "steps": talk},
            {"id": "fill", "steps": fill, "spacing": [{"after": "laser", "min_days": 7}]},
        ],
    }
    return read_practice(json.dumps(document), "benchmark.json")


def diary(seed: int = 1) -> Diary:
    """Every provider and room about two thirds full."""
    random = Random(seed)
    claims = []
    for kind, count in KINDS.items():
        for resource in (f"{kind}-{i}" for i in range(count)):
            for day in range(DAYS + 2):
                at = datetime(2026, 3, 1, 14, tzinfo=UTC) + timedelta(days=day)
                for _ in range(8):
                    at += timedelta(minutes=random.randrange(0, 60, 5))
                    end = at + timedelta(minutes=random.choice([30, 45, 75]))
                    claims.append(BusyClaim(str(len(claims)), resource, 1, at, end))
                    at = end
    lots = (LotOnHand("gel", "main", "G", 500, date(2026, 12, 31)),)
    return Diary(claims=tuple(claims), patients={"ann": True, "bob": True}, lots=lots)


def median_ms(call: Callable[[], object], times: int = 30) -> float:
    spent = []
    for _ in range(times):
        begin = perf_counter()
        call()
        spent.append((perf_counter() - begin) * 1000)
    return statistics.median(spent)


def main() -> None:
    rules, last = practice(), FIRST + timedelta(days=DAYS - 1)
    trips = {
        "laser (4 steps, 5 kinds of needs)": Trip((Part("laser", "ann"),), "main"),
        "consult": Trip((Part("consult", "ann"),), "main"),
        "fill (length by provider)": Trip((Part("fill", "ann"),), "main"),
        "consult, then laser": Trip((Part("consult", "ann"), Part("laser", "ann")), "main"),
        "two consults together": Trip((Part("consult", "ann"), Part("consult", "bob")), "main", together=True),
    }
    book = diary()
    print(f"{DAYS} days, {sum(KINDS.values())} resources, {len(book.claims)} claims")
    for name, trip in trips.items():
        request = OpeningsRequest(trip, FIRST, last)
        cold = median_ms(lambda request=request: find_openings(rules, diary(), request, NOW), 1)
        made = median_ms(diary, 1)
        found = find_openings(rules, book, request, NOW)
        warm = median_ms(lambda request=request: find_openings(rules, book, request, NOW))
        booking = BookingRequest(trip, found.arrivals[len(found.arrivals) // 2])
        decide = median_ms(lambda booking=booking: decide_booking(rules, book, booking, NOW))
        line = f"find cold {cold - made:7.1f} ms   warm {warm:6.2f} ms   decide {decide:5.2f} ms"
        print(f"{name:36} {len(found.arrivals):5} openings   {line}")


if __name__ == "__main__":
    main()
