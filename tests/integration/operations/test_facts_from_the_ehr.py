"""Appointments of an EMR that name no room: the hub finds one, and another when somebody needs that very one."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from hub.canonical.ids import Kind
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from hub.ports import Store
from hub.scheduling.request import BookingRequest, Part, Trip
from tests.integration.operations.fhir_practice import ehr, pull, push
from tests.integration.operations.outside_practice import flagged, rooms, taken
from tests.peers.fhir import FhirDesk, Resource, valid_seed
from tests.peers.fixtures import _sandbox_process, sandbox_server  # noqa: F401

PRACTICE = """
zone: America/Chicago
resources:
  - {id: dr-lee, kind: provider, certifications: [{code: laser-3, until: 2098-02-28}]}
  - {id: maria-lopez, kind: provider}
  - {id: kim-tran, kind: provider}
  - {id: zoe-adams, kind: provider}
  - {id: room-1, kind: room, skills: [chair]}
  - {id: room-2, kind: room}
  - {id: facial-room, kind: lounge}
  - {id: laser-suite, kind: suite}
services:
  - {id: consultation, steps: [{name: talk, minutes: 30, needs: [{kind: provider}, {kind: room}]}]}
  - {id: botox-forehead, steps: [{name: inject, minutes: 30, needs: [{kind: provider}, {kind: room, skills: [chair]}]}]}
  - {id: ipl-photofacial, steps: [{name: flash, minutes: 30, needs: [{kind: provider, certification: laser-3}]}]}
  - {id: juvederm-lips, steps: [{name: inject, minutes: 30, needs: [{kind: provider}]}]}
  - {id: hydrafacial-signature, steps: [{name: facial, minutes: 30, needs: [{kind: lounge}]}]}
  - {id: laser-full-legs, steps: [{name: laser, minutes: 30, needs: [{kind: suite}]}]}
"""
AT = datetime(2098, 3, 3, 15, tzinfo=UTC)


def appointment(number: str, service: str, provider: str) -> Resource:
    """A half hour at `AT`, at the site, in no room."""
    people = ("Patient/p001" if number == "x1" else "Patient/p002", f"Practitioner/{provider}")
    return {
        "resourceType": "Appointment",
        "id": number,
        "status": "booked",
        "serviceType": [{"coding": [{"code": service}]}],
        "supportingInformation": [{"reference": "Location/austin"}],
        "start": "2098-03-03T15:00:00Z",
        "end": "2098-03-03T15:30:00Z",
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in people],
    }


@pytest.fixture
def desk(sandbox_server: FhirDesk) -> FhirDesk:  # noqa: F811
    for resource in valid_seed():
        if resource["resourceType"] in ("Location", "Practitioner") or resource["id"] in ("p001", "p002", "p003"):
            sandbox_server.put(resource)
    return sandbox_server


@pytest.fixture
def practice(store: Store) -> Store:
    apply_practice(store, PRACTICE, "practice.yaml")
    return store


def id_of(store: Store, source_id: str, kind: Kind = Kind.VISIT) -> str:
    with store.begin("test") as work:
        return work.links.find_all(ehr().name, kind)[source_id]


def test_an_appointment_without_a_room_makes_way_for_a_booking_that_needs_the_very_room(
    practice: Store, desk: FhirDesk, owner: Engine
) -> None:
    desk.put(appointment("x1", "CONS-NEW", "lee"))
    pull(desk.url, practice)
    fact = id_of(practice, "x1")
    assert taken(owner, fact) == [
        ("dr-lee", "provider", "talk", 0, 30, True, False),
        ("room-1", "room", "talk", 0, 30, True, True),
    ]
    part = Part("botox-forehead", id_of(practice, "p003", Kind.PATIENT))
    booked = book_visit(practice, BookingRequest(Trip((part,), "main"), AT), actor="desk", push_to=[ehr().name])
    assert isinstance(booked, Booked)
    assert rooms(owner, booked.visits[0].id, fact) == ["room-1", "room-2"]
    before = desk.all("Appointment", _id="x1")
    push(desk.url, practice)
    assert desk.all("Appointment", _id="x1") == before, "the record never named a room, so nothing of it is pushed"
    pull(desk.url, practice)
    assert rooms(owner, booked.visits[0].id, fact) == ["room-1", "room-2"]


def test_an_appointment_that_breaks_a_rule_is_kept_with_its_reasons_until_it_changes(
    practice: Store, desk: FhirDesk, owner: Engine
) -> None:
    desk.put(appointment("x2", "IPL-FACE", "lee"))
    pull(desk.url, practice)
    fact = id_of(practice, "x2")
    assert flagged(practice) == {fact: ("none_suitable",)}, "the certificate lapsed three days before"
    assert taken(owner, fact) == [("dr-lee", "provider", "flash", 0, 30, True, False)]
    desk.put(appointment("x2", "CONS-NEW", "lee"))
    pull(desk.url, practice)
    assert flagged(practice) == {}
    assert rooms(owner, fact) == ["room-1"]
