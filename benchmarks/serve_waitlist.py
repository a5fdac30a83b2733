"""How long it takes to serve a list of five hundred after a cancellation, and to say who fits a week's gaps.

Beside it: one find for each who waits, which is what asking everybody costs at least.
python -m benchmarks.serve_waitlist [--small]
"""

import argparse
import json
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from time import perf_counter

from benchmarks.database import fresh_database, times_ms, told
from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.find_gaps import find_gaps
from hub.operations.find_openings import find_openings
from hub.operations.join_waitlist import join_waitlist
from hub.operations.serve_waitlist import serve_waitlist
from hub.ports.waitlist import WaitlistEntry
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

FIRST, DAYS = date(2098, 3, 3), 28
SERVICES = ("laser", "facial", "talk", "drip")
FREED = 12


def practice_text() -> str:
    hours = [{"days": "mon-sun", "from": "09:00", "to": "12:00"}]
    made = [("provider", 8, []), ("room", 4, []), ("room", 2, ["laser"]), ("chair", 2, []), ("device", 2, [])]
    resources = [
        {"id": f"{kind}{skills[0] if skills else ''}-{n}", "kind": kind, "skills": skills}
        for kind, count, skills in made
        for n in range(count)
    ]
    provider = {"kind": "provider"}
    needs = {
        "laser": [provider, {"kind": "room", "skills": ["laser"]}],
        "facial": [provider, {"kind": "device"}],
        "talk": [provider, {"kind": "room"}],
        "drip": [{"kind": "chair"}],
    }
    services = [{"id": one, "steps": [{"name": one, "minutes": 60, "needs": its}]} for one, its in needs.items()]
    return json.dumps(
        {
            "zone": "UTC",
            "grid_minutes": 30,
            "locations": [{"id": "main", "hours": hours}],
            "resources": resources,
            "services": services,
        }
    )


def full_book(store: SqlStore, days: int) -> list[str]:
    """Every hour of lasers, devices and chairs is taken; the visits that will be cancelled."""
    found, patients = [], 0
    for day in range(days):
        for hour in (9, 10, 11):
            for service in ("laser", "facial", "drip"):
                for _ in range(2):
                    at = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(days=day, hours=hour)
                    trip = Trip((Part(service, f"pat-{patients}"),), "main")
                    booked = book_visit(store, BookingRequest(trip, at), actor="benchmark")
                    assert isinstance(booked, Booked)
                    found.append(booked.visits[0].id)
                    patients += 1
    return Random(1).sample(found, FREED)


def fill_list(store: SqlStore, count: int, days: int) -> list[OpeningsRequest]:
    dice, wishes = Random(2), []
    for n in range(count):
        first = FIRST + timedelta(days=dice.randrange(days))
        trip = Trip((Part(SERVICES[n % 3 if n % 7 else 3], f"pat-{2000 + n}"),), "main")
        wishes.append(OpeningsRequest(trip, first, min(first + timedelta(days=13), FIRST + timedelta(days=days - 1))))
        assert isinstance(join_waitlist(store, wishes[-1], actor="benchmark"), WaitlistEntry)
    return wishes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="fifty who wait, five days")
    count, days = (50, 5) if parser.parse_args().small else (500, DAYS)
    with fresh_database(durable=False) as (url, _):
        store = SqlStore(application_engine(url))
        apply_practice(store, practice_text(), "benchmark.json")
        with store.begin("benchmark") as work:
            work.records.save([Patient(id=PatientId(f"pat-{n}")) for n in range(2000 + count)])
        freed = full_book(store, days)
        wishes = fill_list(store, count, days)
        spent, offered = [], 0
        for visit_id in freed:
            cancel_visit(store, visit_id, actor="benchmark")
            begin = perf_counter()
            offered += len(serve_waitlist(store))
            spent.append((perf_counter() - begin) * 1000)
        asked = times_ms(lambda: [find_openings(store, one) for one in wishes], 3)
        gaps = times_ms(partial(find_gaps, store, "main", FIRST, FIRST + timedelta(days=min(6, days - 1))), 3)
    print(f"{count} wait; a cancellation is served in {told(spent)}   {offered} offers for {len(freed)} cancellations")
    print(f"one find for each who waits:      {told(asked)}")
    print(f"gaps of a week, and who fits them: {told(gaps)}")


if __name__ == "__main__":
    main()
