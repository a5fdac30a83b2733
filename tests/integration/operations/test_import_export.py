"""An import is a history that is moved: every row is accounted for, and the records say what the truth says."""

import csv
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
from hub.operations.import_export import ImportResult, import_export
from hub.store.unit_of_work import SqlStore
from tests.integration.operations import import_truth as found
from tests.legacy.generate import generate
from tests.legacy.run_import import MAPPINGS, NO_ALIASES, history_of

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data" / "legacy-export"
MADE = [(1, 60), pytest.param((2, 400), marks=pytest.mark.slow), pytest.param((3, 1500), marks=pytest.mark.slow)]
JUNIPER = pytest.param(ROOT / "examples" / "juniper" / "legacy-export", marks=pytest.mark.slow)
GIVEN = [JUNIPER, *([pytest.param(SHARED, marks=pytest.mark.slow)] if SHARED.is_dir() else [])]


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
    result = import_export(history_of(export), store)
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
        both = "SELECT first_id FROM history_conflict UNION SELECT second_id FROM history_conflict"
        assert found.source_ids(db, db.execute(text(both)).scalars().all()) == overlapping
    assert result.history_conflicts == len(overlapping)


def test_every_row_of_every_file_is_accounted_for(small: Path, store: SqlStore, engine: Engine) -> None:
    rows = truth_of(small)["totals"]["rows"]
    result = import_export(history_of(small), store)
    for counts in result.files:
        assert counts.loaded + counts.merged + counts.quarantined + counts.review == counts.rows
        assert counts.rows == rows[counts.file.removesuffix(".csv")]
    with engine.connect() as db:
        assert found.accounted_rows(db) == rows
        assert set(db.execute(text("SELECT state FROM import_batch")).scalars()) == {"loaded"}


def test_history_is_told_to_nobody(small: Path, store: SqlStore) -> None:
    import_export(history_of(small), store)
    with store.begin("test") as work:
        assert work.outbox.count() == {}


def test_money_and_stock_without_tables_wait_as_they_landed(small: Path, store: SqlStore, engine: Engine) -> None:
    rows = truth_of(small)["totals"]["rows"]
    request = history_of(small)
    tables = {name: table for name, table in request.mappings.items() if str(name) not in {"payment", "package", "lot"}}
    result = import_export(replace(request, mappings=tables), store)
    assert {one.file: one.landed for one in result.files if one.landed} == {
        "payments.csv": rows["payments"],
        "packages.csv": rows["packages"],
        "inventory.csv": rows["inventory"],
    }
    with engine.connect() as db:
        assert set(found.accounted_rows(db)) == {"clients", "services", "staff", "appointments"}


def test_a_second_run_changes_nothing_and_says_so(small: Path, store: SqlStore, engine: Engine) -> None:
    first = import_export(history_of(small), store)
    with engine.connect() as db:
        before = found.everything(db)
    again = import_export(history_of(small), store)
    with engine.connect() as db:
        assert found.everything(db) == before
    assert (first.already_loaded, again.already_loaded) == (False, True)
    assert replace(again, already_loaded=False) == first


def test_a_code_that_gets_a_meaning_lets_its_rows_in(small: Path, store: SqlStore, engine: Engine) -> None:
    told = found.told_visits(truth_of(small))
    chosen = next(id_ for id_, visit in told.items() if visit[2] == "fulfilled")
    change_visits(small, lambda row: row | {"Status": "Went home happy"} if row["ApptID"] == chosen else row)
    request = history_of(small)
    first = import_export(request, store)
    with engine.connect() as db:
        assert found.found_verdicts(db)[chosen] == ("quarantined", "unknown_code")
    tables = {**request.mappings, Kind.VISIT: _with_meaning("Went home happy")}
    again = import_export(replace(request, mappings=tables), store)
    assert not again.already_loaded
    assert reasons(again).get("unknown_code", 0) == reasons(first)["unknown_code"] - 1
    with engine.connect() as db:
        assert found.found_visits(db) == told


def change_visits(export: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    file = export / "appointments.csv"
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = [change(row) for row in csv.DictReader(stream)]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _with_meaning(word: str) -> TwoWay:
    codes = {file.stem: read_codes(file.read_text("utf-8"), file.name) for file in (MAPPINGS / "codes").glob("*.yaml")}
    known = codes["legacy-visit-status"].codes
    codes["legacy-visit-status"] = CodeTable(codes={**known, "fulfilled": (*known["fulfilled"], word)})
    return read_mapping((MAPPINGS / "legacy-export" / "visit.yaml").read_text("utf-8"), "visit.yaml", codes)


def reasons(result: ImportResult) -> dict[str, int]:
    return next(dict(file.reasons) for file in result.files if file.file == "appointments.csv")


def test_an_older_export_that_comes_late_undoes_nothing(small: Path, store: SqlStore, engine: Engine) -> None:
    import_export(history_of(small), store)
    with engine.connect() as db:
        before = found.found_visits(db)
    change_visits(small, lambda row: row | {"Room": "Elsewhere", "Modified": "2001-01-01 00:00"})
    result = import_export(history_of(small), store)
    with engine.connect() as db:
        assert found.found_visits(db) == before
        assert db.execute(text("SELECT count(*) FROM resource WHERE name = 'Elsewhere'")).scalar_one() == 0
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
    import_export(history_of(small, aliases), store)
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
    import_export(history_of(juniper / "legacy-export", connection.aliases), store)
    with engine.connect() as db:
        before = found.everything(db)
    assert apply_practice(store, practice, "practice.yaml").changed == ()
    with engine.connect() as db:
        assert found.everything(db) == before
        named = db.execute(text("SELECT name, category, archived FROM service WHERE id = 'botox-forehead'")).one()
    assert tuple(named) == ("Botox 20u - forehead", "Injectables", False)


def test_two_imports_at_once_are_one(small: Path, engine: Engine) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: import_export(history_of(small), SqlStore(engine)), range(2)))
    assert both[0].files == both[1].files
    with engine.connect() as db:
        twice = "SELECT count(*) FROM import_batch GROUP BY stage, kind, month HAVING count(*) > 1"
        assert db.execute(text(twice)).all() == []
        assert found.found_visits(db) == found.told_visits(truth_of(small))


def test_a_missing_table_is_named_before_anything_is_written(small: Path, store: SqlStore, engine: Engine) -> None:
    request = history_of(small)
    mappings = {name: table for name, table in request.mappings.items() if name is not Kind.SERVICE}
    with pytest.raises(InvalidInput, match=r"service\.yaml"):
        import_export(replace(request, mappings=mappings), store)
    with engine.connect() as db:
        assert set(found.everything(db).values()) == {0}


def test_an_alias_that_names_nothing_is_refused_before_anything_is_loaded(
    small: Path, store: SqlStore, engine: Engine
) -> None:
    with pytest.raises(InvalidInput, match=r"aliases\.provider\.E1: there is no provider 'dr-x'"):
        import_export(history_of(small, {Kind.PROVIDER: {"E1": "dr-x"}}), store)
    with engine.connect() as db:
        assert found.everything(db)["source_link"] == 0


def test_progress_names_what_was_done_and_no_person(small: Path, store: SqlStore) -> None:
    heard: list[tuple[str, int]] = []
    import_export(history_of(small), store, lambda what, rows: heard.append((what, rows)))
    rows = truth_of(small)["totals"]["rows"]
    assert ("land payment", rows["payments"]) in heard
    assert sum(number for what, number in heard if what.startswith("load visit")) == rows["appointments"]
