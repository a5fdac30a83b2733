"""A history moved end to end: rows a second in all and by stage, CPU a row, peak memory.

python -m benchmarks.migrate_history [--small] [--visits 1000000] [--profile]

The export comes from the generator of the tests, with its kinds of dirt. The baseline beside it is a bare script: the
same files by COPY into one text table, and what can be cast, cast. It checks nothing, matches nobody, keeps no lineage.
"""

import argparse
import cProfile
import csv
import pstats
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

from psycopg import Connection, connect
from sqlalchemy import URL

from benchmarks.database import database_cpu, fresh_database
from hub.bootstrap.migration_folder import read_migration_folder
from hub.operations.migration.run_history import Run
from hub.ports.migrations import Partition, Stage
from hub.settings import Settings
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "examples" / "legacy-export"
MONEY = ("payment", "package", "lot")
CAST = """
    CREATE TABLE bare_cast AS SELECT file, cells[1] AS id,
        ARRAY(SELECT CAST(cell AS date) FROM unnest(cells) AS cell
            WHERE cell ~ '^20\\d\\d-\\d\\d-\\d\\d$' AND pg_input_is_valid(cell, 'date')) AS dates,
        ARRAY(SELECT CAST(cell AS numeric) FROM unnest(cells) AS cell WHERE cell ~ '^-?\\d+\\.\\d\\d$') AS amounts
    FROM bare"""


@dataclass(slots=True)
class Clock:
    """What each stage took: seconds of wall, of our CPU, of the database's."""

    server: str
    spent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0, 0.0]))
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    last: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def now(self) -> tuple[float, float, float]:
        return perf_counter(), process_time(), database_cpu(self.server)

    def tick(self, stage: str, rows: int) -> None:
        now = self.now()
        for place, (since, until) in enumerate(zip(self.last, now, strict=True)):
            self.spent[stage][place] += until - since
        self.rows[stage] += rows
        self.last = (perf_counter(), process_time(), now[2])  # looking at the clocks is nobody's time

    def done(self, partition: Partition, counts: Mapping[str, int] | None) -> None:
        self.tick(stage_of(partition), (counts or {}).get("rows", 0))


def stage_of(partition: Partition) -> str:
    if partition.stage is not Stage.LOAD or partition.kind is None:
        return str(partition.stage)
    return "money" if partition.kind in MONEY else f"load {partition.kind}"


def migrate(url: URL, export: Path) -> Clock:
    engine = application_engine(url)
    clock = Clock(str(url.query["host"]))
    clock.last = clock.now()
    Run(read_migration_folder(FOLDER, Settings()).history(export), SqlStore(engine)).run(clock.done)
    clock.tick("account", 0)
    engine.dispose()
    return clock


def copy_bare(url: URL, export: Path) -> tuple[int, float]:
    """Rows, and seconds."""
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    began = perf_counter()
    with connect(dsn) as connection:
        connection.execute("CREATE TABLE bare (file text, line int, cells text[])")
        rows = sum(copy_file(connection, path) for path in sorted(export.glob("*.csv")))
        connection.execute(CAST)
    return rows, perf_counter() - began


def copy_file(connection: Connection, path: Path) -> int:
    encoding = {"clients.csv": "utf-8-sig", "staff.csv": "cp1252"}.get(path.name, "utf-8")
    with path.open(encoding=encoding, newline="") as file, connection.cursor() as cursor:
        with cursor.copy("COPY bare FROM STDIN") as copy:
            number = 0
            for number, cells in enumerate(csv.reader(file)):
                copy.write_row((path.name, number, cells))
        return number


def generate(visits: int, folder: Path) -> None:
    """In a process of its own, so that its memory is not counted."""
    command = [sys.executable, "-m", "tests.legacy.generate", "--seed", "5", "--visits", str(visits), str(folder)]
    subprocess.run(command, check=True, cwd=PROJECT, stdout=subprocess.DEVNULL)


def tell(clock: Clock, total: int) -> None:
    print(f"{'':14} {'rows':>8} {'wall s':>8} {'rows/s':>8} {'our CPU ms/row':>15} {'database CPU ms/row':>20}")
    for stage, (wall, ours, database) in clock.spent.items():
        rows = clock.rows[stage] or total
        print(f"{stage:14} {rows:8} {wall:8.1f} {rows / wall:8.0f}", end=" ")
        print(f"{ours / rows * 1000:15.3f} {database / rows * 1000:20.3f}")
    wall, ours, database = (sum(each) for each in zip(*clock.spent.values(), strict=True))
    print(f"{'end to end':14} {total:8} {wall:8.1f} {total / wall:8.0f}", end=" ")
    print(f"{ours / total * 1000:15.3f} {database / total * 1000:20.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--visits", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as folder, fresh_database(durable=False) as (url, owner):
        export = Path(folder)
        generate(3_000 if options.small else options.visits, export)
        if options.profile:
            profile = cProfile.Profile()
            profile.runcall(migrate, url, export)
            pstats.Stats(profile).sort_stats("cumulative").print_stats(60)
            pstats.Stats(profile).sort_stats("tottime").print_stats(50)
            return
        clock = migrate(url, export)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        total, bare = copy_bare(owner.url, export)
        tell(clock, total)
        wall = sum(spent[0] for spent in clock.spent.values())
        print(f"peak memory {peak:.0f} MiB")
        print(f"only copied and cast: {total / bare:.0f} rows/s, {wall / bare:.1f} times as fast")


if __name__ == "__main__":
    main()
