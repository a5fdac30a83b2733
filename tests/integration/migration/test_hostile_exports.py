"""Exports that went wrong: a row that cannot be trusted waits with its reason, a file that cannot is refused whole."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import yaml
from sqlalchemy import Engine

from hub.bootstrap.migration_folder import read_migration_folder
from hub.bootstrap.migration_plan import plan_migration
from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.errors import InvalidInput
from hub.ports.migrations import BAD_ROW, DatedRow, Stage
from hub.settings import Settings
from hub.store.unit_of_work import SqlStore
from tests.integration.migration.moved import FOLDER, Fates, dump_of, fates_of, one_row, run_of
from tests.legacy.generate import generate

FORMULA = '=HYPERLINK("http://127.0.0.1/"&A1)'


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(4, 30, tmp_path / "export")
    return tmp_path / "export"


def good_row(export: Path) -> dict[str, str]:
    """A visit of which nothing is wrong, as the next ones are made of."""
    with (export / "appointments.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return next(
        row
        for row in rows
        if row["Status"] == "Completed" and row["Notes"] and [one["ApptID"] for one in rows].count(row["ApptID"]) == 1
    )


def add_rows(export: Path, rows: dict[str, dict[str, str]], alter: Callable[[bytes], bytes] = bytes) -> None:
    """Rows like a good one under these ids, with these changes."""
    good = good_row(export)
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(good), lineterminator="\n")
    writer.writerows([{**good, "ApptID": id_, "Modified": "", **changes} for id_, changes in rows.items()])
    file = export / "appointments.csv"
    file.write_bytes(file.read_bytes().rstrip(b"\n") + b"\n" + alter(stream.getvalue().encode()))


def fate(fates: Fates, key: str) -> dict[str, Any]:
    return dict(one_row(fates["appointments.csv"][key]))


def note_of(store: SqlStore, canonical_id: str) -> str | None:
    with store.begin("look") as work:
        (visit,) = work.records.load(Kind.VISIT, [canonical_id]).values()
    assert isinstance(visit, Visit)
    return visit.note


def test_dates_of_several_forms_in_one_column_and_commas_for_points_mean_what_they_say(
    export: Path, store: SqlStore
) -> None:
    said = {
        "H1": {"Date": "2026-02-28", "Price": "120,50"},
        "H2": {"Date": "02/28/2026", "Price": "1.120,50"},
        "H3": {"Date": "28-Feb-2026", "Price": "$1,120.50"},
        "H4": {"Date": "28.02.2026"},
        "H5": {"Date": "2026-02-30"},
        "H6": {"Date": "28/02/2026"},
    }
    add_rows(export, said)
    run_of(store, export).run()
    fates = fates_of(store)
    assert {fate(fates, id_)["start"][:10] for id_ in ("H1", "H2", "H3")} == {"2026-02-28"}
    assert [fate(fates, id_)["price_minor"] for id_ in ("H1", "H2", "H3")] == [12050, 112050, 112050]
    assert {fate(fates, id_)["reason"] for id_ in ("H4", "H5", "H6")} == {"bad_date"}


def test_rows_that_cannot_be_trusted_wait_and_their_neighbours_are_loaded(export: Path, store: SqlStore) -> None:
    def alter(lines: bytes) -> bytes:
        return lines.replace(b"nul", b"n\x00l").replace(b"broken", b"br\xffken").replace(b"stray", b'"str"ay"')

    notes = {"N1": "nul", "N2": "broken", "N3": "stray", "N4": FORMULA, "N5": "fine"}
    add_rows(export, {id_: {"Notes": note} for id_, note in notes.items()}, alter)
    account = {one.file: one for one in run_of(store, export).run()}["appointments.csv"]
    fates = fates_of(store)
    found = {fate["reason"] for rows in fates["appointments.csv"].values() for fate in rows if "line " in fate["key"]}
    assert found == {"nul_byte", "wrong_encoding", "bad_csv"}
    assert account.loaded + account.merged + account.quarantined == account.rows
    assert [fate(fates, id_)["verdict"] for id_ in ("N4", "N5")] == ["loaded", "loaded"]
    assert note_of(store, fate(fates, "N4")["canonical_id"]) == FORMULA


def endless(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"A" * (1 << 25))


def bomb(file: Path) -> None:
    sheet = b"<worksheet><sheetData>" + b" " * (1 << 27) + b"</sheetData></worksheet>"
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


@pytest.mark.parametrize(
    "spoil", [pytest.param(endless, marks=pytest.mark.slow), bomb, pytest.param(cut_off, marks=pytest.mark.slow)]
)
def test_a_file_that_cannot_be_trusted_is_refused_by_name_and_nothing_of_it_stays(
    spoil: Callable[[Path], None], export: Path, store: SqlStore, engine: Engine
) -> None:
    file = export / "appointments.csv"
    whole = file.read_bytes()
    spoil(file)
    with pytest.raises(InvalidInput, match=r"appointments\.csv"):
        run_of(store, export).run()
    assert not [
        line for line in dump_of(engine) if line.startswith(("visit ", "landed_row")) and "appointments" in line
    ]
    file.write_bytes(whole)
    account = {one.file: one for one in run_of(store, export).run()}["appointments.csv"]
    assert account.loaded > 0
    assert account.lost == 0


def test_a_file_without_a_last_line_end_is_whole_where_the_folder_says_so_and_its_last_row_is_held_to_its_columns(
    export: Path, tmp_path: Path
) -> None:
    file = export / "services.csv"
    file.write_bytes(file.read_bytes().rstrip(b"\r\n"))

    def read(folder: Path) -> list[DatedRow]:
        return list(read_migration_folder(folder, Settings()).history(export).source.read(Kind.SERVICE))

    with pytest.raises(InvalidInput, match=r"the last line has no end\. .* say 'ends_with_newline: false' of these"):
        read(FOLDER)
    folder = copytree(FOLDER, tmp_path / "migration")
    told = yaml.safe_load((folder / "migration.yaml").read_text("utf-8"))
    told["source"]["records"]["service"]["ends_with_newline"] = False
    (folder / "migration.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    rows = read(folder)
    assert not any(BAD_ROW in row.record.payload for row in rows)
    file.write_bytes(file.read_bytes().rpartition(b",")[0])
    *before, last = read(folder)
    assert (len(before), last.record.payload[BAD_ROW]) == (len(rows) - 1, "bad_csv")


def test_a_file_that_changes_between_its_hash_and_its_rows_is_refused_and_nothing_lands(
    export: Path, store: SqlStore
) -> None:
    run = run_of(store, export)
    planned = next(one for one in run.plan_landing() if one.partition.kind is Kind.VISIT)
    add_rows(export, {"LATE": {}})
    with pytest.raises(InvalidInput, match="files changed while they were read"):
        run.perform(planned)
    with store.begin("look") as work:
        assert not work.migrations.find_attempts("legacy", Stage.LAND)


@pytest.mark.slow
def test_thousands_of_columns_are_read_and_each_that_nobody_spoke_of_is_named(
    export: Path, store: SqlStore, tmp_path: Path
) -> None:
    file, more = export / "clients.csv", [f"Custom {number}" for number in range(3000)]
    with file.open(newline="", encoding="utf-8-sig") as stream:
        head, *rows = csv.reader(stream)
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([[*head, *more], *([*row, *[""] * len(more)] for row in rows)])
    folder = read_migration_folder(FOLDER, Settings())
    (undisposed,) = (one.undisposed for one in plan_migration(folder, folder.history(export)) if one.undisposed)
    assert undisposed == tuple(more)
    copytree(FOLDER, tmp_path / "folder")
    said = yaml.safe_load((FOLDER / "migration.yaml").read_text("utf-8"))
    said["source"]["records"]["patient"]["kept"] = more
    (tmp_path / "folder" / "migration.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    folder = read_migration_folder(tmp_path / "folder", Settings())
    assert not [one for one in plan_migration(folder, folder.history(export)) if one.undisposed]
    account = {one.file: one for one in run_of(store, export, tmp_path / "folder").run()}["clients.csv"]
    assert account.lost == 0
