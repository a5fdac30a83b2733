"""A history is moved partition by partition, and every row ends as its truth says."""

import csv
import json
from pathlib import Path
from shutil import copytree

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRef
from hub.operations.explain_record import explain_record
from hub.ports.migrations import Partition, Stage
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import fresh_database
from tests.integration.migration.moved import (
    FOLDER,
    ROOT,
    dump_of,
    fates_of,
    merged_rows,
    one_row,
    run_of,
    visits_found,
    visits_told,
)
from tests.legacy.generate import generate

SHARED = ROOT.parent / "shared" / "data" / "legacy-export"
JUNIPER = ROOT / "examples" / "juniper" / "legacy-export"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    generate(4, 60, tmp_path / "small")
    return tmp_path / "small"


def assert_is_as_told(source: Path, store: SqlStore) -> None:
    truth = json.loads((source / "truth.json").read_text("utf-8"))
    files = run_of(store, source).run()
    fates = fates_of(store)
    told, found = visits_told(truth, fates), visits_found(truth, fates)
    assert {id_: (told[id_], found[id_]) for id_ in told if told[id_] != found[id_]} == {}
    services = {id_: one_row(rows) for id_, rows in fates["services.csv"].items()}
    assert {id_: {"sku": one["sku"], "archive": one["archive"]} for id_, one in services.items()} == truth["services"]
    payments = {id_: one_row(fates["payments.csv"][id_]) for id_ in truth["payments"]}
    wrong = {id_: one for id_, one in payments.items() if any(one[k] != v for k, v in truth["payments"][id_].items())}
    assert wrong == {}
    conflicts = sum(one_row(rows).get("history_conflict", False) for rows in fates["appointments.csv"].values())
    assert conflicts == truth["totals"]["history_conflicts"]
    counted = merged_rows(fates)
    if "repeated_rows" in truth["totals"]:
        asked = counted["repeated"], counted["superseded"]
        assert asked == (truth["totals"]["repeated_rows"], truth["totals"]["superseded_rows"])
    for file in files:
        assert file.loaded + file.merged + file.quarantined + file.review + file.landed == file.rows
        assert file.rows == truth["totals"]["rows"][file.file.removesuffix(".csv")]


COLUMN_OF = {
    "bad_date": "Date + Start",
    "bad_money": "Price",
    "bad_times": None,  # the columns are sound one by one
    "implausible_date": "Date + Start",
    "orphan_patient": "ClientID",
    "unknown_code": "Status",
    "unknown_service": "Service",
}


def test_a_visit_that_is_left_behind_names_the_column_in_which_that_is(small: Path, store: SqlStore) -> None:
    run_of(store, small).run()
    rows = [row for rows in fates_of(store)["appointments.csv"].values() for row in rows]
    assert {row["reason"]: row.get("field") for row in rows if row["verdict"] == "quarantined"} == COLUMN_OF
    assert not [row for row in rows if "field" in row and row["verdict"] != "quarantined"]


def test_an_export_with_other_capitals_and_semicolons_is_the_same_history(
    small: Path, tmp_path: Path, store: SqlStore, engine: Engine, database_server: EmbeddedServer
) -> None:
    run_of(store, small).run()
    told = [line for line in dump_of(engine) if not line.startswith("import_batch")]
    folder = Path(copytree(FOLDER, tmp_path / "folder"))
    file = folder / "migration.yaml"
    file.write_text(file.read_text("utf-8").replace("files: app", 'delimiter: ";"\n      files: app'), encoding="utf-8")
    with (small / "appointments.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    with (small / "appointments.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows([[column.upper() for column in header], *rows])
    with fresh_database(database_server) as other:
        run_of(SqlStore(other.engine), small, folder).run()
        assert [line for line in dump_of(other.engine) if not line.startswith("import_batch")] == told


def test_every_row_ends_as_its_truth_says(small: Path, store: SqlStore) -> None:
    assert_is_as_told(small, store)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "visits"), [(11, 300), (12, 1200), (13, 4000)])
def test_other_exports_with_other_staff_rows_and_dirt_do(
    seed: int, visits: int, tmp_path: Path, store: SqlStore
) -> None:
    generate(seed, visits, tmp_path / "export")
    assert_is_as_told(tmp_path / "export", store)


@pytest.mark.slow
@pytest.mark.parametrize("export", [JUNIPER, *([SHARED] if SHARED.is_dir() else [])], ids=lambda one: one.parent.name)
def test_given_exports_do(export: Path, store: SqlStore) -> None:
    assert_is_as_told(export, store)


def test_a_second_run_does_nothing_and_changes_nothing(small: Path, store: SqlStore, engine: Engine) -> None:
    done: list[str] = []
    run_of(store, small).run(lambda partition, counts: done.append(str(partition)) if counts is not None else None)
    before = dump_of(engine)
    assert done
    done.clear()
    run_of(store, small).run(lambda partition, counts: done.append(str(partition)) if counts is not None else None)
    assert (done, dump_of(engine)) == ([], before)


def test_change_to_one_client_loads_the_clients_again_and_no_month(small: Path, store: SqlStore) -> None:
    run_of(store, small).run()
    with (small / "clients.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    once = next(row for row in rows if [one[0] for one in rows].count(row[0]) == 1 and row[0].startswith("C"))
    once[header.index("City")] = "Newtown"
    with (small / "clients.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    done: list[str] = []
    run_of(store, small).run(lambda partition, counts: done.append(str(partition)) if counts is not None else None)
    assert done == ["land patient", "load patient", "replay", "claim", "account"]
    with store.begin("read") as work:
        link = work.links.find([SourceRef("legacy", Kind.PATIENT, once[0])])
        (patient,) = work.records.load(Kind.PATIENT, {one.canonical_id for one in link.values()}).values()
    assert getattr(patient, "city", None) == "Newtown"


def test_nothing_is_sent_to_anybody(small: Path, store: SqlStore, engine: Engine) -> None:
    run_of(store, small).run()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM visit")).scalar_one() > 0
        for outward in ("outbox_delivery", "pending_change", "payment_intent", "waitlist_entry"):
            assert connection.execute(text(f"SELECT count(*) FROM {outward}")).scalar_one() == 0


def test_every_value_of_a_visit_leads_to_its_file_line_and_run(small: Path, store: SqlStore) -> None:
    run_of(store, small).run()
    visit = next(rows[0] for rows in fates_of(store)["appointments.csv"].values() if rows[0]["verdict"] == "loaded")
    explained = explain_record(store, Kind.VISIT, visit["canonical_id"], actor="test")
    with store.begin("look") as work:
        landed = work.migrations.find_attempts("legacy")[Partition(Stage.LAND, Kind.VISIT)]
    said = {(one.file, one.line, one.batch) for one in explained.fields if one.system == "legacy"}
    assert said == {("appointments.csv", visit["line"], landed.batch_id)}
