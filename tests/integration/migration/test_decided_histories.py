"""What people decide about a history: corrected rows, aliases, merges, approved tables."""

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.bootstrap.migration_folder import read_migration_folder
from hub.bootstrap.migration_plan import plan_migration
from hub.bootstrap.migration_start import start_migration
from hub.canonical.ids import Kind, derive
from hub.canonical.records import Visit
from hub.errors import InvalidInput
from hub.operations.merge_people import Undone, Word, unmerge_people
from hub.operations.migration.roll_back import WRITE, list_batches, roll_back
from hub.pipelines.expectations import history_expectations, telling
from hub.ports import UnitOfWork
from hub.settings import Settings
from hub.store.unit_of_work import SqlStore
from tests.integration.migration.moved import FOLDER, Decide, dump_of, fates_of, one_row, run_of
from tests.legacy.generate import generate
from tests.legacy.run_import import MAPPINGS


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(4, 60, tmp_path / "export")
    return tmp_path / "export"


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


@pytest.mark.parametrize("is_first", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_correction_that_is_taken_away_leaves_nothing_of_what_came_of_it(
    is_first: bool, export: Path, decide: Decide, store: SqlStore, engine: Engine
) -> None:
    run_of(store, export).run()
    before, fates = dump_of(engine), fates_of(store)["appointments.csv"]
    if is_first:
        roll_back(store, [one.id for one in list_batches(store) if one.partition.stage in WRITE], "Dr. Lee", "again")
    key = next(id_ for id_, rows in fates.items() if one_row(rows)["reason"] == "unknown_code")
    run_of(store, export, decide(corrections={"visit": {key: {"Status": "Completed"}}})).run()
    assert dump_of(engine) != before
    run_of(store, export, decide()).run()
    assert dump_of(engine) == before
    by = {one.reversal.by for one in list_batches(store) if one.reversal is not None}
    assert by == {"migration:legacy", *(["Dr. Lee"] if is_first else [])}


def test_what_came_of_a_correction_stays_where_somebody_built_on_it_and_the_proof_says_so(
    export: Path, decide: Decide, store: SqlStore, engine: Engine
) -> None:
    run_of(store, export).run()
    fates = fates_of(store)["appointments.csv"]
    key = next(id_ for id_, rows in fates.items() if one_row(rows)["reason"] == "unknown_code")
    run_of(store, export, decide(corrections={"visit": {key: {"Status": "Completed"}}})).run()
    visit = one_row(fates_of(store)["appointments.csv"][key])["canonical_id"]
    with store.begin("edit") as work:
        (found,) = work.records.load(Kind.VISIT, [visit]).values()
        work.records.save([found.model_copy(update={"note": "asked for the same room"})])
    run_of(store, export, decide()).run()
    assert one_row(fates_of(store)["appointments.csv"][key])["verdict"] == "quarantined"
    told = telling("legacy", "UTC", (MAPPINGS / "legacy-export", None))
    check = next(one for one in history_expectations(told) if one.name == "quarantined_rows_became_nothing")
    with engine.connect() as connection:
        assert visit in connection.execute(text("SELECT id FROM visit")).scalars().all()
        assert len(connection.execute(text(check.unexpected)).all()) == 1


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


def test_an_alias_may_name_another_row_of_the_export(export: Path, decide: Decide, store: SqlStore) -> None:
    target = next(iter(json.loads((export / "truth.json").read_text("utf-8"))["services"]))
    names = ["???", "B20", "Lip filler - Dr. Smith special"]
    run_of(store, export, decide(aliases={"service": dict.fromkeys(names, target)})).run()
    fates = fates_of(store)
    meant = one_row(fates["services.csv"][target])["sku"]
    visits = visits_named(export, names)
    found = [one_row(fates["appointments.csv"][id_]) for id_ in visits]
    assert {one["sku"] for one in found if one["verdict"] == "loaded"} == {meant}


def visits_named(export: Path, services: list[str]) -> list[str]:
    text = (export / "appointments.csv").read_text("utf-8")
    return [row["ApptID"] for row in csv.DictReader(text.splitlines()) if row["Service"] in services]


@pytest.mark.parametrize(("kind", "target"), [("service", "svc_nowhere"), ("location", "loc_nowhere")])
def test_an_alias_that_leads_nowhere_stops_the_run_with_its_line_and_key(
    kind: str, target: str, export: Path, decide: Decide, store: SqlStore
) -> None:
    with pytest.raises(InvalidInput) as refused:
        run_of(store, export, decide(aliases={kind: {"Somewhere": target}})).run()
    (said,) = (str(problem) for problem in refused.value.problems)
    assert f"decisions.yaml:3: aliases.{kind}.Somewhere: there is no {kind} {target!r}. Write the id of" in said
    assert {one["verdict"] for of_file in fates_of(store).values() for rows in of_file.values() for one in rows} <= {
        "landed"
    }


@pytest.mark.parametrize(
    ("decisions", "said"),
    [
        (
            {"corrections": {"visit": {"A0": {"Status": "Done"}}}},
            "3: corrections.visit.A0: no visit row has the id 'A0'",
        ),
        ({"merge": [["{own}", "C0"]]}, "2: merge[0]: no patient row has the id 'C0'"),
        ({"never_merge": [["C0", "{own}"]]}, "2: never_merge[0]: no patient row has the id 'C0'"),
        (
            {"corrections": {"patient": {"{own}": {"Zipp": "78701"}}}},
            "Zipp: there is no such column. The patient rows have",
        ),
    ],
)
def test_a_decision_about_a_row_or_a_column_that_is_not_there_stops_the_run_with_its_line_and_key(
    decisions: dict[str, object], said: str, export: Path, decide: Decide, store: SqlStore
) -> None:
    own = next(iter(json.loads((export / "truth.json").read_text("utf-8"))["clients"]))
    folder = decide(**json.loads(json.dumps(decisions).replace("{own}", own)))
    with pytest.raises(InvalidInput) as refused:
        run_of(store, export, folder).run()
    (problem,) = (str(problem) for problem in refused.value.problems)
    assert "decisions.yaml:" in problem
    assert said in problem


STOCK = """Product,Lot,Expiry,On Hand,Unit,Location
Botox,C7,2099-01-31,100,unit,Main
botox ,C7,2099-01-31,40,units,MAIN
Botox,C7,2099-01-31,25,unit,North
"""


def test_a_lot_that_stands_twice_counts_once_and_the_other_row_waits_for_a_person(
    export: Path, store: SqlStore, engine: Engine
) -> None:
    (export / "inventory.csv").write_text(STOCK, encoding="utf-8")
    run_of(store, export).run()
    rows = [rows[0] for rows in fates_of(store)["inventory.csv"].values()]
    assert [(one["line"], one["verdict"], one["reason"]) for one in sorted(rows, key=lambda one: one["line"])] == [
        (2, "loaded", None),
        (3, "quarantined", "lot_twice"),
        (4, "loaded", None),
    ]
    with engine.connect() as connection:
        assert sorted(connection.execute(text("SELECT on_hand FROM lot")).scalars()) == [25, 100]
        linked = "SELECT count(*) FROM source_link WHERE kind = 'lot' AND canonical_id IN (SELECT record_id FROM lot)"
        links = connection.execute(text("SELECT count(*) FROM source_link WHERE kind = 'lot'")).scalar_one()
        assert (links, connection.execute(text(linked)).scalar_one()) == (2, 2)


def test_a_merge_of_the_migration_that_is_taken_back_gives_back_the_visits_that_it_led(
    export: Path, store: SqlStore
) -> None:
    first, led, kept = with_twin(export)
    run_of(store, export).run()
    fates = fates_of(store)
    survivor, twin = one_row(fates["clients.csv"][first])["person"], derive(Kind.PATIENT, "legacy", "C99999")
    ids = {key: str(one_row(fates["appointments.csv"][key])["canonical_id"]) for key in (led, kept)}
    with store.begin("look") as work:
        (merge,) = [one for one in work.people.find_merges(survivor) if twin in (one.merged_id, one.survivor_id)]
        assert patients_of(work, ids) == {led: survivor, kept: survivor}
    undone = unmerge_people(store, merge.id, Word("desk", "two after all"))
    assert isinstance(undone, Undone)
    with store.begin("look") as work:
        assert patients_of(work, ids) == {led: twin, kept: derive(Kind.PATIENT, "legacy", first)}


def test_two_who_were_merged_before_somebody_called_them_two_stop_the_run_until_they_are_parted(
    export: Path, decide: Decide, store: SqlStore
) -> None:
    first, *_ = with_twin(export)
    run_of(store, export).run()
    person = str(one_row(fates_of(store)["clients.csv"][first])["person"])
    folder = decide(never_merge=[[first, "C99999"]])
    with pytest.raises(InvalidInput, match=rf"never_merge\[0\]: .* one patient already. `hub people merges {person}`"):
        run_of(store, export, folder).run()
    with store.begin("look") as work:
        (merge,) = work.people.find_merges(person)
    unmerge_people(store, merge.id, Word("desk", "two after all"))
    run_of(store, export, folder).run()
    clients = fates_of(store)["clients.csv"]
    assert one_row(clients[first])["person"] != one_row(clients["C99999"])["person"]


def patients_of(work: UnitOfWork, ids: dict[str, str]) -> dict[str, str]:
    visits = work.records.load(Kind.VISIT, ids.values())
    return {key: str(visit.patient_id) for key, id_ in ids.items() if isinstance(visit := visits[id_], Visit)}


def with_twin(export: Path) -> tuple[str, str, str]:
    """The client who now stands twice, the visit that the second row has, and one that the first keeps."""
    truth = json.loads((export / "truth.json").read_text("utf-8"))
    clients = (export / "clients.csv").read_text("utf-8-sig")
    file = export / "appointments.csv"
    visits = file.read_text("utf-8")
    ids = [row["ApptID"] for row in csv.DictReader(visits.splitlines())]
    of: dict[str, list[str]] = defaultdict(list)
    for row in csv.DictReader(visits.splitlines()):
        if ids.count(row["ApptID"]) == 1 and truth["appointments"][row["ApptID"]]["verdict"] == "loaded":
            of[row["ClientID"]].append(row["ApptID"])
    alone = Counter(told["person"] for told in truth["clients"].values())
    first = next(
        row["ClientID"]
        for row in csv.DictReader(clients.splitlines())
        if len(of[row["ClientID"]]) > 1
        and all(row[name] for name in ("First Name", "Last Name", "Mobile", "Email", "DOB"))
        and alone[truth["clients"][row["ClientID"]]["person"]] == 1
    )
    line = next(line for line in clients.splitlines() if line.startswith(f"{first},"))
    (export / "clients.csv").write_text(f"{clients.rstrip()}\nC99999{line[len(first) :]}\n", encoding="utf-8-sig")
    led, kept = of[first][:2]
    row = next(line for line in visits.splitlines() if line.startswith(f"{led},"))
    file.write_text(visits.replace(row, row.replace(f",{first},", ",C99999,", 1)), encoding="utf-8")
    return first, led, kept
