"""What people decide about a history: corrected rows, aliases, merges, approved tables."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest
import yaml

from hub.bootstrap.migration_folder import read_migration_folder
from hub.bootstrap.migration_plan import plan_migration
from hub.bootstrap.migration_start import start_migration
from hub.errors import InvalidInput
from hub.settings import Settings
from hub.store.unit_of_work import SqlStore
from tests.integration.migration.moved import FOLDER, fates_of, one_row, run_of
from tests.legacy.generate import generate

Decide = Callable[..., Path]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(4, 60, tmp_path / "export")
    return tmp_path / "export"


@pytest.fixture
def decide(tmp_path: Path) -> Decide:
    """The example's folder with these decisions."""

    def write(**decisions: object) -> Path:
        folder = tmp_path / "migration"
        copytree(FOLDER, folder, dirs_exist_ok=True)
        (folder / "decisions.yaml").write_text(yaml.safe_dump(decisions), encoding="utf-8")
        return folder

    return write


def test_a_row_that_is_put_right_is_taken_and_only_its_month_is_done_again(
    export: Path, decide: Decide, store: SqlStore
) -> None:
    run_of(store, export).run()
    fates = fates_of(store)["appointments.csv"]
    key = next(id_ for id_, rows in fates.items() if one_row(rows)["reason"] == "unknown_code")
    folder = decide(corrections={"visit": {key: {"Status": "Completed"}}})
    done: list[str] = []
    run_of(store, export, folder).run(
        lambda partition, counts: done.append(str(partition)) if counts is not None else None
    )
    again = one_row(fates_of(store)["appointments.csv"][key])
    assert (again["verdict"], again["status"]) == ("loaded", "fulfilled")
    assert len([one for one in done if one.startswith("load visit")]) == 1


def test_a_name_that_gets_a_meaning_lets_its_rows_in(export: Path, decide: Decide, store: SqlStore) -> None:
    run_of(store, export).run()
    fates = fates_of(store)
    wanted = one_row(next(iter(fates["services.csv"].values())))
    lost = {id_ for id_, rows in fates["appointments.csv"].items() if one_row(rows)["reason"] == "unknown_service"}
    names = ["???", "B20", "Lip filler - Dr. Smith special"]
    folder = decide(aliases={"service": dict.fromkeys(names, wanted["canonical_id"])})
    run_of(store, export, folder).run()
    found = {id_: one_row(fates_of(store)["appointments.csv"][id_]) for id_ in lost}
    assert {one["sku"] for one in found.values() if one["verdict"] == "loaded"} <= {wanted["sku"]}
    assert any(one["verdict"] == "loaded" for one in found.values())


def test_two_whom_a_person_called_one_are_one_and_two_whom_they_called_two_stay_two(
    export: Path, decide: Decide, store: SqlStore
) -> None:
    run_of(store, export).run()
    rows = [one_row(found) for found in fates_of(store)["clients.csv"].values()]
    first, second = (row["key"] for row in [row for row in rows if row["verdict"] == "loaded"][:2])
    run_of(store, export, decide(merge=[[first, second]])).run()
    clients = fates_of(store)["clients.csv"]
    assert one_row(clients[first])["person"] == one_row(clients[second])["person"]


def test_a_pair_that_a_person_called_two_is_neither_merged_nor_asked_about(
    export: Path, decide: Decide, store: SqlStore, tmp_path: Path
) -> None:
    lines = (export / "clients.csv").read_text("utf-8-sig").splitlines(keepends=True)
    plain = next(line for line in lines[1:] if line.count('"') == 0 and line.startswith("C") and line.endswith("\n"))
    twin = "C99999" + plain[plain.index(",") :]
    (export / "clients.csv").write_text("".join([*lines, twin]), encoding="utf-8-sig")
    first = plain.split(",")[0]
    run_of(store, export, decide(never_merge=[[first, "C99999"]])).run()
    clients = fates_of(store)["clients.csv"]
    assert clients[first][0]["person"] != clients["C99999"][0]["person"]


def test_a_table_that_changed_since_it_was_approved_is_refused(decide: Decide) -> None:
    with pytest.raises(InvalidInput, match=r"decisions\.yaml:2: approved\.visit: the mapping is not the one"):
        read_migration_folder(decide(approved={"visit": "another"}), Settings())
    mark = str(read_migration_folder(FOLDER, Settings()).mappings["visit"].fingerprint)  # type: ignore[index]
    assert read_migration_folder(decide(approved={"visit": mark}), Settings()).decisions.approved


def test_a_started_folder_has_a_plan_in_which_every_field_has_a_disposition(export: Path, tmp_path: Path) -> None:
    start_migration(tmp_path / "new")
    folder = read_migration_folder(tmp_path / "new", Settings())
    plans = plan_migration(folder, folder.history(export))
    assert {one.kind: one.undisposed for one in plans if one.undisposed} == {}
    assert sum(next(one for one in plans if one.kind == "visit").months.values()) > 60
    with pytest.raises(InvalidInput, match="nothing was written"):
        start_migration(tmp_path / "new")


def test_a_column_of_which_nobody_spoke_is_named(export: Path, tmp_path: Path) -> None:
    file = export / "staff.csv"
    lines = file.read_text("cp1252").splitlines()
    file.write_text("".join(f"{line},{'Shoe size' if not n else '41'}\n" for n, line in enumerate(lines)), "cp1252")
    folder = read_migration_folder(FOLDER, Settings())
    plans = plan_migration(folder, folder.history(export))
    assert {one.kind: one.undisposed for one in plans if one.undisposed} == {"provider": ("Shoe size",)}


def test_a_wrong_migration_file_is_refused_with_its_line_and_key(decide: Decide) -> None:
    folder = decide()
    text = (folder / "migration.yaml").read_text("utf-8")
    (folder / "migration.yaml").write_text(text.replace("America/Chicago ", "Texas ").replace("optional", "maybe"))
    with pytest.raises(InvalidInput) as refused:
        read_migration_folder(folder, Settings())
    said = [str(problem) for problem in refused.value.problems]
    assert any("migration.yaml:4: zone: there is no time zone 'Texas'" in one for one in said)
    assert any("unknown key 'maybe'" in one for one in said)
