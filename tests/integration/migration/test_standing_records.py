"""Staff and services that the practice file names otherwise than the old system did: its word stands, and is proven."""

import csv
from pathlib import Path
from shutil import copytree

import pytest
import yaml

from hub.bootstrap.migration_folder import read_migration_folder
from hub.operations.apply_practice import apply_practice
from hub.operations.migration.compare_rows import NAME
from hub.pipelines.proving import Proving
from hub.ports.verifications import HistoryCheck
from hub.settings import Settings
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.migration.moved import FOLDER, fates_of, one_row, run_of
from tests.integration.operations.small_practice import PRACTICE
from tests.legacy.generate import generate

TALK = PRACTICE.replace("{id: consult,", "{id: consult, name: First talk,")
assert TALK != PRACTICE


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(4, 40, tmp_path / "export")
    return tmp_path / "export"


def services_of(export: Path) -> dict[str, str]:
    """The rows of the most usual SKU that is written in several ways: id → name."""
    with (export / "services.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["Service ID"]: row["Name"] for row in csv.DictReader(file)}
    follow_ups = {id_: name for id_, name in rows.items() if "follow-up" in name.lower()}
    assert len(follow_ups) > 1
    return follow_ups


def folder_of(tmp_path: Path, service: str) -> Path:
    folder = copytree(FOLDER, tmp_path / "folder")
    aliases = {"provider": {"E1": "dr-lee"}, "service": {service: "consult"}}
    (folder / "decisions.yaml").write_text(yaml.safe_dump({"aliases": aliases}), encoding="utf-8")
    return folder


def prove(database: Database, folder: Path) -> dict[str, HistoryCheck]:
    read = read_migration_folder(folder, Settings())
    proof = Proving(read, SqlStore(database.engine), database.engine, Settings(), workers=1).prove()
    return {check.name: check for check in proof.checks}


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_service_and_a_person_whom_the_practice_file_names_otherwise_are_moved_and_proven(
    by: str, export: Path, tmp_path: Path, store: SqlStore, database: Database
) -> None:
    rows = services_of(export)
    id_, name = next(iter(rows.items()))
    folder = folder_of(tmp_path, {"id": id_, "name": name}[by])
    apply_practice(store, TALK, "practice.yaml")
    run_of(store, export, folder).run()
    fates = fates_of(store)
    assert {one_row(fates["services.csv"][row])["sku"] for row in rows} == {"First talk"}
    assert {one_row(fates["services.csv"][row])["archive"] for row in rows if row != id_} == {True}
    checks = prove(database, folder)
    assert [check.name for check in checks.values() if check.blocks] == []
    assert "staff.csv:2 Name" in checks[NAME].says, "what was not taken over is said"


@pytest.mark.slow
def test_what_another_member_of_staff_is_called_is_compared_all_the_same(
    export: Path, tmp_path: Path, store: SqlStore, database: Database
) -> None:
    folder = folder_of(tmp_path, next(iter(services_of(export))))
    apply_practice(store, TALK, "practice.yaml")
    run_of(store, export, folder).run()
    with database.owner.begin() as connection:
        other = "SELECT canonical_id FROM source_link WHERE kind = 'provider' AND source_id = 'E2'"
        connection.exec_driver_sql(f"UPDATE provider SET name = 'Somebody' WHERE id = ({other})")
    assert prove(database, folder)[NAME].examples == ("staff.csv:3 Name",)


@pytest.mark.slow
def test_a_service_that_the_practice_file_renames_later_gives_its_rows_the_new_sku_with_the_next_run(
    export: Path, tmp_path: Path, store: SqlStore, database: Database
) -> None:
    rows = services_of(export)
    folder = folder_of(tmp_path, next(iter(rows)))
    apply_practice(store, PRACTICE, "practice.yaml")
    run_of(store, export, folder).run()
    apply_practice(store, TALK.replace("First talk", "Second talk"), "practice.yaml")
    run_of(store, export, folder).run()
    fates = fates_of(store)
    assert {one_row(fates["services.csv"][row])["sku"] for row in rows} == {"Second talk"}
    assert [check.name for check in prove(database, folder).values() if check.blocks] == []
