"""A FHIR server as the owner of a calendar: what it stores is confirmed, once; what it refuses or loses is no yes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from hub.canonical.ids import Kind
from hub.connectors.fhir_r4.calendar import FhirCalendar
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.kit.http import Limits
from hub.ports import Absent, Confirmed, Declined, Unknown, Write
from tests.peers.fhir import FhirDesk, appointment
from tests.peers.processes import free_port
from tests.peers.scripted import answer, bundle, scripted

PAYLOAD = {key: value for key, value in appointment("x").items() if key != "id"}
WRITE = Write(Kind.VISIT, "vis_1", "ehr:visit:vis_1", None, PAYLOAD)
LATER = {**PAYLOAD, "start": "2026-03-12T16:00:00Z", "end": "2026-03-12T16:30:00Z"}


@contextmanager
def calendar(url: str, seconds: float = 300) -> Iterator[FhirCalendar]:
    """One who bears so long a silence."""
    limits = Limits(read_seconds=seconds, whole_seconds=300, attempts=1)
    with FhirClient(url, limits=limits) as client:
        yield FhirCalendar(client, "ehr")


def standing(desk: FhirDesk) -> list[str]:
    return [one["status"] for one in desk.all("Appointment")]


def test_a_visit_is_confirmed_once_however_often_it_is_asked_for(fhir_server: FhirDesk) -> None:
    with calendar(fhir_server.url) as vendor:
        assert vendor.look(WRITE) == Absent()
        first = vendor.confirm(WRITE)
        assert isinstance(first, Confirmed)
        assert first.record.hub_id == "vis_1"
        again, looked = vendor.confirm(WRITE), vendor.look(WRITE)
    assert isinstance(again, Confirmed)
    assert isinstance(looked, Confirmed)
    assert {again.record.ref, looked.record.ref} == {first.record.ref}
    assert standing(fhir_server) == ["booked"]


def test_a_move_and_a_cancellation_change_the_same_appointment_and_may_be_repeated(fhir_server: FhirDesk) -> None:
    with calendar(fhir_server.url) as vendor:
        vendor.confirm(WRITE)
        moved = replace(WRITE, payload=LATER)
        assert isinstance(vendor.move(moved), Confirmed)
        assert isinstance(vendor.move(moved), Confirmed)
        assert isinstance(vendor.look(moved), Confirmed)
        assert vendor.look(WRITE) == Declined("other_time", may_stand=True)
        assert isinstance(vendor.cancel("vis_1", None), Confirmed)
        assert isinstance(vendor.cancel("vis_1", None), Confirmed)
        assert vendor.look(moved) == Declined("cancelled_there")
        assert vendor.confirm(moved) == Declined("cancelled_there")  # it is there, and will not take place
        assert vendor.cancel("vis_2", None) == Absent()
    assert standing(fhir_server) == ["cancelled"]


@pytest.mark.parametrize(
    ("fault", "stored"),
    [
        ({"kind": "truncated"}, True),
        ({"kind": "drop"}, True),
        ({"kind": "error"}, False),
        ({"kind": "html"}, False),
        ({"kind": "slow", "seconds": 86400}, False),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_an_answer_that_cannot_be_trusted_is_unknown(
    sandbox_server: FhirDesk, fault: dict[str, object], stored: bool
) -> None:
    sandbox_server.fault(**fault)
    with calendar(sandbox_server.url, 0.3 if fault["kind"] == "slow" else 300) as vendor:
        assert isinstance(vendor.confirm(WRITE), Unknown)
        assert isinstance(vendor.look(WRITE), Unknown)
        assert isinstance(vendor.cancel("vis_1", None), Unknown)
    sandbox_server.fault()
    with calendar(sandbox_server.url) as vendor:
        assert isinstance(vendor.look(WRITE), Confirmed if stored else Absent)
        assert isinstance(vendor.confirm(WRITE), Confirmed)
    assert standing(sandbox_server) == ["booked"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422])
def test_a_status_that_refuses_is_a_no(status: int) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "conflict"}]}
    with scripted(lambda _: answer(outcome, status)) as server, calendar(server.url) as vendor:
        assert vendor.confirm(WRITE) == Declined(f"http_{status}")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_status_that_says_later_is_unknown(status: int) -> None:
    with scripted(lambda _: answer({}, status)) as server, calendar(server.url) as vendor:
        assert vendor.confirm(WRITE) == Unknown(f"http_{status}")
        assert vendor.look(WRITE) == Unknown(f"http_{status}")


def test_a_server_that_is_not_there_was_not_asked() -> None:
    with calendar(f"http://127.0.0.1:{free_port()}") as vendor:
        assert vendor.confirm(WRITE) == Declined("unreachable", was_asked=False)
        assert vendor.look(WRITE) == Unknown("unreachable")


def test_what_waits_for_approval_there_is_not_confirmed(sandbox_server: FhirDesk) -> None:
    mine = [{"system": "urn:medspa-hub:visit", "value": "vis_1"}]
    sandbox_server.post({**PAYLOAD, "status": "pending", "identifier": mine})
    with calendar(sandbox_server.url) as vendor:
        assert vendor.confirm(WRITE) == Unknown("pending")


def test_what_breaks_fhir_is_refused_before_it_is_sent() -> None:
    broken = replace(WRITE, payload={**PAYLOAD, "status": "sure"})
    with scripted(lambda _: answer({})) as server, calendar(server.url) as vendor:
        assert isinstance(vendor.confirm(broken), Declined)
        assert server.asked == []


def test_two_that_carry_our_identifier_are_unknown_until_a_person_looks() -> None:
    mine = {"identifier": [{"system": "urn:medspa-hub:visit", "value": "vis_1"}]}
    both = bundle({**appointment("1"), **mine}, {**appointment("2"), **mine})
    with scripted(lambda _: answer(both)) as server, calendar(server.url) as vendor:
        assert vendor.look(WRITE) == Unknown("copied_identifier")
