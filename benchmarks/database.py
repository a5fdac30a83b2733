"""A PostgreSQL of the benchmark's own, gone at its end, and how figures are told."""

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter

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
    """Seconds of the server that keeps its data there, with the backends that are open now."""
    stats = _stats()
    family = {pid for pid in stats if _is_server(pid, folder)}
    return sum(spent for pid, (parent, spent) in stats.items() if pid in family or parent in family)


def process_cpu(pid: int) -> float:
    """Seconds that a process has spent."""
    return _stats()[pid][1]


def _stats() -> dict[int, tuple[int, float]]:
    """Process → its parent, and the seconds that it has spent."""
    clock, stats = os.sysconf("SC_CLK_TCK"), {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it is gone
            fields = stat.read_text().rpartition(")")[2].split()
            stats[int(stat.parent.name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / clock
    return stats


def _is_server(pid: int, folder: str) -> bool:
    with suppress(OSError):
        return f"-D\0{folder}" in Path(f"/proc/{pid}/cmdline").read_text()
    return False
