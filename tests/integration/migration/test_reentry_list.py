"""The way back keeps value, too: sessions, stock and who is one person are on the list of what to enter."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.bootstrap.reentry_files import write_reentry_files
from hub.canonical.finance import Package
from hub.canonical.ids import Kind, PackageId, PatientId, ServiceId
from hub.canonical.records import Patient
from hub.canonical.source import SourceRef
from hub.operations.book_visit import Booked, book_visit
from hub.operations.merge_people import Word, merge_people
from hub.operations.migration.cut_over import Terms, cut_over
from hub.operations.migration.go_back import go_back
from hub.operations.receive_stock import receive_stock
from hub.ports import Link, UnitOfWork
from hub.ports.cutovers import Step
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.store.unit_of_work import SqlStore
from hub.sync.people.decide import Match
from tests.integration.migration.moved import run_of
from tests.integration.operations.small_practice import NINE, PRACTICE, open_practice
from tests.legacy.generate import generate


@pytest.fixture
def moved(store: SqlStore, tmp_path: Path) -> SqlStore:
    """With two patients and a package that the old system has, too."""
    generate(4, 5, tmp_path / "export")
    open_practice(store, patients=0)
    run_of(store, tmp_path / "export").run()
    with store.begin("test") as work:
        people = [Patient(id=PatientId(f"pat-{n}"), given_name=f"Given{n}") for n in range(2)]
        package = Package(id=PackageId("pkg-1"), patient_id=people[0].id, service_id=ServiceId("consult"), credits=6)
        work.records.save([*people, package])
        refs = [SourceRef("legacy", Kind.PATIENT, f"X{n}") for n in range(2)]
        work.links.save([Link(ref, one.id) for ref, one in zip(refs, people, strict=True)])
        work.links.save([Link(SourceRef("legacy", Kind.PACKAGE, "K9"), package.id)])
    return store


def switch(store: SqlStore, export: Path) -> None:
    terms = Terms("Dr. Lee", None, timedelta(days=14))
    cut_over(run_of(store, export), terms, prove=lambda: None, proof=lambda _work, _system: None)


@pytest.fixture
def switched(moved: SqlStore, tmp_path: Path) -> SqlStore:
    switch(moved, tmp_path / "export")
    return moved


def listed(store: SqlStore, folder: Path, kind: str) -> list[dict[str, str]]:
    write_reentry_files(go_back(store, "legacy", "Dr. Lee"), folder)
    with (folder / f"reentry-{kind}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_session_that_was_booked_with_a_package_is_listed_with_the_package_and_what_is_left_of_it(
    switched: SqlStore, tmp_path: Path
) -> None:
    request = BookingRequest(Trip((Part("consult", "pat-0", package_id="pkg-1"),), "main"), NINE)
    assert isinstance(book_visit(switched, request, actor="desk"), Booked)
    (visit,) = listed(switched, tmp_path / "list", "visit")
    assert (visit["package_old_id"], visit["patient_old_id"]) == ("K9", "X0")
    assert list(visit)[:4] == ["what", "old_id", "hub_id", "patient"]
    (package,) = listed(switched, tmp_path / "list", "package")
    assert (package["old_id"], package["sessions_left"], package["patient_old_id"]) == ("K9", "5", "X0")


def test_the_deposit_and_fee_of_a_visit_without_a_price_are_listed_in_the_practices_currency(
    switched: SqlStore, owner: Engine, tmp_path: Path
) -> None:
    in_euros = PRACTICE.replace("{id: drip,", "{id: drip, price: {amount_minor: 8000, currency: EUR},")
    open_practice(switched, patients=0, practice=in_euros)
    request = BookingRequest(Trip((Part("consult", "pat-0"),), "main"), NINE)
    assert isinstance(book_visit(switched, request, actor="desk"), Booked)
    with owner.begin() as connection:
        connection.execute(text("UPDATE visit SET deposit_minor = 5000, fee_minor = 1250 WHERE patient_id = 'pat-0'"))
    (visit,) = listed(switched, tmp_path / "list", "visit")
    assert (visit["deposit"], visit["fee"]) == ("50.00 EUR", "12.50 EUR")


def test_a_lot_that_was_counted_here_is_listed_with_what_is_on_hand(switched: SqlStore, tmp_path: Path) -> None:
    received = receive_stock(switched, ("gel", "main", "G7"), Decimal(4), date(2099, 1, 1), actor="desk")
    assert not isinstance(received, Refusal)
    (lot,) = listed(switched, tmp_path / "list", "lot")
    assert (lot["what"], lot["product_id"], lot["name"], lot["on_hand"]) == ("new: received", "gel", "G7", "4")


def test_who_was_merged_here_is_listed_with_every_id_of_the_old_system(switched: SqlStore, tmp_path: Path) -> None:
    with switched.begin("test") as work:
        both = work.records.load(Kind.PATIENT, ["pat-0", "pat-1"])
        people = {id_: one for id_, one in both.items() if isinstance(one, Patient)}
        merge_people(work, [Match("pat-0", "pat-1", "decided", ())], people, Word("desk", "the same phone call"))
    patients = listed(switched, tmp_path / "list", "patient")
    assert [one["old_id"] for one in patients if "person_merged" in one["what"]] == ["X0, X1"]


def rename(work: UnitOfWork, patient_id: str) -> None:
    patient = work.records.load(Kind.PATIENT, [patient_id])[patient_id]
    work.records.save([patient.model_copy(update={"city": "Newtown"})])


def test_what_was_begun_before_the_last_delta_and_committed_after_it_is_listed(moved: SqlStore, tmp_path: Path) -> None:
    with moved.begin("begun early") as early:
        begun_at = early.now
        switch(moved, tmp_path / "export")
        rename(early, "pat-0")
    with moved.begin("read") as work:
        assert begun_at < work.cutovers.find_steps("legacy")[Step.DELTA].at
    patients = listed(moved, tmp_path / "list", "patient")
    assert [(one["what"], one["old_id"], one["city"]) for one in patients] == [("changed", "X0", "Newtown")]


def test_what_was_committed_before_the_last_delta_is_not_listed_though_an_older_transaction_was_open(
    moved: SqlStore, tmp_path: Path
) -> None:
    with moved.begin("begun early") as early:
        rename(early, "pat-1")
        with moved.begin("write") as work:
            rename(work, "pat-0")
        switch(moved, tmp_path / "export")
    assert [one.id for one in go_back(moved, "legacy", "Dr. Lee").entries] == ["pat-1"]


def test_a_restored_database_lists_what_was_written_later_and_not_all_of_it(switched: SqlStore, owner: Engine) -> None:
    with switched.begin("write") as work:
        rename(work, "pat-1")
    for table, column in (("cutover_step", "system"), ("patient", "id")):
        with owner.begin() as connection:  # as restoring does: all of it is written anew
            connection.execute(text(f"UPDATE {table} SET {column} = {column}"))
    assert [one.id for one in go_back(switched, "legacy", "Dr. Lee").entries] == ["pat-1"]
