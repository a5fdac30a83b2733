"""Sixteen processes book and cancel on one day, beside a bare script with the same locks and rows.

Every client wants an hour of its own, so that each booking succeeds; all of them need the same provider, room and
device on the same day, the same product, and a package each: every booking waits for the same locks.

python -m benchmarks.book_contended [--small]
"""

import argparse
import json
import multiprocessing
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import Engine, text

from benchmarks.database import fresh_database, told
from hub.errors import HubError
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

CLIENTS = 16
EIGHT = datetime(2098, 3, 3, 8, tzinfo=UTC)
RESOURCES = ("ann", "room", "laser")

SHARE = "LOCK TABLE claim IN ROW EXCLUSIVE MODE"
LOCK = "SELECT pg_advisory_xact_lock(k) FROM unnest(%(keys)s::bigint[]) AS k"
SETTLE = (
    "DELETE FROM stock_promise WHERE visit_id = %(visit)s",
    "DELETE FROM package_use WHERE visit_id = %(visit)s",
    "DELETE FROM claim WHERE visit_id = %(visit)s",
)
EVENT = "INSERT INTO domain_event (name, subject_kind, subject_id) VALUES (%(name)s, 'visit', %(visit)s)"
AUDIT = (
    "INSERT INTO audit_entry (actor, action, subject_kind, subject_id, patient_id)"
    " VALUES ('bare', %(name)s, 'visit', %(visit)s, %(patient)s)"
)
WRITE = (
    (
        'INSERT INTO visit (id, patient_id, service_id, location_id, start, "end", state, booked_on)'
        " VALUES (%(visit)s, %(patient)s, 'session', 'main', %(start)s, %(end)s, 'booked', current_date)"
    ),
    (
        "INSERT INTO claim (unit_id, during, visit_id, step, need) SELECT id, tstzrange(%(start)s, %(end)s), %(visit)s,"
        " 'shoot', owner_id FROM resource_unit WHERE (owner_kind, owner_id) IN (('resource', 'ann'),"
        " ('resource', 'room'), ('resource', 'laser'), ('patient', %(patient)s))"
    ),
    (
        "INSERT INTO stock_promise (visit_id, product_id, location_id, quantity, due_on)"
        " VALUES (%(visit)s, 'gel', 'main', 1, '2098-03-03')"
    ),
    "INSERT INTO package_use (visit_id, package_id) VALUES (%(visit)s, %(package)s)",
)


@dataclass(frozen=True)
class Told:
    """What one client saw."""

    spent: list[float]
    """Milliseconds a successful booking took."""
    ended: list[float]
    """Milliseconds a cancellation took."""
    commits: list[float]
    """Milliseconds of each that went into its COMMIT."""
    refused: int = 0
    errors: list[str] = field(default_factory=list)


_TOGETHER: list[Any] = []
"""Of a client's process: the barrier at which all wait for each other, so that none has two turns."""


def _meet(barrier: Any) -> None:
    _TOGETHER.append(barrier)


def practice_text() -> str:
    needs = [{"kind": kind} for kind in ("provider", "room", "device")]
    session = {"id": "session", "steps": [{"name": "shoot", "minutes": 30, "needs": needs}]}
    document = {
        "zone": "UTC",
        "grid_minutes": 30,
        "locations": [{"id": "main", "hours": [{"days": "mon-sun", "from": "08:00", "to": "20:00"}]}],
        "resources": [
            {"id": one, "kind": kind} for one, kind in zip(RESOURCES, ("provider", "room", "device"), strict=True)
        ],
        "products": [{"id": "gel", "unit": "tube"}],
        "stock": [{"product": "gel", "lot": "G", "on_hand": 100, "expires": "2099-12-31"}],
        "services": [session | {"uses": [{"product": "gel", "quantity": 1}]}],
    }
    return json.dumps(document)


def with_the_hub(url: str, client: int, times: int) -> Told:
    seen = Told([], [], [])
    began: list[float] = []

    def clock_commits(point: str) -> None:
        if point.endswith("before_commit"):
            began.append(perf_counter())
        else:
            seen.commits.append(_since(began.pop()))

    store = SqlStore(application_engine(url, connections=1), clock_commits)
    trip = Trip((Part("session", f"pat-{client}", package_id=f"pack-{client}"),), "main")
    request = BookingRequest(trip, EIGHT + timedelta(minutes=30 * client))
    _TOGETHER[0].wait()
    refused = 0
    for _ in range(times):
        try:
            begin = perf_counter()
            booked = book_visit(store, request, actor="benchmark")
            if not isinstance(booked, Booked):
                refused += 1
                continue
            seen.spent.append(_since(begin))
            begin = perf_counter()
            cancel_visit(store, booked.visits[0].id, actor="benchmark")
            seen.ended.append(_since(begin))
        except HubError as error:
            seen.errors.append(type(error).__name__)
    return replace(seen, refused=refused)


def bare(url: str, client: int, times: int) -> Told:
    start = EIGHT + timedelta(minutes=30 * client)
    values: dict[str, Any] = {
        "patient": f"pat-{client}",
        "package": f"pack-{client}",
        "start": start,
        "end": start + timedelta(minutes=30),
    }
    keys = sorted([1, 2, 3, 4, 100 + client, 200 + client])
    seen = Told([], [], [])
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        _TOGETHER[0].wait()
        for _ in range(times):
            values["visit"] = f"bare-{uuid4()}"
            begin = perf_counter()
            connection.execute("BEGIN")
            connection.execute(SHARE)
            connection.execute(LOCK, {"keys": keys})
            for statement in (*WRITE, EVENT, AUDIT):
                connection.execute(statement, values | {"name": "visit_booked"})
            seen.commits.append(_commit(connection))
            seen.spent.append(_since(begin))
            begin = perf_counter()
            connection.execute("BEGIN")
            connection.execute(SHARE)
            connection.execute(LOCK, {"keys": sorted([*keys, 300 + client])})
            connection.execute("UPDATE visit SET state = 'cancelled' WHERE id = %(visit)s", values)
            for statement in (*SETTLE, EVENT, AUDIT):
                connection.execute(statement, values | {"name": "visit_cancelled"})
            seen.commits.append(_commit(connection))
            seen.ended.append(_since(begin))
    return seen


def _commit(connection: psycopg.Connection[Any]) -> float:
    begin = perf_counter()
    connection.execute("COMMIT")
    return _since(begin)


def _since(begin: float) -> float:
    return (perf_counter() - begin) * 1000


def rush(client: Callable[[str, int, int], Told], url: str, times: int) -> float:
    """All clients at once; prints what they saw and gives successful transactions a second, cancellations too."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(CLIENTS, _meet, (context.Barrier(CLIENTS),)) as pool:
        pool.starmap(client, [(url, n, 2) for n in range(CLIENTS)], chunksize=1)  # connections and plans are made
        begin = perf_counter()
        told_by = pool.starmap(client, [(url, n, times) for n in range(CLIENTS)], chunksize=1)
        seconds = perf_counter() - begin
    spent, ended = [one for by in told_by for one in by.spent], [one for by in told_by for one in by.ended]
    errors = [error for by in told_by for error in by.errors]
    commits = sum(one for by in told_by for one in by.commits)
    rate = (len(spent) + len(ended)) / seconds
    print(
        f"{client.__name__:13} {rate:7.1f} transactions/s   of the time somebody was in COMMIT "
        f"{commits / seconds / 10:.0f} %, {commits / len(spent + ended):.2f} ms each"
    )
    print(f"    book {told(spent)}   cancel {told(ended)}   refused {sum(by.refused for by in told_by)}   "
          f"errors {len(errors)} {sorted(set(errors))}")  # fmt: skip
    return rate


def prepare(store: SqlStore, owner: Engine) -> None:
    apply_practice(store, practice_text(), "benchmark.json")
    with owner.begin() as connection:
        for n in range(CLIENTS):
            values = {"p": f"pat-{n}", "k": f"pack-{n}"}
            connection.execute(text("INSERT INTO patient (id) VALUES (:p)"), values)
            connection.execute(
                text("INSERT INTO resource_unit (owner_kind, owner_id, number) VALUES ('patient', :p, 1)"), values
            )
            connection.execute(
                text("INSERT INTO package (id, patient_id, service_id, credits) VALUES (:k, :p, 'session', 3)"), values
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few bookings each, in seconds")
    times, rounds = (3, 1) if parser.parse_args().small else (40, 3)
    with fresh_database(durable=True) as (url, owner):
        engine = application_engine(url)
        prepare(SqlStore(engine), owner)
        engine.dispose()
        where = url.render_as_string(hide_password=False)
        rates = [(rush(bare, where, times), rush(with_the_hub, where, times)) for _ in range(rounds)]
        with owner.connect() as connection:
            query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            deadlocks = connection.execute(query).scalar_one()
    bare_rate, hub_rate = (statistics.median(column) for column in zip(*rates, strict=True))
    print(f"deadlocks {deadlocks}; ratio hub / bare {hub_rate / bare_rate:.2f} (median of {rounds})")


if __name__ == "__main__":
    main()
