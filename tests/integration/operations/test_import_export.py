"""An export is taken in whole: every row is accounted for, and the canonical records say what the truth says."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind, LocationId, ProviderId, ResourceId, ServiceId
from hub.canonical.records import Location, Provider, Resource, Service
from hub.connectors.kit.connection import read_connection
from hub.errors import InvalidInput
from hub.mapping.apply import TwoWay, read_mapping
from hub.mapping.codes import CodeTable
from hub.mapping.spec import read_codes
from hub.operations.apply_practice import apply_practice
from hub.operations.import_export import ImportRequest, ImportResult, import_export
from hub.store.checkpoint import KILL_AT
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.operations import import_truth as found
from tests.legacy.generate import generate
from tests.legacy.run_import import MAPPINGS, NO_ALIASES, request_of

ROOT = Path(__file__).parents[3]
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
SHARED = ROOT.parent / "shared" / "data" / "legacy-export"
MADE = [(1, 60), (2, 400), (3, 1500)]
GIVEN = [ROOT / "examples" / "juniper" / "legacy-export", *([SHARED] if SHARED.is_dir() else [])]


def _named(export: Path | tuple[int, int]) -> str:
    return export.parent.name if isinstance(export, Path) else "seed {}, {} visits".format(*export)


@pytest.fixture(params=[*MADE, *GIVEN], ids=_named)
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if isinstance(request.param, Path):
        return request.param
    seed, visits = request.param
    generate(seed, visits, tmp_path / "export")
    return tmp_path / "export"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    generate(4, 80, tmp_path / "small")
    return tmp_path / "small"


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    return SqlStore(engine)


def truth_of(folder: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text("utf-8"))
    return truth


def test_an_export_becomes_what_its_truth_says(export: Path, store: SqlStore, engine: Engine) -> None:
    truth = truth_of(export)
    result = import_export(request_of(export), store)
    totals = truth["totals"]
    with engine.connect() as db:
        assert found.found_verdicts(db) == found.told_verdicts(truth)
        assert found.found_visits(db) == found.told_visits(truth)
        again = len(truth["clients"]) - len(set(found.linked(db, "patient").values()))
        merged = {
            "repeated": totals["repeated_rows"],
            "superseded": totals["superseded_rows"],
            "same_person": again,
        }
        assert found.merged_rows(db) == {why: count for why, count in merged.items() if count}
        assert found.found_services(db) == truth["services"]
        assert found.found_verdicts(db, "payments.csv") == found.told_verdicts(truth, "payments")
        assert found.found_payments(db) == found.loaded_of(truth, "payments", "amount_minor")
        if "packages" in truth:
            assert found.found_verdicts(db, "packages.csv") == found.told_verdicts(truth, "packages")
            assert found.found_packages(db) == found.loaded_of(truth, "packages", "left", "sku", "expires_on")
            assert found.found_lots(db) == found.loaded_of(truth, "lots", "product", "on_hand", "unit", "expires_on")
        assert found.linked(db, "patient").keys() == truth["clients"].keys()
        found.assert_people(db, truth)
        assert len(found.linked(db, "provider")) == totals["rows"]["staff"]
        overlapping = {id_ for id_, told in truth["appointments"].items() if told.get("history_conflict")}
        assert found.source_ids(db, result.history_conflicts) == overlapping


def test_every_row_of_every_file_is_accounted_for(small: Path, store: SqlStore, engine: Engine) -> None:
    rows = truth_of(small)["totals"]["rows"]
    result = import_export(request_of(small), store)
    for counts in result.files:
        assert counts.loaded + counts.merged + counts.quarantined + counts.landed == counts.rows
        assert counts.rows == rows[counts.file.removesuffix(".csv")]
    with engine.connect() as db:
        assert found.accounted_rows(db) == rows
        assert db.execute(text("SELECT state FROM import_batch")).scalar_one() == "loaded"


def test_history_is_told_to_nobody(small: Path, store: SqlStore) -> None:
    import_export(request_of(small), store)
    with store.begin("test") as work:
        assert work.outbox.count() == {}


def test_money_and_stock_without_tables_wait_as_they_landed(small: Path, store: SqlStore, engine: Engine) -> None:
    rows = truth_of(small)["totals"]["rows"]
    request = request_of(small)
    tables = {name: table for name, table in request.mappings.items() if name not in {"payment", "package", "lot"}}
    result = import_export(replace(request, mappings=tables), store)
    assert {one.file: one.landed for one in result.files if one.landed} == {
        "payments.csv": rows["payments"],
        "packages.csv": rows["packages"],
        "inventory.csv": rows["inventory"],
    }
    with engine.connect() as db:
        assert set(found.accounted_rows(db)) == {"clients", "services", "staff", "appointments"}


def test_what_was_sent_stands_unchanged_with_its_file_and_line(small: Path, store: SqlStore, engine: Engine) -> None:
    request = request_of(small)
    import_export(request, store)
    sent = {(row.ref.kind, row.ref.id): row for file in request.files for row in reversed(file.records)}
    with engine.connect() as db:
        rows = db.execute(text("SELECT kind, source_id, payload, file, line FROM source_record")).all()
    payloads = [(row.kind, row.source_id, row.payload) for row in rows]
    assert all((kind, id_, dict(row.payload)) in payloads for (kind, id_), row in sent.items())
    assert all(row.file and row.line > 1 for row in rows)


def test_a_second_run_changes_nothing_and_says_so(small: Path, store: SqlStore, engine: Engine) -> None:
    first = import_export(request_of(small), store)
    with engine.connect() as db:
        before = found.everything(db)
    again = import_export(request_of(small), store)
    with engine.connect() as db:
        assert found.everything(db) == before
    assert (first.already_loaded, again.already_loaded) == (False, True)
    assert (again.batch_id, again.files) == (first.batch_id, first.files)
    assert (again.saved.changed, again.history_conflicts) == ((), first.history_conflicts)


def test_a_code_that_gets_a_meaning_lets_its_rows_in(small: Path, store: SqlStore, engine: Engine) -> None:
    told = found.told_visits(truth_of(small))
    chosen = next(id_ for id_, visit in told.items() if visit[2] == "fulfilled")
    request = _with_status(request_of(small), chosen, "Went home happy")
    first = import_export(request, store)
    with engine.connect() as db:
        assert found.found_verdicts(db)[chosen] == ("quarantined", "unknown_code")
    again = import_export(
        replace(request, mappings={**request.mappings, "visit": _with_meaning("Went home happy")}), store
    )
    assert not again.already_loaded
    assert {one.partition("_")[0] for one in again.saved.inserted} == {"vis", "pay"}  # the visit, and what it cost
    assert (len(again.saved.inserted), again.saved.updated) == (2, ())
    assert reasons(again).get("unknown_code", 0) == reasons(first)["unknown_code"] - 1
    with engine.connect() as db:
        assert found.found_visits(db) == told


def _with_status(request: ImportRequest, id_: str, status: str) -> ImportRequest:
    files = [
        replace(
            file,
            records=tuple(
                row._replace(payload={**row.payload, "Status": status}) if row.ref.id == id_ else row
                for row in file.records
            ),
        )
        for file in request.files
    ]
    return replace(request, files=tuple(files))


def _with_meaning(word: str) -> TwoWay:
    codes = {file.stem: read_codes(file.read_text("utf-8"), file.name) for file in (MAPPINGS / "codes").glob("*.yaml")}
    known = codes["legacy-visit-status"].codes
    codes["legacy-visit-status"] = CodeTable(codes={**known, "fulfilled": (*known["fulfilled"], word)})
    return read_mapping((MAPPINGS / "legacy-export" / "visit.yaml").read_text("utf-8"), "visit.yaml", codes)


def reasons(result: ImportResult) -> dict[str, int]:
    return next(dict(file.reasons) for file in result.files if file.file == "appointments.csv")


def test_a_later_export_changes_what_changed_and_knows_who_is_linked(
    small: Path, store: SqlStore, engine: Engine
) -> None:
    import_export(request_of(small), store)
    request = request_of(small)
    told = found.told_visits(truth_of(small))
    id_ = next(id_ for id_, visit in told.items() if visit[2] == "fulfilled")
    clients, services, staff, visits, *_ = request.files
    row = next(record for record in visits.records if record.ref.id == id_)
    cancelled = row._replace(payload={**row.payload, "Status": "Cxl"}, version="2030-01-01 00:00")
    delta = (
        replace(clients, records=(), sha256="none"),
        services,
        staff,
        replace(visits, records=(cancelled,), sha256="one"),
    )
    result = import_export(replace(request, files=delta), store)
    with engine.connect() as db:
        after = found.found_visits(db)
        claims = db.execute(
            text("SELECT count(*) FROM claim JOIN source_link ON canonical_id = visit_id WHERE source_id = :id"),
            {"id": id_},
        ).scalar_one()
    assert after == {**told, id_: (*told[id_][:2], "cancelled", *told[id_][3:])}
    assert (len(result.saved.inserted), len(result.saved.updated), claims) == (0, 1, 0)


def test_an_older_export_that_comes_late_undoes_nothing(small: Path, store: SqlStore, engine: Engine) -> None:
    request = request_of(small)
    import_export(request, store)
    with engine.connect() as db:
        before = found.found_visits(db)
    visits = next(file for file in request.files if file.kind is Kind.VISIT)
    stale = [row._replace(payload={**row.payload, "Room": "Elsewhere"}, modified_at=LONG_AGO) for row in visits.records]
    late = replace(visits, records=tuple(stale), sha256="late")
    files = tuple(late if file is visits else file for file in request.files)
    result = import_export(replace(request, files=files), store)
    with engine.connect() as db:
        assert found.found_visits(db) == before
        rooms = db.execute(text("SELECT count(*) FROM resource WHERE name = 'Elsewhere'")).scalar_one()
    assert (result.saved.changed, rooms) == ((), 0)
    counts = next(file for file in result.files if file.kind is Kind.VISIT)
    assert counts.loaded == 0
    assert counts.reasons["superseded"] >= len(before)
    assert counts.merged + counts.quarantined == counts.rows


def test_what_the_practice_file_names_is_linked_and_only_its_blanks_are_filled(
    small: Path, store: SqlStore, engine: Engine
) -> None:
    service_id = next(iter(truth_of(small)["services"]))
    with store.begin("test") as work:
        work.records.save([
            Provider(id=ProviderId("dr-o"), name="Dr. O"),
            Service(id=ServiceId("peel"), sku="Peel", name="Peel", minutes=10),
            Location(id=LocationId("main"), name="Main street"),
            Resource(id=ResourceId("room-1"), kind="room", name="Room 1"),
            Resource(id=ResourceId("laser"), kind="room", name="Laser"),
        ])  # fmt: skip
    aliases = {
        **NO_ALIASES,
        Kind.PROVIDER: {"E1": "dr-o"},
        Kind.SERVICE: {service_id: "peel"},
        Kind.LOCATION: {"MAIN": "main"},
        Kind.RESOURCE: {"room 1": "room-1", "main/Laser Suite": "laser"},
    }
    import_export(request_of(small, aliases), store)
    with engine.connect() as db:
        assert found.linked(db, "provider")["E1"] == "dr-o"
        assert found.linked(db, "service")[service_id] == "peel"
        assert set(found.linked(db, "location").values()) == {"main"}
        assert {"room-1", "laser"} < set(found.linked(db, "resource").values())
        provider = db.execute(text("SELECT name, license_number FROM provider WHERE id = 'dr-o'")).one()
        service = db.execute(text("SELECT name, minutes, archived, category FROM service WHERE id = 'peel'")).one()
        visits = db.execute(text("SELECT count(*) FROM visit WHERE service_id = 'peel'")).scalar_one()
    assert tuple(provider) == ("Dr. O", "TX-M7001")
    assert tuple(service[:3]) == ("Peel", 10, False)
    assert service.category
    assert visits > 0


def test_the_practice_file_and_an_export_do_not_undo_each_other(store: SqlStore, engine: Engine) -> None:
    juniper = ROOT / "examples" / "juniper"
    practice = (juniper / "practice.yaml").read_text("utf-8")
    connection = read_connection((juniper / "connections" / "juniper-legacy.yaml").read_text("utf-8"), "c")
    apply_practice(store, practice, "practice.yaml")
    import_export(request_of(juniper / "legacy-export", connection.aliases), store)
    with engine.connect() as db:
        before = found.everything(db)
    assert apply_practice(store, practice, "practice.yaml").changed == ()
    with engine.connect() as db:
        assert found.everything(db) == before
        named = db.execute(text("SELECT name, category, archived FROM service WHERE id = 'botox-forehead'")).one()
    assert tuple(named) == ("Botox 20u - forehead", "Injectables", False)


def test_who_was_merged_stays_so_when_the_same_rows_come_in_another_export(
    small: Path, store: SqlStore, engine: Engine
) -> None:
    first = import_export(request_of(small), store)
    people = "SELECT to_jsonb(p) FROM patient p ORDER BY id"
    merges = "SELECT merged_id, undone_at FROM person_merge ORDER BY id"
    with engine.connect() as db:
        before = db.execute(text(people)).all(), db.execute(text(merges)).all(), found.linked(db, "patient")
    request = request_of(small)
    again = import_export(replace(request, files=tuple(replace(one, sha256="again") for one in request.files)), store)
    assert not again.already_loaded
    assert again.saved.changed == ()
    with engine.connect() as db:
        assert (db.execute(text(people)).all(), db.execute(text(merges)).all(), found.linked(db, "patient")) == before
    assert before[1]
    clients = [next(one for one in done.files if one.file == "clients.csv") for done in (first, again)]
    assert clients[0] == clients[1]
    assert clients[0].reasons["same_person"] == len(before[1])


def test_two_imports_at_once_are_one(small: Path, engine: Engine) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: import_export(request_of(small), SqlStore(engine)), range(2)))
    assert sorted(result.already_loaded for result in both) == [False, True]
    with engine.connect() as db:
        assert found.everything(db)["import_batch"] == 1
        assert found.found_visits(db) == found.told_visits(truth_of(small))


def _run(database: Database, folder: Path, kill_at: str = "") -> int:
    command = [sys.executable, "-m", "tests.legacy.run_import", database.text_url, str(folder)]
    environment = {**os.environ, KILL_AT: kill_at}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True).returncode


def test_a_process_that_is_killed_before_the_end_leaves_nothing_and_the_next_one_does_it_all(
    small: Path, database: Database
) -> None:
    assert _run(database, small, "import_export:before_commit") == -signal.SIGKILL
    with database.engine.connect() as db:
        assert set(found.everything(db).values()) == {0}
    assert _run(database, small) == 0
    with database.engine.connect() as db:
        assert found.found_verdicts(db) == found.told_verdicts(truth_of(small))


def test_a_process_that_is_killed_after_the_end_has_done_it_all(small: Path, database: Database) -> None:
    assert _run(database, small, "import_export:after_commit") == -signal.SIGKILL
    with database.engine.connect() as db:
        before = found.everything(db)
        assert found.found_visits(db) == found.told_visits(truth_of(small))
    assert import_export(request_of(small), SqlStore(database.engine)).already_loaded
    with database.engine.connect() as db:
        assert found.everything(db) == before


def test_a_missing_table_is_named_before_anything_is_written(small: Path, store: SqlStore, engine: Engine) -> None:
    request = request_of(small)
    mappings = {name: table for name, table in request.mappings.items() if name != "service"}
    with pytest.raises(InvalidInput, match=r"service\.yaml"):
        import_export(replace(request, mappings=mappings), store)
    with engine.connect() as db:
        assert set(found.everything(db).values()) == {0}


def test_an_alias_that_names_nothing_is_refused_before_anything_is_written(
    small: Path, store: SqlStore, engine: Engine
) -> None:
    with pytest.raises(InvalidInput, match=r"aliases\.provider\.E1: the practice has no provider 'dr-x'"):
        import_export(request_of(small, {Kind.PROVIDER: {"E1": "dr-x"}}), store)
    with engine.connect() as db:
        assert set(found.everything(db).values()) == {0}


def test_progress_names_every_file_and_no_person(small: Path, store: SqlStore) -> None:
    heard: list[tuple[str, int]] = []
    import_export(request_of(small), store, lambda what, rows: heard.append((what, rows)))
    rows = truth_of(small)["totals"]["rows"]
    assert ("land payments.csv", rows["payments"]) in heard
    assert ("read appointments.csv", rows["appointments"]) in heard
