"""A REST system that nobody has seen (keyed pages, tickets, nested records, local times) is connected by YAML alone."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind, PatientId, mint
from hub.canonical.records import Patient, VisitState
from hub.errors import RetryLater
from hub.operations.cancel_visit import Cancellation
from hub.operations.move_visit import MoveRequest
from hub.scheduling.request import BookingRequest, Part, Trip
from tests.database import Database
from tests.integration.operations.unseen_practice import Desk, unseen_practice
from tests.peers.unseen.veloura.server import Veloura

CHICAGO = ZoneInfo("America/Chicago")
VALENTINE = "02/14/2098"


@pytest.fixture
def veloura() -> Veloura:
    return Veloura()


@pytest.fixture
def desk(veloura: Veloura, database: Database, tmp_path: Path) -> Iterator[Desk]:
    with unseen_practice("veloura", veloura.serve, database, tmp_path / "practice") as opened:
        yield opened


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2098, 2, 14, hour, minute, tzinfo=CHICAGO)


def book(desk: Desk, patient_id: str, hour: int, service: str = "glow-peel") -> str:
    trip = Trip((Part(service, patient_id, resources={"provider": "dr-lee"}),), "main", "desk")
    booked = desk.hub.desk.book(BookingRequest(trip, at(hour)), actor="desk")
    return booked.visits[0].id  # type: ignore[union-attr]


def test_its_guests_and_lines_become_patients_and_visits_page_by_page(desk: Desk, veloura: Veloura):
    numbers = [veloura.add_guest(f"Ann{n}", "Roe", f"(512) 555-01{n:02}", birth="1980-02-01") for n in range(23)]
    for number in numbers[:12]:
        veloura.add_line(number, VALENTINE, "2:30 PM", "3:15 PM")
    veloura.add_line(numbers[0], VALENTINE, "4:00 PM", "4:30 PM", svc="TX-1", staff="S4")
    done = desk.pull()
    assert (done[Kind.PATIENT].inserted, done[Kind.VISIT].inserted) == (23, 13)
    ann = desk.patients()[numbers[7]]
    assert (ann.given_name, ann.phone, ann.born_on) == ("Ann7", "+15125550107", date(1980, 2, 1))
    first, last = desk.visits()["L0001"], desk.visits()["L0013"]
    assert (first.start, first.end, first.provider_id) == (at(14, 30), at(15, 15), "dr-lee")
    assert (last.patient_id, last.service_id) == (desk.patients()[numbers[0]].id, "talk")
    again = desk.pull()
    assert all((each.inserted, each.updated, each.rejected) == (0, 0, 0) for each in again.values())


@pytest.mark.slow
def test_what_changes_there_changes_here_and_only_that_is_asked_for(desk: Desk, veloura: Veloura):
    numbers = [veloura.add_guest(f"Ann{n}", "Roe", f"(512) 555-01{n:02}") for n in range(12)]
    line = veloura.add_line(numbers[0], VALENTINE, "2:30 PM", "3:15 PM")
    desk.pull()
    veloura.guests[numbers[3]]["name"]["last"] = "Poe"
    veloura.touch(veloura.guests[numbers[3]])
    veloura.line(line).update({"from": "3:00 PM", "to": "3:45 PM", "rev": 2})
    veloura.touch(next(iter(veloura.sheets.values())))
    asked = len(desk.server.asked)
    done = desk.pull()
    assert (done[Kind.PATIENT].updated, done[Kind.VISIT].updated) == (1, 1)
    assert all("changedFrom=2026" in one.target for one in desk.server.asked[asked:])
    assert desk.patients()[numbers[3]].family_name == "Poe"
    assert desk.visits()[line].start == at(15)


def test_a_visit_booked_moved_and_cancelled_here_is_so_there_once(desk: Desk, veloura: Veloura):
    guest = veloura.add_guest("Ann", "Roe", "(512) 555-0100")
    desk.pull()
    visit = book(desk, desk.patients()[guest].id, 10)
    assert desk.push().sent == 1
    line = veloura.line("L0001")
    assert (line["from"], line["to"], line["svc"], line["yourRef"]) == ("10:00 AM", "10:45 AM", "TX-9", visit)
    assert desk.pull()[Kind.VISIT].inserted == 0, "it is known when it comes back"
    assert list(desk.visits()) == ["L0001"]
    desk.hub.desk.move(MoveRequest([visit], at(13)), actor="desk")
    assert desk.push().sent == 1
    assert veloura.line("L0001")["from"] == "01:00 PM"
    desk.hub.desk.cancel([visit], Cancellation("desk"))
    assert desk.push().sent == 1
    assert veloura.line("L0001")["state"] == "VOID"
    done = desk.pull()
    assert (done[Kind.VISIT].inserted, done[Kind.VISIT].updated) == (0, 0), "nothing echoes"
    assert desk.push().sent == 0
    lines = "/gateway/agenda/lines"
    assert veloura.calls == [f"POST {lines}", f"PUT {lines}/L0001", f"POST {lines}/L0001/void"]
    assert desk.issues() == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Kind.PATIENT, Kind.VISIT])
def test_after_a_lost_answer_it_stands_there_once(desk: Desk, veloura: Veloura, kind: Kind):
    guest = veloura.add_guest("Ann", "Roe", "(512) 555-0100")
    desk.pull()
    if kind is Kind.VISIT:
        book(desk, desk.patients()[guest].id, 10)
    else:
        desk.save_and_tell(Patient(id=PatientId(mint(Kind.PATIENT)), given_name="Bea", family_name="Poe"))
    veloura.lose = 3
    with pytest.raises(RetryLater):
        desk.push()
    veloura.lose = 0
    desk.make_due()
    assert desk.push().sent == 1
    assert len(veloura.guests) == (2 if kind is Kind.PATIENT else 1)
    assert sum(len(sheet["lines"]) for sheet in veloura.sheets.values()) == (kind is Kind.VISIT)
    assert desk.pull()[kind].inserted == 0


def test_a_person_made_here_is_made_there_and_a_change_sends_only_what_changed(desk: Desk, veloura: Veloura):
    bea = Patient(id=PatientId(mint(Kind.PATIENT)), given_name="Bea", family_name="Poe", phone="+15125550177")
    desk.save_and_tell(bea)
    assert desk.push().sent == 1
    guest = veloura.guests["G0001"]
    assert (guest["name"], guest["yourRef"]) == ({"first": "Bea", "last": "Poe"}, bea.id)
    guest["loyalty"] = 40
    veloura.touch(guest)
    desk.save_and_tell(bea.model_copy(update={"family_name": "Roe"}))
    assert desk.push().sent == 1
    assert (guest["name"]["last"], guest["loyalty"], guest["rev"]) == ("Roe", 40, 3)
    desk.save_and_tell(bea.model_copy(update={"family_name": "Roe"}))
    calls = len(veloura.calls)
    desk.push()
    assert len(veloura.calls) == calls, "what stands there already is not sent"
    assert desk.pull()[Kind.PATIENT].inserted == 0


@pytest.mark.slow
def test_a_change_made_there_meanwhile_is_not_overwritten(desk: Desk, veloura: Veloura):
    guest = veloura.add_guest("Ann", "Roe", "(512) 555-0100")
    desk.pull()
    veloura.guests[guest]["name"] = {"first": "Anne", "last": "Roe"}
    veloura.touch(veloura.guests[guest])
    desk.save_and_tell(desk.patients()[guest].model_copy(update={"given_name": "Annie"}))
    assert desk.push().failed == 1
    assert veloura.guests[guest]["name"]["first"] == "Anne"


@pytest.mark.slow
def test_a_ticket_that_ends_is_fetched_anew(desk: Desk, veloura: Veloura):
    veloura.add_guest("Ann", "Roe", "(512) 555-0100")
    desk.pull()
    veloura.tickets.append("the desk was restarted")
    veloura.add_guest("Bea", "Poe", "(512) 555-0101")
    assert desk.pull()[Kind.PATIENT].inserted == 1


@pytest.mark.slow
def test_a_line_that_was_voided_there_is_cancelled_here(desk: Desk, veloura: Veloura):
    guest = veloura.add_guest("Ann", "Roe", "(512) 555-0100")
    line = veloura.add_line(guest, VALENTINE, "2:30 PM", "3:15 PM")
    desk.pull()
    veloura.line(line).update(state="VOID", rev=2)
    veloura.touch(next(iter(veloura.sheets.values())))
    desk.pull()
    assert desk.visits()[line].state is VisitState.CANCELLED
