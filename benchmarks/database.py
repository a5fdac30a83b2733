"""A PostgreSQL of the benchmark's own, gone at its end, and how figures are told."""

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from sqlalchemy import URL, Engine

from hub.store.embedded import OWNER, EmbeddedServer
from hub.store.engine import owner_engine
from hub.store.schema import migrate

SETTINGS = {"max_wal_size": "1GB"}
"""PostgreSQL's own, as a practice's server has it; the tests' little one has a checkpoint every few seconds."""


@contextmanager
def fresh_database(*, durable: bool) -> Iterator[tuple[URL, Engine]]:
    """(the application's URL, an engine with the owner's rights)."""
    folder = Path(tempfile.mkdtemp(prefix="hub-benchmark-"))
    server = EmbeddedServer(folder, durable=durable, settings=SETTINGS)
    server.start()
    try:
        server.create_database("benchmark")
        owner = owner_engine(server.url("benchmark", OWNER))
        migrate(owner)
        yield server.url("benchmark"), owner
        owner.dispose()
    finally:
        server.leave()
        shutil.rmtree(folder, ignore_errors=True)


def times_ms(call: Callable[[], object], times: int) -> list[float]:
    """How long each of so many calls took."""
    spent = []
    for _ in range(times):
        begin = perf_counter()
        call()
        spent.append((perf_counter() - begin) * 1000)
    return spent


def told(spent: Sequence[float]) -> str:
    """Median and p99."""
    return f"median {statistics.median(spent):8.2f} ms   p99 {percentile(spent, 0.99):8.2f} ms"


def percentile(spent: Sequence[float], share: float) -> float:
    """The smallest figure that at least this share of all does not exceed."""
    ordered = sorted(spent)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def database_cpu(folder: str) -> float:
    """Seconds of the server that keeps its data there, with its backends, those that are gone among them."""
    return family_cpu(_server(folder))


def database_memory(folder: str) -> float:
    """MiB of the same processes, what they share counted once."""
    return family_memory(_server(folder))


def process_cpu(pid: int) -> float:
    """Seconds that a process has spent."""
    return _stat(pid).spent


def process_memory(pid: int) -> float:
    """MiB that a process holds; 0 where it is gone."""
    with suppress(OSError):
        said = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(said.partition("Pss:")[2].split()[0]) / 1024
    return 0.0


def family_cpu(pid: int) -> float:
    """Seconds that a process and its children have spent, those that are gone among them.

    Looked at until the family stays the same: of one that ends after its parent was looked at nobody would tell.
    """
    family, seen = _family(pid), None
    while family.keys() != seen:
        family, seen = _family(pid), family.keys()
    return sum(one.spent + one.inherited for one in family.values())


def family_memory(pid: int) -> float:
    """MiB of a process and its children, what they share counted once."""
    return sum(map(process_memory, _family(pid)))


class Stat(NamedTuple):
    """The seconds that a process has spent, and those that ended children of it spent."""

    spent: float
    inherited: float


def _family(pid: int) -> dict[int, Stat]:
    """A process and its children, and theirs, as far as they are there."""
    found = {}
    with suppress(OSError):  # it is gone
        found[pid] = _stat(pid)
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found |= _family(int(child))
    return found


def _stat(pid: int) -> Stat:
    ticks = [int(each) for each in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]]
    clock = os.sysconf("SC_CLK_TCK")
    return Stat(sum(ticks[:2]) / clock, sum(ticks[2:]) / clock)


def _server(folder: str) -> int:
    return int(Path(folder, "postmaster.pid").read_text().partition("\n")[0])
