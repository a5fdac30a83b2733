"""The files of a history merged into the same PostgreSQL by dlt, beside the hub's: seconds of wall and of CPU.

uv run --group benchmarks python -m benchmarks.migrate_with_dlt [--small] [--visits 1000000]

Tuned dlt (Arrow batches, COPY, several workers, large buffers) is beside what the hub does with files alone: landing
them, every version of every row kept and told apart. dlt as it comes, row by row, is beside the hub's whole run. dlt
checks nothing, matches nobody and reads no date; `merge` leaves one row a key.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from sqlalchemy import URL

from benchmarks.database import database_cpu, family_cpu, fresh_database
from benchmarks.migrate_history import FOLDER, Clock, count_rows, export_of, move
from hub.bootstrap.migration_folder import read_migration_folder
from hub.bootstrap.migration_team import open_team
from hub.operations.migration.run_history import Run
from hub.settings import Settings
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore

Spent = tuple[float, float, float]
"""Wall, CPU of ours, CPU of the database, in seconds."""


def timed(server: str, work: Callable[[], object]) -> Spent:
    """What it took."""
    began = perf_counter(), family_cpu(os.getpid()), database_cpu(server)
    work()
    return perf_counter() - began[0], family_cpu(os.getpid()) - began[1], database_cpu(server) - began[2]


def land(url: URL, export: Path, workers: int | None) -> None:
    """All files, and nothing else, as the hub's whole run does it among other things."""
    engine = application_engine(url)
    settings = Settings(database_url=url.render_as_string(hide_password=False))
    with open_team(FOLDER, export, settings, url, workers) as team:
        run = Run(read_migration_folder(FOLDER, settings).history(export), SqlStore(engine))
        landing = list(run.plan_landing())
        list((team or map)(run.perform, landing))
    engine.dispose()


def compare(export: Path, workers: int | None) -> None:
    """Each in its turn on a database of its own, and the ratios."""
    # Not above: the processes that the hub starts load again all that this module does.
    from benchmarks.dlt_pipelines import QUIET, TUNED, in_batches, in_rows, merge  # noqa: PLC0415

    rows = sum(count_rows(file) for file in export.glob("*.csv"))
    with fresh_database(durable=False) as (url, owner):
        server = str(url.query["host"])
        os.environ.update(QUIET)
        default = timed(server, lambda: print(f"dlt as it comes merged {merge(owner, export, in_rows, None)} rows"))
        os.environ.update(TUNED)
        tuned = timed(server, lambda: print(f"dlt tuned merged {merge(owner, export, in_batches, 'csv')} rows"))
    with fresh_database(durable=False) as (url, _):
        server = str(url.query["host"])
        landed = timed(server, lambda: land(url, export, workers))
    with fresh_database(durable=False) as (url, _):
        server = str(url.query["host"])
        whole = timed(server, lambda: move(url, export, Clock(server), workers))
    told = {"hub, landed": landed, "dlt, tuned": tuned, "hub, whole run": whole, "dlt, as it comes": default}
    for name, (wall, ours, database) in told.items():
        print(f"{name:18} {wall:8.1f} s wall  {rows / wall:8.0f} rows/s", end="")
        print(f"  CPU ms/row: ours {ours / rows * 1e3:.3f}, the database's {database / rows * 1e3:.3f}")
    print(f"landing is {tuned[0] / landed[0]:.2f} times as fast as dlt tuned", end=", ")
    print(f"the whole run {default[0] / whole[0]:.2f} times as fast as dlt as it comes")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--visits", type=int, default=100_000)
    parser.add_argument("--workers", type=int, help="processes of the hub that move months side by side")
    parser.add_argument("--export", type=Path, help="one that was made before, instead of a new one")
    given = parser.parse_args()
    with export_of(3_000 if given.small else given.visits, given.export) as export:
        compare(export, given.workers)


if __name__ == "__main__":
    main()
