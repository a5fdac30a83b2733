"""A history moved end to end: rows a second in all and by stage, CPU a row, memory as it goes.

python -m benchmarks.migrate_history [--small] [--visits 1000000] [--workers 2]

The export comes from the generator of the tests, with its kinds of dirt. What is run is what `hub migrate profile`,
`run` and `verify` run; the validation is told apart, too. `benchmarks.migrate_with_dlt` moves the same files with dlt.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Self

from sqlalchemy import URL

from benchmarks.database import database_cpu, database_memory, family_cpu, family_memory, fresh_database
from hub.bootstrap.migration_folder import read_migration_folder
from hub.bootstrap.migration_team import open_team
from hub.canonical.ids import Kind
from hub.operations.migration.run_history import UNDIVIDED, Run
from hub.ports.migrations import Partition, Stage
from hub.settings import Settings
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "examples" / "legacy-export"
MONEY = ("payment", "package", "lot")
SHARES = (0.25, 0.5, 0.75, 1.0)
EVERY_SECONDS = 1.0
PROFILE = """
from multiprocessing import forkserver
from hub.cli import main
try:
    main()
finally:
    forkserver._forkserver._stop()  # its processes' time counts as its own
"""


@dataclass(slots=True)
class Clock:
    """What each stage took: seconds of wall, of our CPU with all our processes, of the database's."""

    server: str
    spent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0, 0.0]))
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    last: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def start(self) -> None:
        """What was before is nobody's time."""
        self.last = self._now()

    def _now(self) -> tuple[float, float, float]:
        return perf_counter(), family_cpu(os.getpid()), database_cpu(self.server)

    def tick(self, stage: str, rows: int = 0) -> None:
        """The time since the last tick was this stage's."""
        now = self._now()
        for place, (since, until) in enumerate(zip(self.last, now, strict=True)):
            self.spent[stage][place] += until - since
        self.rows[stage] += rows
        self.last = now

    def done(self, partition: Partition, counts: Mapping[str, int] | None) -> None:
        """For `Run.run`."""
        stage, rows = stage_of(partition), (counts or {}).get("rows", 0)
        self.tick(stage, rows if (partition.stage is Stage.LAND) == (stage == LANDING) else 0)


LANDING, VISITS = "land, match", "load visits"


def stage_of(partition: Partition) -> str:
    """What is done side by side is one stage: people are matched while visits land, money lands beside their months."""
    if partition.kind is None:
        return str(partition.stage)
    if partition.kind in UNDIVIDED or partition == Partition(Stage.LAND, Kind.VISIT):
        return LANDING
    return "money" if partition.kind in MONEY and partition.stage is Stage.LOAD else VISITS


class Memory:
    """MiB of our processes and of the database's, looked at every second."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._end = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self.seen: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(EVERY_SECONDS):
            self.seen.append((family_memory(os.getpid()), database_memory(self._server)))

    def tell(self, what: str) -> None:
        """The most of each quarter of the time: flat is flat from the first on."""
        if not self.seen:
            return
        parts = [self.seen[int((share - 0.25) * len(self.seen)) : int(share * len(self.seen))] for share in SHARES]
        ours, theirs = ([max((one[side] for one in part), default=0.0) for part in parts] for side in (0, 1))
        print(f"most memory of {what}, MiB, by quarter of its time: ours {told(ours)}; the database's {told(theirs)}")


def told(values: list[float]) -> str:
    """`312, 318, 318, 320`."""
    return ", ".join(f"{value:.0f}" for value in values)


def move(url: URL, export: Path, clock: Clock, workers: int | None) -> None:
    """As `hub migrate run` does."""
    engine = application_engine(url)
    settings = Settings(database_url=url.render_as_string(hide_password=False))
    with open_team(FOLDER, export, settings, url, workers) as team:
        Run(read_migration_folder(FOLDER, settings).history(export), SqlStore(engine)).run(clock.done, team)
    clock.tick("account")
    engine.dispose()


def profile(export: Path) -> None:
    """As `hub migrate profile` does, in a process of its own: those that it starts load all that this one is."""
    command = [sys.executable, "-c", PROFILE, "migrate", "profile", str(export)]
    subprocess.run(command, check=True, cwd=PROJECT, stdout=subprocess.DEVNULL)


def verify(url: URL) -> None:
    """As `hub migrate verify` does, in a process of its own."""
    command = [sys.executable, "-m", "hub.pipelines", "prove", str(FOLDER)]
    environment = os.environ | {"HUB_DATABASE_URL": url.render_as_string(hide_password=False)}
    done = subprocess.run(command, check=False, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
    print(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "nothing was proven")


@contextmanager
def export_of(visits: int, folder: Path | None) -> Iterator[Path]:
    """An export that is there, or one that is made, in a process of its own so that its memory is not counted."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as made:
        command = [sys.executable, "-m", "tests.legacy.generate", "--seed", "5", "--visits", str(visits), made]
        subprocess.run(command, check=True, cwd=PROJECT, stdout=subprocess.DEVNULL)
        yield Path(made)


def tell(clock: Clock, total: int) -> None:
    """A line a stage, and the whole."""
    print(f"{'':14} {'rows':>8} {'wall s':>8} {'rows/s':>8} {'our CPU ms/row':>15} {'database CPU ms/row':>20}")
    whole = [sum(each) for each in zip(*clock.spent.values(), strict=True)]
    for stage, (wall, ours, database) in [*clock.spent.items(), ("end to end", whole)]:
        rows = clock.rows.get(stage) or total
        print(f"{stage:14} {rows:8} {wall:8.1f} {rows / wall:8.0f}", end=" ")
        print(f"{ours / rows * 1000:15.3f} {database / rows * 1000:20.3f}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--visits", type=int, default=100_000)
    parser.add_argument("--workers", type=int, help="processes that move months side by side")
    parser.add_argument("--export", type=Path, help="one that was made before, instead of a new one")
    given = parser.parse_args()
    with export_of(3_000 if given.small else given.visits, given.export) as export:
        measure(export, given.workers)


def measure(export: Path, workers: int | None) -> None:
    """Move an export into a database of its own, and tell."""
    with fresh_database(durable=False) as (url, _):
        server = str(url.query["host"])
        clock = Clock(server)
        clock.start()
        profile(export)
        clock.tick("profile")
        with Memory(server) as moving:
            move(url, export, clock, workers)
        with Memory(server) as verifying:
            verify(url)
        clock.tick("verify")
        tell(clock, sum(count_rows(file) for file in export.glob("*.csv")))
        moving.tell("moving")
        verifying.tell("verifying")


def count_rows(file: Path) -> int:
    """Lines, since a note may have several: as many records as a reader of CSV sees."""
    with file.open(encoding="latin-1", newline="") as stream:
        return sum(1 for _ in csv.reader(stream)) - 1


if __name__ == "__main__":
    main()
