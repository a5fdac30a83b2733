"""What patients have paid for and not had yet comes over with control totals of its own, and a mismatch blocks."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from hub.bootstrap.migration_folder import read_migration_folder
from hub.canonical.ids import Kind
from hub.errors import SafetyStop
from hub.operations.apply_practice import apply_practice
from hub.operations.migration.judge_history import sign_history
from hub.pipelines.proving import Proving
from hub.ports.verifications import CheckState, Verification
from hub.settings import Settings
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.migration.moved import FOLDER, dump_of, fates_of, run_of
from tests.legacy.value import FILES, PAYMENTS, STAY_BEHIND, TOTALS, VISITS, ids_of, write_value

VALUE = ("packages.csv", "giftcards.csv", "memberships.csv", "invoices.csv", "inventory.csv")


@pytest.fixture(scope="module")
def moved_value(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with the value in it."""
    export = write_value(tmp_path_factory.mktemp("value"))
    with fresh_database(database_server) as database:
        run_of(SqlStore(database.engine), export).run()
        before = dump_of(database.engine)
        run_of(SqlStore(database.engine), export).run()
        assert dump_of(database.engine) == before, "a second run changes nothing"
        database.engine.dispose()
        database.owner.dispose()
        assert database.url.database
        yield database.url.database


@pytest.fixture
def moved(database_server: EmbeddedServer, moved_value: str) -> Iterator[Database]:
    with fresh_database(database_server, moved_value) as database:
        yield database


def prove(database: Database, path: Path = FOLDER) -> Verification:
    settings = Settings()
    folder = read_migration_folder(path, settings)
    return Proving(folder, SqlStore(database.engine), database.engine, settings).prove()


def test_every_card_membership_and_invoice_is_loaded_or_stays_behind_with_its_reason(moved: Database) -> None:
    fates = fates_of(SqlStore(moved.engine))
    found = {id_: row["reason"] for name in VALUE for id_, (row,) in fates[name].items() if row["verdict"] != "loaded"}
    assert found == STAY_BEHIND
    assert {name: sorted(fates[name]) for name in VALUE if name != "inventory.csv"} == {
        name: sorted(ids_of(FILES[name])) for name in VALUE if name != "inventory.csv"
    }


def test_control_totals_of_value_are_those_reckoned_by_hand_on_both_sides(moved: Database) -> None:
    proof = prove(moved)
    assert [(one.name, one.examples) for one in proof.checks if one.state is not CheckState.OK] == []
    of_value = {one.kind for one in proof.totals} - {"visit", "payment"}
    said = {(t.kind, t.dimension, t.value): (t.said, t.said_minor) for t in proof.totals if t.kind in of_value}
    found = {(t.kind, t.dimension, t.value): (t.found, t.found_minor) for t in proof.totals if t.kind in of_value}
    assert said == found == TOTALS


LOST = {
    "gift_card_totals_agree": "UPDATE gift_card SET left_minor = left_minor - 100 WHERE code = 'GC-100'",
    "membership_totals_agree": "UPDATE membership SET state = 'active' WHERE state = 'ended'",
    "invoice_totals_agree": "UPDATE invoice SET total_minor = total_minor + 1 WHERE number = '2024-2'",
    "package_totals_agree": "UPDATE package SET used_before = used_before + 1 WHERE credits = 6",
    "sessions_left_agree": "UPDATE package SET used_before = used_before + 1 WHERE credits = 3",
    "lot_totals_agree": """
        INSERT INTO lot_movement (lot_id, kind, at, change, actor)
        SELECT min(id), 'adjusted', now(), 5, 'import:legacy' FROM lot""",
    "units_on_hand_agree": """
        INSERT INTO lot_movement (lot_id, kind, at, change, actor)
        SELECT max(id), 'adjusted', now(), 0.1, 'import:legacy' FROM lot""",
}
"""By check: what somebody with the owner's rights does to value that came over well."""


@pytest.mark.parametrize(
    "name", [one if one == "gift_card_totals_agree" else pytest.param(one, marks=pytest.mark.slow) for one in LOST]
)
def test_value_that_is_not_what_the_rows_say_blocks_the_signature(name: str, moved: Database) -> None:
    with moved.owner.begin() as connection:
        assert connection.exec_driver_sql(LOST[name]).rowcount == 1
    assert name in {check.name for check in prove(moved).blocking}
    with SqlStore(moved.engine).begin("sign") as work, pytest.raises(SafetyStop, match=name):
        sign_history(work, "legacy", "Dr. Lee")


COUNTED_HERE = """
zone: America/Chicago
locations: [{id: main, name: Main}]
products: [{id: botox, name: Botox, unit: unit}, {id: juvederm, name: Juvederm, unit: ml}]
stock:
  - {product: botox, lot: C7654, on_hand: 1150, expires: 2030-12-31, location: main}
  - {product: juvederm, lot: J55, on_hand: 2.5, expires: 2030-01-31, location: main}
"""


def test_a_lot_that_the_hub_had_counted_before_keeps_its_number_and_the_proof_names_the_difference(
    database: Database, tmp_path: Path
) -> None:
    export = write_value(tmp_path)
    folder = Path(copytree(FOLDER, tmp_path / "folder"))
    (folder / "decisions.yaml").write_text("aliases: {location: {Main: main}}", encoding="utf-8")
    store = SqlStore(database.engine)
    apply_practice(store, COUNTED_HERE, "practice.yaml")
    run_of(store, export, folder).run()
    proof = prove(database, folder)
    assert [one.name for one in proof.blocking] == []
    (compared,) = (one for one in proof.checks if one.name == "every_field_says_what_its_row_says")
    said = "inventory.csv:2 on hand 1200 (here 1150) and expires 2030-09-30 (here 2030-12-31)."
    assert compared.says.endswith(f"Lots that the hub had counted before stay as it counts them: {said}")


MENDED = {
    Kind.GIFT_CARD: {"G4": {"Redeemed": "20.00"}, "G5": {"ClientID": "C2"}},
    Kind.MEMBERSHIP: {"M6": {"Status": "On Hold"}},
    Kind.INVOICE: {"I5": {"Issued": "2024-07-01", "Total": "10.00"}},
    Kind.PACKAGE: {"K3": {"Used": "1"}},
    Kind.VISIT: {"A3": {"Date": "2024-05-08", "Status": "No Show", "Price": "120.00"}},
    Kind.PAYMENT: {"P4": {"Amount": "120.00", "Date": "2024-05-08", "Method": "Visa", "ApptID": "A3"}},
}
"""By kind and row: what a person puts in the place of what cannot be read."""


def test_rows_that_were_put_right_are_proven_by_what_was_put_there_and_one_that_no_sql_can_read_blocks(
    database: Database, tmp_path: Path
) -> None:
    export = write_value(tmp_path)
    bad_visit = VISITS.splitlines()[1].replace("A1", "A3").replace("2024-05-06,10", "02/30/2024,10")
    bad_visit = bad_visit.replace("Completed", "???").replace("120.00", "lots")
    (export / "appointments.csv").write_text(f"{VISITS}{bad_visit}\n", encoding="utf-8")
    (export / "payments.csv").write_text(f"{PAYMENTS}P4,A99,2024-02-30,lots,payment,Cash\n", encoding="utf-8")
    folder = tmp_path / "moving"
    copytree(FOLDER, folder)
    said = {str(kind): rows for kind, rows in MENDED.items()}
    (folder / "decisions.yaml").write_text(json.dumps({"corrections": said}), encoding="utf-8")
    run_of(SqlStore(database.engine), export, folder).run()
    fates = fates_of(SqlStore(database.engine))
    loaded = {key for rows in fates.values() for key, (row,) in rows.items() if row["verdict"] == "loaded"}
    assert {key for rows in MENDED.values() for key in rows} <= loaded
    proof = prove(database, folder)
    assert [(one.name, one.examples) for one in proof.checks if one.state is not CheckState.OK] == []
    (folder / "decisions.yaml").unlink()
    blind = prove(database, folder)
    assert {"visit_totals_agree", "payment_totals_agree"} <= {one.name for one in blind.blocking}
