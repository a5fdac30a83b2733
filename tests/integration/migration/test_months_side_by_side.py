"""Two processes may load two months of one history at once: it ends as if one had come after the other."""

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.operations.migration.run_history import UNDIVIDED, Planned
from hub.ports.migrations import StoredRow
from hub.store import migrations_book
from hub.store.embedded import EmbeddedServer
from hub.store.migrations_book import SqlMigrations
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.migration.moved import dump_of, fates_of, run_of
from tests.legacy.generate import generate

ROOMS = ("Suite North", "Suite South")
WAIT_SECONDS = 180


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A month that brings the location, then two that bring two rooms of it in opposite order."""
    generate(7, 40, tmp_path)
    with (tmp_path / "appointments.csv").open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        template = next(row for row in rows if row["Status"] in ("Completed", "Done"))
    days = [("2024-04-01", ["Room 1"]), ("2024-05-06", ROOMS), ("2024-06-03", ROOMS[::-1])]
    visits = [(day, room) for day, rooms in days for room in rooms]
    with (tmp_path / "appointments.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, template)
        writer.writeheader()
        for number, (day, room) in enumerate(visits):
            writer.writerow(
                {**template, "ApptID": f"A{number}", "Date": day, "Room": room, "Start": "10:00", "End": "10:45"}
            )
    return tmp_path


class Meeting:
    """Where two who load meet after their first row; or one of them waits in the database for the other."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.arrived: list[str] = []

    def wait(self, month: str) -> None:
        self.arrived.append(month)
        for _ in range(WAIT_SECONDS * 20):
            if len(self.arrived) == 2 or self._somebody_waits():
                return
            Event().wait(0.05)
        raise AssertionError("the other one neither came nor waits")

    def _somebody_waits(self) -> bool:
        waiting = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND NOT l.granted"
        with self.engine.connect() as connection:
            return bool(connection.execute(text(f"{waiting} WHERE d.datname = current_database()")).scalar_one())


@pytest.mark.slow
def test_two_months_that_bring_the_same_rooms_in_opposite_order_wait_for_each_other_and_end_alike(
    export: Path, database: Database, database_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_of(SqlStore(database.engine), export).run()
    with fresh_database(database_server) as other, monkeypatch.context() as patched:
        meeting, read = Meeting(other.owner), SqlMigrations.read_rows
        patched.setattr(migrations_book, "CHUNK", 1)

        def read_and_meet(self: SqlMigrations, landing_id: int, month: str) -> Iterator[list[StoredRow]]:
            for number, rows in enumerate(read(self, landing_id, month)):
                if month and number == 1:
                    meeting.wait(month)
                yield rows

        run = run_of(SqlStore(other.engine), export)
        for plan in (run.plan_landing, *(partial(run.plan_loading, kind) for kind in UNDIVIDED)):
            for planned in plan():
                run.perform(planned)
        first, *months = run.plan_loading(Kind.VISIT)
        run.perform(first)
        assert [one.partition.month for one in months] == ["2024-05", "2024-06"]
        patched.setattr(SqlMigrations, "read_rows", read_and_meet)

        def perform(planned: Planned) -> object:
            return run_of(SqlStore(other.engine), export).perform(planned)

        with ThreadPoolExecutor(2) as pool:
            assert all(list(pool.map(perform, months)))
        patched.undo()
        run_of(SqlStore(other.engine), export).run()
        assert dump_of(other.engine) == dump_of(database.engine)
        fates = fates_of(SqlStore(other.engine))["appointments.csv"]
        assert {row["verdict"] for rows in fates.values() for row in rows} == {"loaded"}
