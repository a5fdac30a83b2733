"""How long a find takes on PostgreSQL, warm and cold, beside the same question in SQL multiranges.

The answer is compared with the engine's in memory, with SQL's, and with brute force that walks all the days minute by
minute and shares nothing with the hub (the oracle of the tests).

python -m benchmarks.find_on_postgresql [--small]
"""

import argparse
import json
import statistics
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, text

from benchmarks.database import fresh_database, times_ms, told
from hub.canonical.practice import read_practice
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.find_openings import find_openings
from hub.scheduling.decision import Openings
from hub.scheduling.diary import BusyClaim, Diary, LotOnHand, PackageStanding, PatientVisit
from hub.scheduling.openings import find_openings as search
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.properties.scheduling.oracle import World, openings

ZONE, FIRST = "America/Chicago", date(2098, 3, 3)  # a clock change lies in the days asked for
KINDS = {"provider": 20, "room": 10, "device": 4}
VISITS_A_DAY = 10
LENGTHS = (15, 20, 30)
Made = tuple[int, str, str, datetime, datetime]
"""Number, resource, patient, start and end of a visit."""
PATIENTS = 6000

BULK = """
    INSERT INTO patient (id) SELECT 'pat-' || n FROM generate_series(0, :patients) AS n;
    INSERT INTO visit (id, patient_id, service_id, location_id, start, "end", state)
        SELECT 'v' || n, patient, 'other-' || CAST(extract(epoch FROM until - start) / 60 AS int), 'main', start, until,
            'booked' FROM made;
    INSERT INTO visit (id, patient_id, service_id, location_id, start, "end", state)
        VALUES ('before', 'pat-1', 'consult', 'main', '2097-12-02 16:00+00', '2097-12-02 16:30+00', 'fulfilled');
    INSERT INTO package (id, patient_id, service_id, credits) VALUES ('pack', 'pat-1', 'laser', 6);
    INSERT INTO claim (unit_id, during, visit_id, step, need)
        SELECT u.id, tstzrange(start, until), 'v' || n, 'other', 'any' FROM made
        JOIN resource_unit u ON u.owner_kind = 'resource' AND u.owner_id = made.resource AND u.number = 1;
    INSERT INTO stock_promise (visit_id, product_id, location_id, quantity, due_on)
        SELECT 'v' || n, 'gel', 'main', 1, CAST(start AT TIME ZONE 'America/Chicago' AS date) FROM made
        WHERE n % 20 = 0;
    INSERT INTO stock_promise (visit_id, product_id, location_id, quantity, due_on)
        SELECT 'v' || n, 'botox', 'main', 20, CAST(start AT TIME ZONE 'America/Chicago' AS date) FROM made
        WHERE n % 20 = 10;
    ANALYZE"""

# The laser needs one room for 85 minutes and, 20 minutes after the arrival, a provider and the device that stands in
# that room for 40. The patient is there for 75. Their consultation, credit and the rest between treatments allow every
# day asked for, and whoever must be on duty always is: SQL is spared those rules.
MULTIRANGES = text("""
    WITH hours AS (
        SELECT range_agg(tstzrange((day + time '08:00') AT TIME ZONE 'America/Chicago',
            (day + time '19:00') AT TIME ZONE 'America/Chicago')) AS bits
        FROM (SELECT CAST(d AS date) AS day FROM generate_series(CAST(:first AS date), CAST(:last AS date),
            interval '1 day') AS d) AS days WHERE extract(isodow FROM day) < 7),
    busy AS (
        SELECT u.owner_id, range_agg(c.during) AS bits FROM claim c JOIN resource_unit u ON u.id = c.unit_id
        WHERE u.owner_kind = 'resource' AND c.during && tstzrange(:from, :until) GROUP BY 1),
    free AS MATERIALIZED (
        SELECT w.id, w.room, hours.bits - coalesce(busy.bits, '{}') AS bits
        FROM unnest(CAST(:ids AS text[]), CAST(:rooms AS text[])) AS w (id, room)
        CROSS JOIN hours LEFT JOIN busy ON busy.owner_id = w.id),
    patient AS MATERIALIZED (
        SELECT coalesce(range_agg(tstzrange(start, "end")), '{}') AS bits FROM visit
        WHERE patient_id = :patient AND state IN ('booked', 'arrived', 'fulfilled')),
    shelf AS (
        SELECT CAST(day AS date) AS day FROM generate_series(CAST(:first AS date), CAST(:last AS date),
            interval '1 day') AS day
        WHERE (SELECT sum(on_hand) FROM lot WHERE product_id = 'gel' AND expires_on >= day)
            - coalesce((SELECT sum(quantity) FROM stock_promise WHERE product_id = 'gel'), 0) >= 1),
    grid AS MATERIALIZED (
        SELECT at FROM hours, unnest(hours.bits) AS span,
            generate_series(lower(span), upper(span) - interval '85 minutes', interval '15 minutes') AS at
        WHERE CAST(at AT TIME ZONE 'America/Chicago' AS date) IN (SELECT day FROM shelf)),
    pairs AS MATERIALIZED (
        SELECT room.bits AS room, device.bits AS device FROM free device JOIN free room ON room.id = device.room),
    equipped AS MATERIALIZED (
        SELECT DISTINCT at FROM pairs, grid
        WHERE room @> tstzrange(at, at + interval '85 minutes')
        AND device @> tstzrange(at + interval '20 minutes', at + interval '60 minutes'))
    SELECT at FROM equipped, patient
    WHERE NOT patient.bits && tstzrange(at, at + interval '75 minutes')
    AND EXISTS (SELECT FROM free WHERE id LIKE 'provider-%'
        AND bits @> tstzrange(at + interval '20 minutes', at + interval '60 minutes'))
    ORDER BY at""")


def practice_document() -> dict[str, Any]:
    hours = [{"days": "mon-sat", "from": "08:00", "to": "19:00"}]
    certified = [{"code": "x", "from": "2020-01-01", "until": "2099-12-31"}]
    resources = [
        {"id": f"{kind}-{i}", "kind": kind, "hours": hours}
        | ({"in": f"room-{2 * i}"} if kind == "device" else {})
        | ({"certifications": certified, "skills": ["md"]} if kind == "provider" else {})
        for kind, count in KINDS.items()
        for i in range(count)
    ]
    room = {"kind": "room"}
    laser = [
        {"name": "numbing", "minutes": 20, "needs": [room]},
        {
            "name": "laser",
            "minutes": 40,
            "needs": [
                room,
                {"kind": "provider", "certification": "x"},
                {"kind": "device"},
                {"kind": "provider", "skills": ["md"], "present": True},
            ],
        },
        {"name": "rest", "minutes": 15, "needs": [room]},
        {"name": "turnover", "minutes": 10, "patient": False, "needs": [room]},
    ]
    laser_rules = {
        "uses": [{"product": "gel", "quantity": 1}],
        "series": {"sessions": 6, "min_days": 28},
        "spacing": [{"after": "consult", "min_days": 14}],
        "requires": [{"before": "consult", "min_days": 0, "max_days": 365}],
    }
    botox = {"name": "inject", "minutes": 20, "needs": [{"kind": "provider", "certification": "x"}, room]}
    talks = [("consult", 30), *((f"other-{minutes}", minutes) for minutes in LENGTHS)]
    return {
        "zone": ZONE,
        "grid_minutes": 15,
        "locations": [{"id": "main", "hours": hours}],
        "resources": resources,
        "products": [
            {"id": "gel", "unit": "tube"},
            {"id": "botox", "unit": "unit", "vial": {"units": 100, "open_hours": 24}},
        ],
        "stock": [
            {"product": one, "lot": one[0].upper(), "on_hand": 100_000, "expires": "2099-12-31"}
            for one in ("gel", "botox")
        ],
        "services": [
            {"id": "laser", "steps": laser, **laser_rules},
            {"id": "botox", "steps": [botox], "uses": [{"product": "botox", "quantity": 20}]},
            *(
                {"id": one, "steps": [{"name": "talk", "minutes": minutes, "needs": [{"kind": "provider"}]}]}
                for one, minutes in talks
            ),
        ],
    }


def fill(owner: Engine, days: int) -> list[Made]:
    """Ten visits a resource and day. Gives (number, resource, patient, start, end)."""
    dice, made = Random(1), []
    for resource in (f"{kind}-{i}" for kind, count in KINDS.items() for i in range(count)):
        for day in range(-2, days + 2):
            at = datetime(2098, 3, 3, 14, tzinfo=UTC) + timedelta(days=day)
            for _ in range(VISITS_A_DAY):
                at += timedelta(minutes=dice.randrange(0, 60, 5))
                end = at + timedelta(minutes=dice.choice(LENGTHS))
                made.append((len(made), resource, f"pat-{dice.randrange(1, PATIENTS)}", at, end))
                at = end
    with owner.begin() as connection:
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE made (n int, resource text, patient text, start timestamptz, until timestamptz)"
            )
        )
        values = [dict(zip(("n", "r", "p", "s", "e"), row, strict=True)) for row in made]
        connection.execute(text("INSERT INTO made VALUES (:n, :r, :p, :s, :e)"), values)
        for statement in BULK.split(";"):
            connection.execute(text(statement), {"patients": PATIENTS} if ":patients" in statement else {})
    return made


def ask_sql(connection: Connection, days: int) -> list[datetime]:
    ids = [f"{kind}-{i}" for kind, count in KINDS.items() for i in range(count)]
    rooms = [f"room-{2 * int(one[7:])}" if one.startswith("device") else None for one in ids]
    values = {
        "first": FIRST,
        "last": FIRST + timedelta(days=days - 1),
        "from": datetime(2098, 3, 2, tzinfo=UTC),
        "until": datetime(2098, 3, 5, tzinfo=UTC) + timedelta(days=days),
        "ids": ids,
        "rooms": rooms,
        "patient": "pat-1",
    }
    return list(connection.execute(MULTIRANGES, values).scalars())


def own_memory(made: list[Made]) -> Diary:
    """The same book, which has never seen a database."""
    before = datetime(2097, 12, 2, 16, tzinfo=UTC)
    visits = [PatientVisit("before", "pat-1", "consult", "main", before, before + timedelta(minutes=30))]
    visits += [PatientVisit(f"v{n}", p, other(s, e), "main", s, e) for n, _, p, s, e in made if p == "pat-1"]
    return Diary(
        claims=tuple(BusyClaim(str(n), resource, 1, start, end) for n, resource, _, start, end in made),
        patients={"pat-1": True},
        visits=tuple(visits),
        lots=(LotOnHand("gel", "main", "G", 100_000, date(2099, 12, 31)),),
        packages=(PackageStanding("pack", "pat-1", "laser", 6),),
    )


def other(start: datetime, end: datetime) -> str:
    return f"other-{(end - start) // timedelta(minutes=1)}"


def brute_force(made: list[Made], day: date) -> list[datetime]:
    """What an oracle that knows nothing of the engine finds on one day."""
    near = [row for row in made if abs((row[3].date() - day).days) <= 1]
    blocks = [
        {"id": f"b{n}", "resources": [one], "from": wall(start), "to": wall(end)} for n, one, _, start, end in near
    ]
    own = [{"id": "before", "patient": "pat-1", "service": "consult", "arrives": "2097-12-02T10:00"}]
    own += [
        {"id": f"v{n}", "patient": "pat-1", "service": other(start, end), "arrives": wall(start)}
        for n, _, patient, start, end in made
        if patient == "pat-1"
    ]
    package = {"id": "pack", "patient": "pat-1", "service": "laser", "credits": 6, "expires": "2099-12-31"}
    people = {"patients": [{"id": "pat-1"}], "packages": [package], "visits": blocks + own, "now": "2097-12-20T08:00"}
    trip = {"service": "laser", "patient": "pat-1", "package": "pack"}
    found = openings(World(practice_document() | people), trip | {"from": day.isoformat(), "until": day.isoformat()})
    return [datetime.fromtimestamp(minute * 60, UTC) for minute in found]


def wall(instant: datetime) -> str:
    return instant.isoformat(timespec="minutes")


def practice_text() -> str:
    return json.dumps(practice_document())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a week, in seconds")
    days, times = (7, 20) if parser.parse_args().small else (90, 300)
    request = OpeningsRequest(
        Trip((Part("laser", "pat-1", package_id="pack"),), "main"), FIRST, FIRST + timedelta(days=days - 1)
    )
    with fresh_database(durable=False) as (url, owner):
        engine = application_engine(url)
        store = SqlStore(engine)
        apply_practice(store, practice_text(), "benchmark.json")
        made = fill(owner, days)
        print(f"{days} days, {sum(KINDS.values())} resources, {len(made)} claims")

        found = find_openings(store, request)
        assert isinstance(found, Openings)
        cold = times_ms(lambda: find_openings(SqlStore(engine), request), max(5, times // 30))
        warm = times_ms(lambda: find_openings(store, request), times)
        of_vials = replace(request, trip=Trip((Part("botox", "pat-1"),), "main"))
        assert isinstance(opened := find_openings(store, of_vials), Openings)
        assert opened.arrivals
        vials = times_ms(lambda: find_openings(store, of_vials), times)
        booking = BookingRequest(request.trip, found.arrivals[len(found.arrivals) // 2])
        changed = [time for _ in range(max(5, times // 10)) for time in after_a_change(store, request, booking)]
        with engine.connect() as connection:
            by_sql = times_ms(lambda: ask_sql(connection, days), max(3, times // 60))
            answer = ask_sql(connection, days)
        pure = search(read_practice(practice_text(), "b"), own_memory(made), request, datetime(2097, 1, 1, tzinfo=UTC))
        assert isinstance(pure, Openings)
        engine.dispose()
    print(f"warm, nothing changed      {told(warm)}")
    print(f"after a booking elsewhere  {told(changed)}")
    print(f"warm, a product in vials   {told(vials)}")
    print(f"cold                       {told(cold)}")
    print(f"SQL multiranges            {told(by_sql)}")
    print(f"ratio cold / SQL           {statistics.median(cold) / statistics.median(by_sql):8.2f}")
    wrong = [len(set(found.arrivals) ^ set(theirs)) for theirs in (pure.arrivals, answer)]
    print("openings {}; disagreements: with the engine in memory {}, with SQL {}".format(len(answer), *wrong))
    by_hand = [arrival for n in range(days) for arrival in brute_force(made, FIRST + timedelta(days=n))]
    print(
        f"brute force, minute by minute: {len(by_hand)} openings, disagreements {len({*by_hand} ^ {*found.arrivals})}"
    )


def after_a_change(store: SqlStore, request: OpeningsRequest, booking: BookingRequest) -> list[float]:
    """A find right after another store booked or cancelled on one of the days."""
    other = SqlStore(store._engine)  # noqa: SLF001 another process's store
    booked = book_visit(other, booking, actor="benchmark")
    assert isinstance(booked, Booked)
    first = times_ms(lambda: find_openings(store, request), 1)
    cancel_visit(other, booked.visits[0].id, actor="benchmark")
    return first + times_ms(lambda: find_openings(store, request), 1)


if __name__ == "__main__":
    main()
