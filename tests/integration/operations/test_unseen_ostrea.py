"""A REST system that nobody has seen (counted lists by POST, links, ETags, numbers as ids), connected by YAML alone."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind, PatientId, mint
from hub.canonical.records import Patient
from hub.errors import RetryLater
from hub.operations.cancel_visit import Cancellation
from hub.operations.move_visit import MoveRequest
from hub.scheduling.request import BookingRequest, Part, Trip
from tests.database import Database
from tests.integration.operations.unseen_practice import Desk, unseen_practice
from tests.peers.unseen.ostrea.server import Ostrea

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def ostrea() -> Ostrea:
    return Ostrea()


@pytest.fixture
def desk(ostrea: Ostrea, database: Database, tmp_path: Path) -> Iterator[Desk]:
    with unseen_practice("ostrea", ostrea.serve, database, tmp_path / "practice", secret="0s7rea") as opened:
        yield opened


def at(hour: int) -> datetime:
    return datetime(2098, 2, 14, hour, tzinfo=CHICAGO)


def test_a_visit_booked_moved_and_called_off_here_is_so_there_once(desk: Desk, ostrea: Ostrea):
    for number in range(20):
        ostrea.add_person(f"Ann{number}", "Roe", f"512-555-01{number:02}")
    for day in range(1, 13):
        ostrea.add_visit(day, f"2098-03-{day:02}", "14:30", "15:15")
    done = desk.pull()
    assert (done[Kind.PATIENT].inserted, done[Kind.VISIT].inserted) == (20, 12)
    assert desk.visits()["b007"].patient_id == desk.patients()["7"].id
    trip = Trip((Part("talk", desk.patients()["5"].id, resources={"provider": "dr-kim"}),), "main", "desk")
    visit = desk.hub.desk.book(BookingRequest(trip, at(10)), actor="desk").visits[0].id  # type: ignore[union-attr]
    assert desk.push().sent == 1
    there = ostrea.book["b013"]
    said = (there["person_no"], there["staff"], there["on"], there["at"], there["until"], there["ext"])
    assert said == (5, 4, "2098-02-14", "10:00", "10:30", visit)
    assert desk.pull()[Kind.VISIT].inserted == 0, "it is known when it comes back"
    desk.hub.desk.move(MoveRequest([visit], at(13)), actor="desk")
    assert desk.push().sent == 1
    assert (ostrea.book["b013"]["at"], ostrea.book["b013"]["ext"]) == ("13:00", visit)
    desk.hub.desk.cancel([visit], Cancellation("desk"))
    assert desk.push().sent == 1
    desk.pull()
    assert desk.push().sent == 0
    assert ostrea.changes == ["POST /v2/book", "PUT /v2/book/b013", "POST /v2/book/b013/off"]
    assert (ostrea.book["b013"]["status"], desk.issues()) == ("off", [])


@pytest.mark.slow
def test_people_move_both_ways_and_a_lost_answer_makes_nobody_twice(desk: Desk, ostrea: Ostrea):
    bea = Patient(id=PatientId(mint(Kind.PATIENT)), given_name="Bea", family_name="Poe", phone="+15125550177")
    desk.save_and_tell(bea)
    ostrea.lose = 3
    with pytest.raises(RetryLater):
        desk.push()
    ostrea.lose = 0
    desk.make_due()
    assert desk.push().sent == 1
    assert [person["ext"] for person in ostrea.people.values()] == [bea.id]
    ostrea.people[1]["mail"] = "bea@example.com"
    ostrea.touch(ostrea.people[1], 1)
    assert desk.pull(Kind.PATIENT)[Kind.PATIENT].updated == 1
    desk.save_and_tell(desk.patients()["1"].model_copy(update={"family_name": "Roe"}))
    assert desk.push().sent == 1
    assert {key: ostrea.people[1][key] for key in ("first", "last", "mail")} == {
        "first": "Bea",
        "last": "Roe",
        "mail": "bea@example.com",
    }
