"""Sixteen clients book and cancel on one day, beside a bare script with the same locks and rows.

They are threads of one process, each with a connection to the database, as `python -m hub.web` serves its clients; with
`--processes` each of them is a process of its own, which costs twice the processor time for the same work.

Every client wants an hour of its own, so that each booking succeeds; all of them need the same provider, room and
device on the same day, the same product, and a package each: every booking waits for the same locks.

Once as fast as they can: how many transactions a second. A client that asks again the moment it is answered waits for
all others then, sixteen divided by that rate on average (Little's law), whoever writes. And once at the pace of
`--pace` bookings a second in all, at random moments; what one takes is counted from the moment it was due, so that
who is late does not hide it.

python -m benchmarks.book_contended [--small] [--processes] [--pace 10]
"""

import argparse
import json
import multiprocessing
import queue
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing.pool import Pool, ThreadPool
from random import Random
from time import perf_counter, thread_time
from typing import Any, Protocol
from uuid import uuid4

import psycopg
from sqlalchemy import Engine, text

from benchmarks.database import fresh_database, process_cpu, told
from hub.errors import HubError
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.program import spare_what_is_loaded
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

CLIENTS = 16
EIGHT = datetime(2098, 3, 3, 8, tzinfo=UTC)
RESOURCES = ("ann", "room", "laser")
ACTOR = "benchmark"
WARM_UP = 10
"""Times: connections and plans are made then; psycopg prepares what it has seen five times."""

SHARE = "LOCK TABLE claim IN ROW EXCLUSIVE MODE"
LOCK = "SELECT pg_advisory_xact_lock(k) FROM unnest(%(keys)s::bigint[]) AS k"
SETTLE = (
    "DELETE FROM stock_promise WHERE visit_id = %(visit)s",
    "DELETE FROM package_use WHERE visit_id = %(visit)s",
    "DELETE FROM claim WHERE visit_id = %(visit)s",
    (
        "UPDATE visit SET state = 'cancelled', fee_minor = 0, updated_at = now(), revision = revision + 1"
        " WHERE id = %(visit)s"
    ),
)
EVENT = (
    "INSERT INTO domain_event (name, subject_kind, subject_id, data)"
    " VALUES (%(event)s, 'visit', %(visit)s, %(data)s::jsonb)"
)
AUDIT = (
    "INSERT INTO audit_entry (actor, action, subject_kind, subject_id, patient_id, detail)"
    " VALUES (%(actor)s, %(action)s, 'visit', %(visit)s, %(patient)s, %(detail)s::jsonb)"
)
WRITE = (
    (
        "INSERT INTO visit (id, patient_id, service_id, location_id, provider_id, room_id, device_id,"
        ' start, "end", state, booked_via, booked_on, practice_version_id)'
        " VALUES (%(visit)s, %(patient)s, 'session', 'main',"
        " 'ann', 'room', 'laser', %(start)s, %(end)s, 'booked', 'desk', current_date, 1)"
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
BOOKED = {
    "event": "visit_booked",
    "action": "book_visit",
    "data": '{"channel": "desk"}',
    "detail": '{"overridden": []}',
}
CANCELLED = {"event": "visit_cancelled", "action": "cancel_visit", "data": '{"by": "patient"}', "detail": "{}"}
KINDS_OF_ROWS = {
    "visit": (
        "to_jsonb(t) - '{id,patient_id,start,end,created_at,updated_at}'::text[] FROM visit t WHERE origin = 'hub'",
        1,
    ),
    "event": ("to_jsonb(t) - '{id,at,subject_id}'::text[] FROM domain_event t WHERE subject_kind = 'visit'", 2),
    "audit row": (
        "to_jsonb(t) - '{id,at,subject_id,patient_id}'::text[] FROM audit_entry t WHERE subject_kind = 'visit'",
        2,
    ),
}
"""Rows without what differs from visit to visit, and how many different ones there are: booked, cancelled."""

PAST = (
    "INSERT INTO patient (id) SELECT 'pat-' || n FROM generate_series(0, 499) AS n",
    "INSERT INTO resource_unit (owner_kind, owner_id, number) SELECT 'patient', id, 1 FROM patient",
    (
        "INSERT INTO package (id, patient_id, service_id, credits)"
        " SELECT 'pack-' || n, 'pat-' || n, 'session', 3 FROM generate_series(0, :clients - 1) AS n"
    ),
    (
        'INSERT INTO visit (id, patient_id, service_id, location_id, provider_id, start, "end", state, origin)'
        " SELECT 'past-' || n, 'pat-' || n % 500, 'session', 'main', 'ann', at, at + interval '30 minutes',"
        " 'fulfilled', 'past' FROM generate_series(1, 5000) AS n, LATERAL (SELECT now() - n * interval '1 hour' AS at)"
    ),
    (
        "INSERT INTO claim (unit_id, during, visit_id, step, need)"
        " SELECT u.id, tstzrange(v.start, v.end), v.id, 'shoot', owner_id FROM visit v, resource_unit u"
        " WHERE u.owner_kind = 'resource' OR u.owner_id = v.patient_id"
    ),
    "ANALYZE patient, package, resource_unit, visit, claim",
)


class Client(Protocol):
    """Who books an hour of its own and gives it up again."""

    def book(self) -> bool:
        """Whether it has the hour now."""
        ...

    def cancel(self) -> None:
        """Give it up."""
        ...


@cache
def store_at(url: str) -> SqlStore:
    """The one of this process, which serves from now on."""
    spare_what_is_loaded()
    return SqlStore(application_engine(url))


class HubClient:
    """Over the hub's operations."""

    def __init__(self, url: str, number: int) -> None:
        self._store = store_at(url)
        trip = Trip((Part("session", f"pat-{number}", package_id=f"pack-{number}"),), "main")
        self._request = BookingRequest(trip, EIGHT + timedelta(minutes=30 * number))
        self._visit_id = ""

    def book(self) -> bool:
        """See the protocol."""
        booked = book_visit(self._store, self._request, actor=ACTOR)
        if isinstance(booked, Booked):
            self._visit_id = booked.visits[0].id
        return isinstance(booked, Booked)

    def cancel(self) -> None:
        """See the protocol."""
        cancel_visit(self._store, self._visit_id, actor=ACTOR)


class BareClient:
    """The same locks and rows, statement by statement."""

    def __init__(self, url: str, number: int) -> None:
        self._connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        start = EIGHT + timedelta(minutes=30 * number)
        self._values: dict[str, Any] = {
            "actor": ACTOR,
            "patient": f"pat-{number}",
            "package": f"pack-{number}",
            "start": start,
            "end": start + timedelta(minutes=30),
        }
        self._keys = [1, 2, 3, 4, 100 + number, 200 + number]
        self._visit_key = 300 + number

    def book(self) -> bool:
        """See the protocol."""
        self._values |= {"visit": f"vis_{uuid4().hex}", **BOOKED}
        self._transact(self._keys, WRITE)
        return True

    def cancel(self) -> None:
        """See the protocol."""
        self._values |= CANCELLED
        self._transact([*self._keys, self._visit_key], SETTLE)

    def _transact(self, keys: list[int], statements: tuple[str, ...]) -> None:
        run = self._connection.execute
        run("BEGIN")
        run(SHARE)
        run(LOCK, {"keys": keys})
        for statement in (*statements, EVENT, AUDIT):
            run(statement, self._values)
        run("COMMIT")


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


KINDS: dict[str, type[HubClient | BareClient]] = {"bare": BareClient, "hub": HubClient}


@dataclass(frozen=True, slots=True)
class Told:
    """What one client saw, or all of them together."""

    booked: list[float] = field(default_factory=list)
    """Milliseconds that each successful booking took."""
    cancelled: list[float] = field(default_factory=list)
    cpu: float = 0.0
    """Seconds of processor time of the client, without the database's."""
    refused: int = 0
    errors: tuple[str, ...] = ()
    """What a client would have to ask again for."""

    @property
    def successes(self) -> int:
        """Transactions that did what was asked."""
        return len(self.booked) + len(self.cancelled)

    def __add__(self, other: "Told") -> "Told":
        return Told(
            self.booked + other.booked,
            self.cancelled + other.cancelled,
            self.cpu + other.cpu,
            self.refused + other.refused,
            self.errors + other.errors,
        )


_MINE = threading.local()
"""A client, and the barrier at which all wait for each other, so that none has two turns."""
_BEGINNING = threading.Lock()


def _begin(kind: str, url: str, numbers: Any, barrier: Any) -> None:
    _MINE.number, _MINE.barrier = numbers.get(), barrier
    with _BEGINNING:
        _MINE.client = KINDS[kind](url, _MINE.number)


def _drive(times: int, gap: float) -> Told:
    """Book and cancel so often: at once after each other, or with so many seconds on average between two bookings."""
    random = Random(_MINE.number)
    told_by, before = Told(), thread_time()
    _MINE.barrier.wait()
    due = perf_counter()
    for _ in range(times):
        due = due + random.expovariate(1 / gap) if gap else perf_counter()
        threading.Event().wait(max(0.0, due - perf_counter()))
        told_by += _book_and_cancel(_MINE.client, due)
    return replace(told_by, cpu=thread_time() - before)


def _book_and_cancel(client: Client, due: float) -> Told:
    try:
        if not client.book():
            return Told(refused=1)
        booked = perf_counter()
        client.cancel()
    except HubError as error:
        return Told(errors=(type(error).__name__,))
    return Told([(booked - due) * 1000], [(perf_counter() - booked) * 1000])


@contextmanager
def clients(kind: str, url: str, *, in_processes: bool) -> Iterator[Pool]:
    """A thread or a process for each client, ready to go.

    Not while those of the other kind write: their locks are not the same.
    """
    pool: Pool
    numbers: Any
    barrier: Any
    if in_processes:
        context = multiprocessing.get_context("spawn")
        numbers, barrier = context.Queue(), context.Barrier(CLIENTS)
        pool = context.Pool(CLIENTS, _begin, (kind, url, numbers, barrier))
    else:
        numbers, barrier = queue.Queue(), threading.Barrier(CLIENTS)
        pool = ThreadPool(CLIENTS, _begin, (kind, url, numbers, barrier))
    for number in range(CLIENTS):
        numbers.put(number)
    with pool:
        pool.starmap(_drive, [(WARM_UP, 0.0)] * CLIENTS, chunksize=1)
        yield pool


def rush(kind: str, pool: Pool, owner: Engine, times: int, gap: float = 0.0) -> tuple[float, Told]:
    """All clients at once; prints what they saw and gives successful transactions a second, cancellations too."""
    served, begin = served_cpu(owner), perf_counter()
    seen = sum(pool.starmap(_drive, [(times, gap)] * CLIENTS, chunksize=1), Told())
    rate = seen.successes / (perf_counter() - begin)
    client, server = (1000 * seconds / seen.successes for seconds in (seen.cpu, served_cpu(owner) - served))
    print(
        f"  {kind:5} {rate:6.1f} tx/s   book {told(seen.booked)}   cancel {told(seen.cancelled)}"
        f"   CPU a tx {client:.2f} + {server:.2f} ms",
        flush=True,
    )
    return rate, seen


def served_cpu(owner: Engine) -> float:
    """Seconds of processor time of all connections to the database but this one."""
    with owner.connect() as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return sum(map(process_cpu, connection.execute(text(query)).scalars()))


def prepare(store: SqlStore, owner: Engine) -> None:
    """A practice with a past; without one PostgreSQL would plan for tables that are empty."""
    apply_practice(store, practice_text(), "benchmark.json")
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in PAST:
            connection.execute(text(statement), {"clients": CLIENTS})


def require_same_rows(owner: Engine) -> None:
    """That the bare script wrote what the hub writes: all rows of a kind are alike but for ids and times."""
    with owner.connect() as connection:
        for kind, (rows, alike) in KINDS_OF_ROWS.items():
            found = connection.execute(text(f"SELECT DISTINCT {rows}")).scalars().all()
            if len(found) != alike:
                sys.exit(f"the bare script and the hub do not write the same {kind}: {found}")


def require_calm(seen: Told, owner: Engine) -> None:
    """That nobody was refused, nobody had to ask again, and PostgreSQL had no deadlock to end."""
    with owner.connect() as connection:
        query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        deadlocks = connection.execute(query).scalar_one()
    print(f"deadlocks {deadlocks}, refused {seen.refused}, to be asked again {len(seen.errors)}")
    if deadlocks or seen.refused or seen.errors:
        sys.exit(f"that must not be: {sorted(set(seen.errors))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a few bookings each, in seconds")
    parser.add_argument("--processes", action="store_true", help="a process for each client, not a thread")
    parser.add_argument(
        "--pace", type=float, default=10.0, help="bookings a second in all, where clients take their time"
    )
    arguments = parser.parse_args()
    times, rounds = (3, 1) if arguments.small else (40, 3)
    seen, rates = Told(), []
    with fresh_database(durable=True) as (url, owner):
        engine = application_engine(url)
        prepare(SqlStore(engine), owner)
        engine.dispose()
        where = url.render_as_string(hide_password=False)
        in_processes = arguments.processes
        with (
            clients("bare", where, in_processes=in_processes) as bare,
            clients("hub", where, in_processes=in_processes) as hub,
        ):
            print("as fast as they can")
            for _ in range(rounds):
                (bare_rate, _), (hub_rate, by_hub) = rush("bare", bare, owner, times), rush("hub", hub, owner, times)
                rates.append((bare_rate, hub_rate))
                seen += by_hub
            print(f"{arguments.pace:g} bookings a second, and as many cancellations")
            gap = CLIENTS / arguments.pace
            rush("bare", bare, owner, times, gap)
            seen += rush("hub", hub, owner, times, gap)[1]
        require_same_rows(owner)
        require_calm(seen, owner)
    bare_rate, hub_rate = (statistics.median(column) for column in zip(*rates, strict=True))
    ratios = [hub_rate / bare_rate for bare_rate, hub_rate in rates]
    print(f"a client that never rests waits {1000 * CLIENTS / bare_rate:.0f} ms on average in the bare script, "
          f"{1000 * CLIENTS / hub_rate:.0f} in the hub")  # fmt: skip
    print(f"ratio hub / bare {statistics.median(ratios):.2f} (median of {rounds})")


if __name__ == "__main__":
    main()
