"""How find grows with resources and days, and the first opening at ten locations over a year. Figures, no limit.

Each search is cold (all of it read from PostgreSQL) and then warm. Linear means that the last columns stay as they are.

python -m benchmarks.find_at_scale [--small]
"""

import argparse
import gc
import json
import statistics
import tracemalloc
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, text

from benchmarks.database import fresh_database, times_ms
from hub.operations.apply_practice import apply_practice
from hub.operations.find_openings import find_openings
from hub.scheduling.decision import Openings
from hub.scheduling.request import OpeningsRequest, Part, Trip
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

FIRST = date(2098, 3, 3)
KINDS = {"provider": 20, "room": 10, "device": 4}
LARGE = {"twice": 2, "fourfold": 4}
"""Locations with so many times the resources, for a quarter of the days."""
VISITS_A_DAY = 10

# Ten visits a resource and day, one in each stretch of 48 minutes; the rest of the day is free.
BULK = (
    "INSERT INTO patient (id) VALUES ('pat-1')",
    "INSERT INTO block (id, location_id, during) VALUES ('busy', 'loc-0', tstzrange('2098-01-01', '2100-01-01'))",
    "ALTER TABLE claim DROP CONSTRAINT ex_claim_firm",
    "DROP INDEX ix_claim_during",
    "ALTER TABLE claim DISABLE TRIGGER USER",
    "SELECT setseed(0.5)",
    """INSERT INTO claim (unit_id, during, block_id)
        SELECT unit_id, tstzrange(start, start + length), 'busy' FROM (
            SELECT u.id AS unit_id, CAST(:first AS timestamptz) + interval '14 hours' + day * interval '1 day'
                + slot * interval '48 minutes' + floor(random() * 5) * interval '5 minutes' AS start,
                (15 + floor(random() * 3) * 5) * interval '1 minute' AS length
            FROM resource_unit u JOIN (SELECT id, location_id FROM provider
                UNION ALL SELECT id, location_id FROM resource) AS owner
                ON owner.id = u.owner_id AND u.owner_kind = 'resource',
                generate_series(-2, CASE WHEN location_id LIKE 'loc-%' THEN :days ELSE :days / 4 END + 1) AS day,
                generate_series(0, :visits - 1) AS slot) AS made""",
    "ALTER TABLE claim ENABLE TRIGGER USER",
    "CREATE INDEX ix_claim_during ON claim USING gist (during)",
    "CREATE INDEX ex_claim_firm ON claim USING gist (point(unit_id, unit_id), during) WHERE firm",
    "ANALYZE",
)


def practice_text(locations: int) -> str:
    hours = [{"days": "mon-sat", "from": "08:00", "to": "19:00"}]
    places = {f"loc-{n}": 1 for n in range(locations)} | LARGE
    resources = [
        {"id": f"{place}-{kind}-{i}", "kind": kind, "hours": hours, "location": place}
        | ({"in": f"{place}-room-{2 * i}"} if kind == "device" else {})
        for place, size in places.items()
        for kind, count in KINDS.items()
        for i in range(size * count)
    ]
    room = {"kind": "room"}
    laser = [
        {"name": "numbing", "minutes": 20, "needs": [room]},
        {"name": "laser", "minutes": 40, "needs": [room, {"kind": "provider"}, {"kind": "device"}]},
        {"name": "rest", "minutes": 15, "needs": [room]},
        {"name": "turnover", "minutes": 10, "patient": False, "needs": [room]},
    ]
    document = {
        "zone": "America/Chicago",
        "locations": [{"id": place, "hours": hours} for place in places],
        "resources": resources,
        "services": [{"id": "laser", "steps": laser, "series": {"sessions": 6, "min_days": 28}}],
    }
    return json.dumps(document)


def fill(owner: Engine, days: int) -> int:
    """Gives the number of claims."""
    values = {"first": datetime.combine(FIRST, datetime.min.time()), "days": days, "visits": VISITS_A_DAY}
    with owner.begin() as connection:
        for statement in BULK:
            connection.execute(text(statement), {key: one for key, one in values.items() if f":{key}" in statement})
        return connection.execute(text("SELECT count(*) FROM claim")).scalar_one()


def search(store: SqlStore, place: str, first: date, days: int) -> Openings:
    trip = Trip((Part("laser", "pat-1"),), place)
    found = find_openings(store, OpeningsRequest(trip, first, first + timedelta(days=days - 1)))
    assert isinstance(found, Openings)
    return found


def told_size(engine: Engine, place: str, days: int, rounds: int) -> None:
    """One size: cold and warm, and what a process keeps of it."""
    resources = sum(KINDS.values()) * LARGE.get(place, 1)
    stores = [SqlStore(engine) for _ in range(rounds)]
    cold = statistics.median(times_ms(lambda store=store: search(store, place, FIRST, days), 1)[0] for store in stores)
    warm = statistics.median(times_ms(lambda: search(stores[0], place, FIRST, days), 20))
    stores.clear()
    tracemalloc.start()
    measured = SqlStore(engine)
    search(measured, place, FIRST, days)
    gc.collect()
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cells = resources * days
    each = f"{cold / cells * 1000:6.1f} µs, {warm / cells * 1000:5.2f} µs, {kept / cells:4.0f} bytes"
    memory = f"kept {kept / 2**20:5.1f} MiB, peak {peak / 2**20:5.1f} MiB"
    print(f"{resources:4} resources x {days:3} days: cold {cold:7.1f} ms, warm {warm:5.2f} ms, {memory}; each: {each}")


def first_opening(store: SqlStore, places: list[str], days: int) -> tuple[datetime, str]:
    """The earliest at any of the places, a fortnight at a time."""
    for gone in range(0, days, 14):  # what is read of later days is read only where it is needed
        found = [(one.arrivals[0], place) for place in places
                 if (one := search(store, place, FIRST + timedelta(days=gone), 14)).arrivals]  # fmt: skip
        if found:
            return min(found)
    raise LookupError("there is none")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="two locations over two months")
    is_small = parser.parse_args().small
    locations, days, rounds = (2, 60, 2) if is_small else (10, 364, 3)
    with fresh_database(durable=False) as (url, owner):
        engine = application_engine(url)
        apply_practice(SqlStore(engine), practice_text(locations), "benchmark.json")
        print(f"{fill(owner, days)} claims")
        for place, length in (
            ("loc-0", days // 4), ("loc-0", days // 2), ("loc-0", days), ("twice", days // 4), ("fourfold", days // 4),
        ):  # fmt: skip
            told_size(engine, place, length, rounds)
        places, store = [f"loc-{n}" for n in range(locations)], SqlStore(engine)
        cold, warm = (times_ms(lambda: first_opening(store, places, days), 1)[0] for _ in range(2))
        print(f"first opening at {locations} locations: cold {cold:.1f} ms   warm {warm:.1f} ms")
        whole = SqlStore(engine)
        cold, warm = (times_ms(lambda: [search(whole, one, FIRST, days) for one in places], 1)[0] for _ in range(2))
        print(f"all openings of {days} days at {locations} locations: cold {cold:.0f} ms   warm {warm:.1f} ms")
        engine.dispose()


if __name__ == "__main__":
    main()
