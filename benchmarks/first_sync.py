"""The first synchronization of a practice: patients and visits over HTTP from a server on the same machine.

python -m benchmarks.first_sync [--small] [--profile] [--kill] [--allowance REQUESTS_A_SECOND]

The baseline beside it: the same pages fetched and parsed, and nothing done with them. `--kill` kills the synchronizing
process again and again and goes on, until everything is there; then it is counted. `--allowance` puts a vendor in its
place that refuses more requests than so many a second, behind a connection that declares that limit: how much of it is
used.
"""

import argparse
import cProfile
import os
import pstats
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

from sqlalchemy import URL, Engine, make_url, text

from benchmarks.database import database_cpu, fresh_database, process_memory
from hub.canonical.ids import Kind
from hub.connectors.fhir_r4.client import MEDIA_TYPE, FhirClient
from hub.connectors.fhir_r4.source import FhirSource
from hub.connectors.kit.connection import read_connection
from hub.connectors.kit.http import Gate, HttpClient
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.kit.read_ahead import ReadAhead
from hub.connectors.kit.spec.limits import LimitsSpec, Rate
from hub.operations.apply_practice import apply_practice
from hub.operations.linked_system import LinkedSystem
from hub.operations.pull_changes import pull_changes
from hub.program import collect_seldom
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

PROJECT = Path(__file__).resolve().parents[1]
PAGE = 500
STRETCH = 25_000
"""Records between two lines of what they cost."""
MOST_PAGES_A_LIFE = 100
"""Each life first reads again what the patients' overlap holds, which here is all of them."""
FEW_A_PAGE = 50
"""Where requests are rationed: so that there are many of them."""


def system() -> LinkedSystem:
    folder = PROJECT / "examples" / "juniper" / "connections"
    connection = read_connection((folder / "juniper-ehr.yaml").read_text(), "juniper-ehr.yaml")
    tables = load_mappings(PROJECT / "mappings", connection.mappings)
    return LinkedSystem(connection.system, tables, ZoneInfo("America/Chicago"), connection.aliases)


@contextmanager
def served(patients: int, visits: int, allowance: int | None = None) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.static_fhir", str(patients), str(visits)]
    command += [str(allowance)] if allowance else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        print(f"the server: {server.communicate('')[0].strip()}")


def gate_of(allowance: int | None) -> Gate:
    return Gate(LimitsSpec(rate=(Rate(requests=allowance, per_seconds=1),) if allowance else ()))


class Meter:
    """What the records of a kind cost, told stretch by stretch, since it must not grow with the book, and in all."""

    def __init__(self, kind: Kind, url: URL | str) -> None:
        self._kind, self._folder = kind, str(make_url(url).query["host"])
        self._first = self._last = self._spent(0)

    def __call__(self, read: int) -> None:
        if read - self._last[0] >= STRETCH:
            self._last = self.tell(read, self._last)

    def tell(self, read: int, since: tuple[float, ...] | None = None) -> tuple[float, ...]:
        now = self._spent(read)
        records, wall, hub, database = (after - before for after, before in zip(now, since or self._first, strict=True))
        print(
            f"{self._kind:8} {read:7} read{'' if since else ' in all'}: {records / wall:7.0f} a second, CPU a record: "
            f"hub {hub / records * 1000:.3f} ms, database {database / records * 1000:.3f} ms; "
            f"memory of the hub {process_memory(os.getpid()):.0f} MiB, load {os.getloadavg()[0]:.0f}",
            flush=True,
        )
        return now

    def _spent(self, read: int) -> tuple[float, ...]:
        return read, perf_counter(), process_time(), database_cpu(self._folder)


def synchronize(url: URL | str, server: str, allowance: int | None = None, *, tells_pages: bool = False) -> None:
    collect_seldom()
    engine = application_engine(url)
    store = SqlStore(engine)
    linked, gate = system(), gate_of(allowance)
    for kind in (Kind.PATIENT, Kind.VISIT):
        meter = Meter(kind, url)
        progress = partial(print, flush=True) if tells_pages else meter
        with FhirClient(HttpClient(server, media_type=MEDIA_TYPE, gate=gate)) as client:
            source = ReadAhead(FhirSource(client, linked.name, page_size=FEW_A_PAGE if allowance else PAGE))
            done = pull_changes(linked, kind, source, store, progress=progress)
        if done.read and not tells_pages:
            meter.tell(done.read)
    engine.dispose()


def fetch_only(server: str) -> None:
    for kind in (Kind.PATIENT, Kind.VISIT):
        began, spent, read = perf_counter(), process_time(), 0
        with FhirClient(server) as client:
            for page in FhirSource(client, "fetched", page_size=PAGE).read(kind, None):
                read += len(page.records)
        wall, cpu = perf_counter() - began, process_time() - spent
        if not read:
            continue
        print(f"{kind:8} {read:7} only fetched and checked: {read / wall:7.0f} a second, {cpu / read * 1000:.3f} ms")


def kill_again_and_again(url: URL, server: str, random: Random) -> int:
    """After some pages each, at any moment of the next one, however slow the machine. Gives how often it was killed."""
    command = [sys.executable, "-m", "benchmarks.first_sync", "--on", url.render_as_string(hide_password=False), server]
    for times in count():
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            told = [process.stdout.readline() for _ in range(random.randint(0, MOST_PAGES_A_LIFE))]
            if not all(told):
                assert process.wait() == 0
                return times
            with suppress(subprocess.TimeoutExpired):
                process.wait(random.uniform(0, 0.5))
            process.kill()
    raise AssertionError("it counts for ever")


def require_all_once(owner: Engine, patients: int, visits: int) -> None:
    """Each record landed, was linked and stands once, and each visit claims patient, provider and room."""
    both = patients + visits
    wanted = {"patient": patients, "visit": visits, "source_record": both, "source_link": both, "claim": 3 * visits}
    with owner.connect() as connection:
        held = {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in wanted}
    assert held == wanted, (held, wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--visits", type=int, help="three for each patient, unless said")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--allowance", type=int, help="requests that the server takes in a second")
    parser.add_argument("--on", nargs=2, metavar=("DATABASE", "SERVER"))
    options = parser.parse_args()
    if options.on:
        synchronize(*options.on, tells_pages=True)
        return
    patients = 2_000 if options.small else options.patients
    visits = 3 * patients if options.visits is None else options.visits
    with served(patients, visits, options.allowance) as server, fresh_database(durable=True) as (url, owner):
        engine = application_engine(url)
        file = PROJECT / "examples" / "juniper" / "practice.yaml"
        apply_practice(SqlStore(engine), file.read_text(), "practice.yaml")
        engine.dispose()
        began = perf_counter()
        if options.kill:
            print(f"killed {kill_again_and_again(url, server, Random(4))} times")
        elif options.profile:
            profile = cProfile.Profile()
            profile.runcall(synchronize, url, server)
            pstats.Stats(profile).sort_stats("cumulative").print_stats(60)
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        elif options.allowance:
            synchronize(url, server, options.allowance)
        else:
            fetch_only(server)
            began = perf_counter()
            synchronize(url, server)
        wall = perf_counter() - began
        print(f"end to end {(patients + visits) / wall:.0f} records a second")
        require_all_once(owner, patients, visits)


if __name__ == "__main__":
    main()
