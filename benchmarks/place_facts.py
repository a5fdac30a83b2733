"""How long it takes to take in visits whose records name no room, beside visits that are claimed as they name it.

Then what finds and bookings cost among them. python -m benchmarks.place_facts [--small]
"""

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from time import perf_counter

from benchmarks.database import fresh_database, times_ms, told
from hub.canonical.ids import PatientId
from hub.canonical.records import Patient, Visit, VisitState
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import book_visit
from hub.operations.find_openings import find_openings
from hub.operations.place_facts import place_facts
from hub.ports import UnitOfWork
from hub.scheduling.decision import Openings
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

KINDS = {"provider": 20, "room": 10, "device": 4}
FIRST, DAYS, A_DAY, PAGE = datetime(2098, 3, 3, 14, tzinfo=UTC), 20, 50, 100
Place = Callable[[UnitOfWork, Sequence[str]], object]


def practice_text() -> str:
    hours = [{"days": "mon-sun", "from": "08:00", "to": "18:00"}]
    resources = [
        {"id": f"{kind}-{n}", "kind": kind, "hours": hours, "skills": ["laser"] if n < 2 else []}
        | ({"in": f"room-{2 * n}"} if kind == "device" else {})
        for kind, count in KINDS.items()
        for n in range(count)
    ]
    room, provider = {"kind": "room"}, {"kind": "provider"}
    laser = [{"name": "laser", "minutes": 40, "needs": [{"kind": "room", "skills": ["laser"]}, provider]}]
    talk = [
        {"name": "talk", "minutes": 45, "needs": [room, provider]},
        {"name": "turnover", "minutes": 15, "patient": False, "needs": [room]},
    ]
    return json.dumps(
        {
            "zone": "America/Chicago",
            "locations": [{"id": "main", "hours": hours}],
            "resources": resources,
            "services": [{"id": "laser", "steps": laser}, {"id": "talk", "steps": talk}],
        }
    )


def visits(month: int) -> list[Visit]:
    """So many a day, every one with a provider and no room, none of them with one who is busy."""
    dice, found = Random(month), []
    for day in range(DAYS):
        for n in range(A_DAY):
            start = FIRST + timedelta(days=30 * month + day, hours=n // 5 % 9, minutes=15 * (dice.randrange(2)))
            fields = {"id": f"v{month}-{day}-{n}", "patient_id": f"pat-{dice.randrange(900)}", "location_id": "main"}
            fields |= {"service_id": "talk", "provider_id": f"provider-{n % 20}"}
            times = {"start": start, "end": start + timedelta(minutes=45), "state": VisitState.BOOKED}
            found.append(Visit.model_validate(fields | times))
    return found


def take_in(store: SqlStore, listed: Sequence[Visit], place: Place) -> float:
    """Seconds, a page a transaction as a pull does it."""
    begin = perf_counter()
    for page in (listed[n : n + PAGE] for n in range(0, len(listed), PAGE)):
        with store.begin("benchmark") as work:
            work.records.save(list(page), origin="ehr")
            place(work, [visit.id for visit in page])
    return perf_counter() - begin


def find(store: SqlStore, month: int) -> Openings:
    first = (FIRST + timedelta(days=30 * month)).date()
    trip = Trip((Part("laser", "pat-950"),), "main")
    openings = find_openings(store, OpeningsRequest(trip, first, first + timedelta(days=DAYS - 1)))
    assert isinstance(openings, Openings)
    return openings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="one day of each")
    count = A_DAY if parser.parse_args().small else DAYS * A_DAY
    with fresh_database(durable=False) as (url, _):
        store = SqlStore(application_engine(url))
        apply_practice(store, practice_text(), "benchmark.json")
        with store.begin("benchmark") as work:
            work.records.save([Patient(id=PatientId(f"pat-{n}")) for n in range(1000)])
        named = take_in(store, visits(0)[:count], lambda work, ids: work.claims.place_facts(ids))
        filled = take_in(store, visits(1)[:count], place_facts)
        tell(store, count, named, filled)


def tell(store: SqlStore, count: int, named: float, filled: float) -> None:
    print(f"{count} visits, claimed as they name it   {named:6.2f} s   {count / named:6.0f} a second")
    print(f"{count} visits, rooms filled in and judged {filled:6.2f} s   {count / filled:6.0f} a second", end="   ")
    print(f"{filled / named:.1f} times as long")
    for month, what in ((0, "none may move"), (1, "every one may move")):
        openings = find(store, month)
        spent = times_ms(partial(find, store, month), 10)
        print(f"find over {DAYS} days, {what:18} {told(spent)}", end="   ")
        print(f"{len(openings.arrivals)} openings")
    for month, what in ((0, "none moves"), (1, "some move")):
        print(f"book, {what:20} {told(book(store, find(store, month)))}")


def book(store: SqlStore, openings: Openings) -> list[float]:
    spent, moved = [], 0
    for n, at in enumerate(openings.arrivals[:: max(1, len(openings.arrivals) // 40)]):
        request = BookingRequest(Trip((Part("laser", f"pat-{900 + n % 60}"),), "main"), at)
        begin = perf_counter()
        booked = book_visit(store, request, actor="benchmark")
        spent.append((perf_counter() - begin) * 1000)
        moved += bool(getattr(getattr(booked, "booking", None), "reassignments", ()))
    print(f"   {moved} of {len(spent)} made others move, median {statistics.median(spent):.1f} ms:", end=" ")
    return spent


if __name__ == "__main__":
    main()
