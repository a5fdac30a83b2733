"""`hub replay` of rows that an import or a migration brought: what it takes again, and whose command takes the rest."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.bootstrap.migration_folder import read_migration_folder
from hub.operations.migration.run_history import Run
from hub.settings import Settings
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.cli.conftest import ROOT

PRACTICE = (ROOT / "examples" / "juniper" / "practice.yaml").read_text(encoding="utf-8")
SYSTEM = "juniper-legacy"


@pytest.fixture
def export(hub) -> Path:
    """Two visits of the old system; nobody has given the second one's status a meaning."""
    folder: Path = hub.practice / "legacy-export"
    with (folder / "appointments.csv").open(newline="", encoding="utf-8-sig") as file:
        head, *rows = csv.reader(file)
    status, client = head.index("Status"), head.index("ClientID")
    kept = [row for row in rows if row[status] == "Completed" and row[head.index("Service")].startswith("BOTOX")][:2]
    kept[1][status] = "Beamed up"
    write(folder / "appointments.csv", [head, *kept])
    with (folder / "clients.csv").open(newline="", encoding="utf-8-sig") as file:
        head, *clients = csv.reader(file)
    write(folder / "clients.csv", [head, *(row for row in clients if row[0] in {one[client] for one in kept})])
    for name in ("payments.csv", "packages.csv", "inventory.csv"):
        with (folder / name).open(newline="", encoding="utf-8-sig") as file:
            write(folder / name, [next(csv.reader(file))])
    return folder


def write(file: Path, rows: list[list[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def test_rows_of_an_import_are_listed_and_taken_once_what_was_wrong_is_mended(desk, export: Path):
    code, _, said = desk("import", SYSTEM)
    assert (code, said) == (0, [])
    code, lines, _ = desk("replay", "quarantine", SYSTEM, "--dry-run")
    assert code == 0
    assert lines[0].startswith("appointments.csv:3  visit A")
    assert lines[0].endswith(": unknown_code in Status")
    assert lines[1].endswith(f"taken again by: hub import {SYSTEM}")
    code, lines, _ = desk("replay", "quarantine", SYSTEM)
    assert (code, lines[1:]) == (
        3,
        [
            "Nothing that decides about these rows has changed since: mend a table, an alias or the files first.",
            "1 row still waits.",
        ],
    )
    file = export / "appointments.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("Beamed up", "Completed"), encoding="utf-8")
    code, lines, _ = desk("replay", "quarantine", SYSTEM, "--json")
    told = json.loads(lines[0])
    assert (code, told["rows_left"], told["already_loaded"]) == (0, 0, False)
    assert [row["reason"] for row in told["rows"]] == ["unknown_code"]
    assert desk("replay", "quarantine", SYSTEM)[:2] == (0, ["Nothing to replay."])
    assert desk("replay", "events", SYSTEM)[:2] == (0, ["Nothing to replay."])


def test_history_is_not_replayed_as_if_a_system_had_just_said_it(desk, export: Path, database: Database):
    desk("import", SYSTEM)
    span = ("--from", "2020-01-01", "--until", "2099-01-01")
    code, lines, _ = desk("replay", "landed", SYSTEM, "--kind", "visit", *span)
    assert code == 0
    history = "2 more landed then with an import or a migration: they are history, taken again by:"
    assert lines == [f"{history} hub import {SYSTEM}"]
    with database.owner.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM outbox_delivery")).scalar() == 0


def test_rows_of_a_migration_are_listed_with_the_command_that_takes_them(desk, store: SqlStore, export: Path):
    folder = read_migration_folder(ROOT / "examples" / "legacy-export", Settings())
    Run(folder.history(export), store).run()
    code, lines, _ = desk("replay", "quarantine", folder.file.system)
    assert code == 3
    assert lines[0].endswith(": unknown_code in Status")
    assert lines[1].endswith(f"taken again by: hub migrate run FOLDER --source {export}")
    assert "`corrections` of FOLDER/decisions.yaml" in lines[2]
    code, _, said = desk("replay", "quarantine", "nobody")
    assert code == 1
    assert "there is no connection 'nobody'" in said[0]
