"""What stands around a migration: whose calendars it concerns, and how long its batches can be taken back."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.operations.apply_practice import apply_practice
from hub.operations.migration.roll_back import list_batches
from hub.ports.cutovers import Step
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.cli.test_reconciling import write
from tests.integration.migration.moved import FOLDER, run_of
from tests.integration.operations.small_practice import PRACTICE
from tests.legacy.generate import generate

VENDOR = PRACTICE.replace("{id: main,", "{id: main, authority: {vendor: legacy},")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(4, 10, tmp_path / "export")
    return tmp_path / "export"


def test_a_plan_names_the_calendars_that_the_cut_over_will_make_the_hubs(hub, desk, export: Path):
    asked = ("migrate", "plan", str(FOLDER), "--source", str(export))
    assert json.loads(desk(*asked, "--json")[1][0])["calendars"] == []
    write(hub, VENDOR, system="legacy")
    assert json.loads(desk(*asked, "--json")[1][0])["calendars"] == ["main"]
    code, lines, _ = desk(*asked)
    assert code == 0
    told = "main: its calendar is legacy's by the practice file; it is the hub's from the cut-over's switch on"
    assert [line for line in lines if line.startswith(told)]


def test_tables_that_no_record_names_and_files_without_a_row_are_told(hub, desk, export: Path):
    (export / "appointments (2).csv").write_bytes((export / "appointments.csv").read_bytes())
    payments = (export / "payments.csv").read_text("utf-8").splitlines(keepends=True)
    (export / "payments.csv").write_text(payments[0], encoding="utf-8")
    asked = str(FOLDER), "--source", str(export)
    told = "Not read, since no record of migration.yaml names them: appointments (2).csv"
    assert told in "\n".join(desk("migrate", "plan", *asked)[1]).splitlines()
    lines = desk("migrate", "run", *asked, "--workers", "1")[1]
    assert told in lines
    assert "Not one row stands in payments.csv: is the export whole?" in lines


def test_a_payment_that_is_written_below_nothing_is_proven_as_it_is_loaded(hub, desk, export: Path):
    payments = (export / "payments.csv").read_text("utf-8").splitlines(keepends=True)
    key, visit, day, *_ = payments[1].split(",")
    assert payments[0].startswith("PaymentID,ApptID,Date,Amount,")
    (export / "payments.csv").write_text("".join([*payments, f"{key}R,{visit},{day},-5.00,payment,Visa\n"]), "utf-8")
    code, lines, _ = desk("migrate", "run", str(FOLDER), "--source", str(export), "--workers", "1")
    assert (code, [line for line in lines if "FAIL" in line]) == (0, [])
    rows = [json.loads(line) for line in desk("migrate", "dispositions", "--json")[1]]
    assert [row["amount_minor"] for row in rows if row["key"] == f"{key}R"] == [-500]


def test_the_example_never_stands_in_for_a_practice_that_nobody_named(hub, desk, export: Path, tmp_path: Path):
    hub.monkeypatch.delenv("HUB_PRACTICE")
    for asked in (("tell", str(FOLDER)), ("fetch", "juniper-ehr", "--to", str(tmp_path / "fetched"))):
        code, lines, said = desk("migrate", *asked)
        assert (code, lines) == (1, [])
        assert "HUB_PRACTICE" in " ".join(said)
    assert not (tmp_path / "fetched").exists()
    assert json.loads(desk("migrate", "plan", str(FOLDER), "--source", str(export), "--json")[1][0])["calendars"] == []


@pytest.mark.slow
def test_a_cut_over_tells_whose_calendars_it_made_the_hubs(hub, desk, store: SqlStore, export: Path):
    write(hub, VENDOR, system="legacy")
    apply_practice(store, VENDOR, "practice.yaml")
    run_of(store, export).run()
    assert desk("migrate", "verify", str(FOLDER))[0] == 0
    code, lines, said = desk("migrate", "cutover", str(FOLDER), "--source", str(export), "--by", "Dr. Lee")
    assert code == 0, (lines, said)
    assert [line for line in lines if line.startswith("switch ") and line.endswith("calendars main")]


def kept(store: SqlStore) -> int:
    return sum(one.is_noted for one in list_batches(store))


def age(database: Database, days: int) -> None:
    with database.owner.begin() as connection:
        connection.execute(text("UPDATE import_batch SET finished_at = now() - :age"), {"age": timedelta(days=days)})


def test_what_batches_changed_is_forgotten_after_its_days_and_not_while_there_is_a_way_back(
    desk, store: SqlStore, database: Database, export: Path
):
    run_of(store, export).run()
    assert kept(store) > 0
    age(database, 89)
    assert json.loads(desk("tend", "--json")[1][0])["forgotten_batches"] == 0
    age(database, 91)
    with store.begin("switch") as work:
        until = {"until": (work.now + timedelta(days=1)).isoformat()}
        work.cutovers.record("legacy", 1, Step.SWITCH, "Dr. Lee", until)
    assert json.loads(desk("tend", "--json")[1][0])["forgotten_batches"] == 0
    with store.begin("back") as work:
        work.cutovers.record("legacy", 1, Step.CLOSED, "Dr. Lee", {})
    before = kept(store)
    assert json.loads(desk("tend", "--json")[1][0])["forgotten_batches"] == before > 0
    assert kept(store) == 0
    with database.owner.connect() as connection:
        audited = connection.execute(text("SELECT actor FROM audit_entry WHERE action = 'forget_notes'"))
        assert audited.scalars().all() == ["hub"]
