"""A REST system that nobody has seen, whose bookings hold several treatments: each is a visit, both ways, by YAML."""

import copy
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from hub.canonical.ids import Kind
from hub.canonical.records import VisitState
from hub.cli.mapping import app
from hub.errors import InvalidInput
from hub.operations.cancel_visit import Cancellation
from hub.operations.move_visit import MoveRequest
from hub.scheduling.request import BookingRequest, Part, Trip
from tests.database import Database
from tests.integration.operations.unseen_practice import Desk, check_folder, unseen_practice
from tests.peers.unseen.quillon.server import Quillon


@pytest.fixture
def quillon() -> Quillon:
    return Quillon()


@pytest.fixture
def desk(quillon: Quillon, database: Database, tmp_path: Path) -> Iterator[Desk]:
    with unseen_practice("quillon", quillon.serve, database, tmp_path / "practice", secret="quill") as opened:
        yield opened


def at(hour: int) -> datetime:
    return datetime(2098, 2, 14, hour, tzinfo=UTC)


def sweep_is_due(database: Database) -> None:
    """As if the last list of everything had been long ago."""
    with database.owner.begin() as owner:
        owner.execute(text("UPDATE stream_cursor SET cursor = regexp_replace(cursor, '20[0-9]{2}-', '2020-', 'g')"))


def states(desk: Desk) -> dict[str, VisitState]:
    return {id_: one.state for id_, one in desk.visits().items()}


def test_what_is_changed_of_one_treatment_is_written_into_its_booking_and_the_others_stay(
    desk: Desk, quillon: Quillon
) -> None:
    guest = quillon.add_guest("Ann")
    first, second = quillon.treatment(15, remark="window seat"), quillon.treatment(17, "T", "K", colour="blue")
    ref = quillon.add_booking(guest, first, second)
    assert desk.pull()[Kind.VISIT].inserted == 2
    visits = desk.visits()
    assert {id_: (one.start, one.service_id) for id_, one in visits.items()} == {
        f"{ref}#t1": (at(15), "glow-peel"),
        f"{ref}#t2": (at(17), "talk"),
    }
    other = copy.deepcopy(quillon.bookings[ref]["treatments"][0])
    desk.hub.desk.move(MoveRequest([visits[f"{ref}#t2"].id], at(19)), actor="desk")
    assert desk.push().sent == 1
    assert quillon.bookings[ref]["treatments"] == [
        other,
        {**second, "who": "L", "begins": "2098-02-14T19:00:00Z", "ends": "2098-02-14T19:30:00Z"},
    ]
    done = desk.pull()[Kind.VISIT]
    assert (done.inserted, done.updated, done.gone) == (0, 0, 0), "nothing echoes"
    assert desk.push().sent == 0
    assert quillon.changes == [f"PATCH /diary/bookings/{ref}"]


def test_two_treatments_of_a_booking_changed_here_are_both_written_one_upon_the_other(
    desk: Desk, quillon: Quillon
) -> None:
    ref = quillon.add_booking(quillon.add_guest("Ann"), quillon.treatment(15), quillon.treatment(17, who="K"))
    desk.pull()
    visits = desk.visits()
    desk.hub.desk.move(MoveRequest([visits[f"{ref}#t1"].id], at(20)), actor="desk")
    desk.hub.desk.cancel([visits[f"{ref}#t2"].id], Cancellation("desk"))
    done = desk.push()
    assert (done.sent, done.failed) == (2, 0)
    there = quillon.bookings[ref]["treatments"]
    assert [(one["begins"], one["status"]) for one in there] == [
        ("2098-02-14T20:00:00Z", "set"),
        ("2098-02-14T17:00:00Z", "off"),
    ]
    assert desk.pull()[Kind.VISIT].updated == 0


@pytest.mark.slow
def test_a_visit_booked_here_is_a_booking_of_its_own_and_known_when_it_comes_back(desk: Desk, quillon: Quillon) -> None:
    guest = quillon.add_guest("Ann")
    desk.pull()
    trip = Trip((Part("talk", desk.patients()[guest].id, resources={"provider": "dr-kim"}),), "main", "desk")
    visit = desk.hub.desk.book(BookingRequest(trip, at(16)), actor="desk").visits[0].id  # type: ignore[union-attr]
    assert desk.push().sent == 1
    [(ref, booking)] = quillon.bookings.items()
    assert (booking["partner"], [one["who"] for one in booking["treatments"]]) == (visit, ["K"])
    done = desk.pull()[Kind.VISIT]
    assert (done.inserted, done.updated) == (0, 0)
    booking["treatments"].insert(0, quillon.treatment(20, "T", "K"))
    quillon.touch(ref)
    assert desk.pull()[Kind.VISIT].inserted == 1, "what the house adds to it is another visit"
    assert desk.visits()[f"{ref}#t1"].id == visit
    assert desk.visits()[f"{ref}#t1"].start == at(16)
    assert desk.visits()[f"{ref}#t2"].start == at(20)


def test_a_treatment_taken_out_of_its_booking_is_gone_and_one_that_comes_back_stands_again(
    desk: Desk, quillon: Quillon
) -> None:
    ref = quillon.add_booking(quillon.add_guest("Ann"), quillon.treatment(15), quillon.treatment(17))
    desk.pull()
    taken = quillon.bookings[ref]["treatments"].pop()
    quillon.touch(ref)
    done = desk.pull()[Kind.VISIT]
    assert done.gone == 1
    assert states(desk) == {f"{ref}#t1": VisitState.BOOKED, f"{ref}#t2": VisitState.CANCELLED}
    assert desk.pull()[Kind.VISIT].gone == 0, "once"
    quillon.bookings[ref]["treatments"].append(taken)
    quillon.touch(ref)
    desk.pull()
    assert states(desk)[f"{ref}#t2"] is VisitState.BOOKED


@pytest.mark.slow
def test_with_its_booking_all_treatments_are_gone_when_the_house_is_asked_for_it(
    desk: Desk, quillon: Quillon, database: Database
) -> None:
    guest = quillon.add_guest("Ann")
    gone = quillon.add_booking(guest, quillon.treatment(15), quillon.treatment(17))
    stays = quillon.add_booking(guest, quillon.treatment(20))
    desk.pull()
    del quillon.bookings[gone]
    sweep_is_due(database)
    done = desk.pull()[Kind.VISIT]
    assert done.gone == 2
    cancelled = VisitState.CANCELLED
    assert states(desk) == {f"{gone}#t1": cancelled, f"{gone}#t2": cancelled, f"{stays}#t3": VisitState.BOOKED}


@pytest.mark.slow
def test_what_could_not_be_read_of_a_treatment_waits_for_nobody_once_it_is_taken_out(
    desk: Desk, quillon: Quillon
) -> None:
    ref = quillon.add_booking(quillon.add_guest("Ann"), quillon.treatment(15), quillon.treatment(17, status="?"))
    assert desk.pull()[Kind.VISIT].rejected == 1
    assert len(desk.issues()) == 1
    quillon.bookings[ref]["treatments"].pop()
    quillon.touch(ref)
    desk.pull()
    assert desk.issues() == []


@pytest.mark.slow
def test_what_the_house_changed_meanwhile_in_the_booking_is_not_overwritten(desk: Desk, quillon: Quillon) -> None:
    ref = quillon.add_booking(quillon.add_guest("Ann"), quillon.treatment(15), quillon.treatment(17))
    desk.pull()
    quillon.bookings[ref]["treatments"][1]["who"] = "K"
    quillon.touch(ref)
    desk.hub.desk.move(MoveRequest([desk.visits()[f"{ref}#t1"].id], at(20)), actor="desk")
    assert desk.push().failed == 1
    desk.pull()
    desk.make_due()
    assert desk.push().sent == 1
    assert [(one["who"], one["begins"][11:13]) for one in quillon.bookings[ref]["treatments"]] == [
        ("L", "20"),
        ("K", "17"),
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("mappings/quillon/visit.yaml", ", write: if_new", "", r"visit\.yaml:5: fields\.patient_id: it stands once"),
        ("mappings/quillon/visit.yaml", ', id: "treatments[*].key"', "", r"visit\.yaml:3: each: .*place in the list"),
        ("mappings/quillon/visit.yaml", "].key", "].what", r"visit\.yaml:6: fields\.service_id: .*another"),
        ("connections/quillon.yaml", 'one: {path: "bookings/{id}"}', "", r"quillon\.yaml:\d+: streams\.visit: .*apart"),
    ],
)
def test_what_would_harm_the_other_parts_is_refused_when_the_folder_is_checked(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    def change(_connection: Path) -> None:
        path = tmp_path / "practice" / file
        written = path.read_text()
        assert old in written
        path.write_text(written.replace(old, new).replace("sees: {sweep: {every: 1m}}", ""))

    with pytest.raises(InvalidInput, match=said):
        check_folder("quillon", tmp_path / "practice", change)
    if file.startswith("mappings"):
        around = {"HUB_PRACTICE": str(tmp_path / "practice"), "COLUMNS": "200"}
        linted = CliRunner().invoke(app, ["lint"], env=around)
        assert linted.exit_code == 1
        assert re.search(said, linted.output)


def test_what_stands_around_a_list_that_a_connection_takes_apart_is_not_written_by_one_of_its_records(
    tmp_path: Path,
) -> None:
    def change(_connection: Path) -> None:
        path = tmp_path / "practice" / "mappings" / "veloura" / "visit.yaml"
        path.write_text(path.read_text().replace(", write: if_new", ""))

    with pytest.raises(InvalidInput, match=r"visit\.yaml:4: fields\.patient_id: it stands once for all parts"):
        check_folder("veloura", tmp_path / "practice", change)
