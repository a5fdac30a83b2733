"""A program that nobody has seen and that only leaves files and finds files, connected by YAML alone, both ways."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind, PatientId, mint
from hub.canonical.records import Patient
from hub.errors import NeedsAttention
from hub.operations.cancel_visit import Cancellation
from hub.operations.move_visit import MoveRequest
from hub.scheduling.request import BookingRequest, Part, Trip
from tests.database import Database
from tests.integration.operations.unseen_practice import Desk, unseen_practice
from tests.peers.unseen.harborline.vendor import Harborline

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def harborline(tmp_path: Path) -> Harborline:
    folder = tmp_path / "practice" / "exchange"
    folder.mkdir(parents=True)
    return Harborline(folder)


@pytest.fixture
def desk(harborline: Harborline, database: Database, tmp_path: Path) -> Iterator[Desk]:
    with unseen_practice("harborline", None, database, tmp_path / "practice") as opened:
        yield opened


def at(hour: int) -> datetime:
    return datetime(2098, 2, 14, hour, tzinfo=CHICAGO)


def test_a_visit_booked_moved_and_called_off_here_is_so_there_once(desk: Desk, harborline: Harborline) -> None:
    for number in range(3):
        harborline.add_guest(f"Zoë{number}", "Roe", f"512-555-01{number:02}")
    harborline.add_line("D1", "1", "G002", "GP", "L", "2098-03-01", "14:30", "15:15", "B", "")
    harborline.leave_guests()
    harborline.leave_book()
    done = desk.pull()
    assert (done[Kind.PATIENT].inserted, done[Kind.VISIT].inserted) == (3, 1)
    assert desk.patients()["G001"].given_name == "Zoë0"
    assert desk.visits()["D1/1"].start == datetime(2098, 3, 1, 20, 30, tzinfo=UTC)

    trip = Trip((Part("talk", desk.patients()["G001"].id, resources={"provider": "dr-kim"}),), "main", "desk")
    visit = desk.hub.desk.book(BookingRequest(trip, at(10)), actor="desk").visits[0].id  # type: ignore[union-attr]
    assert desk.push().sent == 1
    harborline.take_in()
    place = next(key for key, one in harborline.book.items() if one["Partner Ref"] == visit)
    there = harborline.book[place]
    assert (there["Guest No"], there["Who"], there["Day"], there["From"], there["To"]) == (
        "G001", "K", "2098-02-14", "10:00", "10:30",
    )  # fmt: skip

    harborline.leave_book()
    assert desk.pull(Kind.VISIT)[Kind.VISIT].inserted == 0, "it is known when it comes back"
    desk.hub.desk.move(MoveRequest([visit], at(13)), actor="desk")
    assert desk.push().sent == 1
    harborline.take_in()
    assert (len(harborline.book), harborline.book[place]["From"]) == (2, "13:00")
    desk.hub.desk.cancel([visit], Cancellation("desk"))
    assert desk.push().sent == 1
    harborline.take_in()
    assert (len(harborline.book), harborline.book[place]["State"]) == (2, "X")
    assert desk.issues() == []


def test_a_file_without_its_mark_waits_and_one_that_was_read_is_not_read_again(
    desk: Desk, harborline: Harborline
) -> None:
    harborline.add_guest("Ana", "Roe", "512-555-0100")
    unfinished = harborline.leave_guests(whole=False)
    assert desk.pull(Kind.PATIENT)[Kind.PATIENT].read == 0
    unfinished.with_name(f"{unfinished.name}.ok").touch()
    assert desk.pull(Kind.PATIENT)[Kind.PATIENT].inserted == 1
    assert desk.pull(Kind.PATIENT)[Kind.PATIENT].read == 0
    harborline.guests["G001"] |= {"Last": "Poe", "Changed": "06.01.2026 16:00"}
    harborline.leave_guests()
    assert desk.pull(Kind.PATIENT)[Kind.PATIENT].updated == 1
    assert desk.patients()["G001"].family_name == "Poe"


def test_a_broken_row_waits_for_a_person_and_the_others_are_taken(desk: Desk, harborline: Harborline) -> None:
    for first in ("Ana", "Bea", "Cleo"):
        harborline.add_guest(first, "Roe", "512-555-0100")
    left = harborline.leave_guests(whole=False)
    left.write_bytes(left.read_bytes().replace(b"Bea;Roe", b"Bea;Roe;and more"))
    left.with_name(f"{left.name}.ok").touch()
    done = desk.pull(Kind.PATIENT)[Kind.PATIENT]
    assert (done.inserted, done.rejected) == (2, 1)
    (issue,) = desk.issues()
    assert "9 fields, the header 8" in issue
    assert "Bea" not in issue


def test_a_file_of_another_form_stops_with_what_is_missing(desk: Desk, harborline: Harborline) -> None:
    left = harborline.leave_guests()
    left.write_text(left.read_text(encoding="cp1252").replace("Guest No", "Guest Number"))
    with pytest.raises(NeedsAttention, match="the column 'Guest No' is missing"):
        desk.pull(Kind.PATIENT)


def test_several_new_people_are_one_file_and_a_push_that_dies_leaves_them_to_the_next(
    desk: Desk, harborline: Harborline, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.connectors.files.sink import FileSink

    def dies(_sink: FileSink) -> None:
        raise KeyboardInterrupt

    people = [
        Patient(id=PatientId(mint(Kind.PATIENT)), given_name=name, family_name="=1+1", phone="+15125550177")
        for name in ("Ana", "Bea")
    ]
    for person in people:
        desk.save_and_tell(person)
    with monkeypatch.context() as patched:
        patched.setattr(FileSink, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            desk.push()
    inside = harborline.folder / "in"
    assert list(inside.glob("*.csv")) == [], "nothing half-written is there"
    desk.push()
    (file,) = inside.glob("*.csv")
    lines = file.read_text().splitlines()
    assert lines[0] == "Guest No;First;Last;Cell;Mail;Partner Key;Partner Ref"
    assert [line.split(";")[1:3] for line in lines[1:]] == [["Ana", "'=1+1"], ["Bea", "'=1+1"]]
    harborline.take_in()
    assert [one["Partner Ref"] for one in harborline.guests.values()] == [one.id for one in people]
    assert len(set(harborline.taken)) == 2
    desk.push()
    assert list(inside.glob("*.csv")) == []
