"""A PostgreSQL of the benchmark's own, gone at its end, and how figures are told."""

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from sqlalchemy import URL, Engine

from hub.store.embedded import OWNER, EmbeddedServer
from hub.store.engine import owner_engine
from hub.store.schema import migrate


@contextmanager
def fresh_database(*, durable: bool) -> Iterator[tuple[URL, Engine]]:
    """(the application's URL, an engine with the owner's rights)."""
    folder = Path(tempfile.mkdtemp(prefix="hub-benchmark-"))
    server = EmbeddedServer(folder, durable=durable)
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
    stats = _stats()
    return sum(family_cpu(pid, stats) for pid in stats if _is_server(pid, folder))


def database_memory(folder: str) -> float:
    """MiB of the same processes, what they share counted once."""
    stats = _stats()
    return sum(family_memory(pid, stats) for pid in stats if _is_server(pid, folder))


def process_cpu(pid: int) -> float:
    """Seconds that a process has spent."""
    return _stats()[pid].spent


def process_memory(pid: int) -> float:
    """MiB that a process holds; 0 where it is gone."""
    with suppress(OSError):
        said = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(said.partition("Pss:")[2].split()[0]) / 1024
    return 0.0


def family_cpu(pid: int, stats: Mapping[int, "Stat"] | None = None) -> float:
    """Seconds that a process and its children have spent, those that are gone among them."""
    stats = stats or _stats()
    return stats[pid].spent + stats[pid].inherited + sum(family_cpu(child, stats) for child in _children(pid, stats))


def family_memory(pid: int, stats: Mapping[int, "Stat"] | None = None) -> float:
    """MiB of a process and its children, what they share counted once."""
    stats = stats or _stats()
    return process_memory(pid) + sum(family_memory(child, stats) for child in _children(pid, stats))


class Stat(NamedTuple):
    """A process: its parent, the seconds that it has spent, and those that ended children of it spent."""

    parent: int
    spent: float
    inherited: float


def _stats() -> dict[int, Stat]:
    clock, stats = os.sysconf("SC_CLK_TCK"), {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it is gone
            fields = [int(each) for each in stat.read_text().rpartition(")")[2].split()[1:15]]
            stats[int(stat.parent.name)] = Stat(fields[0], sum(fields[10:12]) / clock, sum(fields[12:14]) / clock)
    return stats


def _children(pid: int, stats: Mapping[int, Stat]) -> list[int]:
    return [child for child, one in stats.items() if one.parent == pid]


def _is_server(pid: int, folder: str) -> bool:
    with suppress(OSError):
        return f"-D\0{folder}" in Path(f"/proc/{pid}/cmdline").read_text()
    return False
