"""A practice whose EMR is a FHIR server with charts and calendars: its folder, and what stands in the EMR at first."""

from pathlib import Path
from typing import Any

from tests.peers.fhir import FhirDesk

PRACTICE = """
zone: America/Chicago
locations: [{id: main}]
resources:
  - {id: dr-lee, kind: provider}
  - {id: room-1, kind: room}
products: [{id: botox, unit: unit}]
stock: [{product: botox, lot: C3709, on_hand: 200, expires: 2099-12-31}]
consents: [{id: botox-consent, versions: [{version: "2"}], valid_days: 365}]
services:
  - id: botox-forehead
    consents: [botox-consent]
    uses: [{product: botox, quantity: 20}]
    steps: [{name: inject, minutes: 30, needs: [{kind: provider}, {kind: room}]}]
"""
CONNECTION = """
system: ehr
connector: fhir_r4
base_url: URL
mappings: fhir-r4
streams:
  location: {}
  resource: {}
  provider: {}
  service: {}
  role: {}
  schedule: {}
  slot: {}
  patient: {direction: both}
  visit: {direction: both}
  consent: {direction: both}
  form: {}
  document: {}
  procedure: {direction: push}
  dose: {direction: push}
aliases:
  location: {austin: main, room-1: main}
  resource: {room-1: room-1}
  provider: {lee: dr-lee}
  service: {btx: botox-forehead}
"""
AGREEMENTS = """
agreements:
  - {vendor: "The EMR, Inc.", systems: [ehr], signed_on: 2026-02-02}
"""
SECRET = "Zyxwenq"
"""Words of a chart that must not reach the hub."""


def write_folder(folder: Path, url: str) -> Path:
    """What an implementation team writes."""
    (folder / "connections").mkdir(parents=True)
    (folder / "practice.yaml").write_text(PRACTICE)
    (folder / "agreements.yaml").write_text(AGREEMENTS)
    (folder / "connections" / "ehr.yaml").write_text(CONNECTION.replace("URL", url))
    return folder


def reference(resource_type: str, resource_id: str) -> dict[str, str]:
    return {"reference": f"{resource_type}/{resource_id}"}


def appointment(resource_id: str, patient: str, start: str, end: str, status: str = "booked") -> dict[str, Any]:
    actors = (reference("Patient", patient), reference("Practitioner", "lee"), reference("Location", "room-1"))
    return {
        "resourceType": "Appointment",
        "id": resource_id,
        "status": status,
        "serviceType": [{"coding": [{"code": "btx"}]}],
        "start": start,
        "end": end,
        "participant": [{"actor": actor, "status": "accepted"} for actor in actors],
    }


def slot(status: str) -> dict[str, Any]:
    return {
        "resourceType": "Slot",
        "id": "lunch",
        "schedule": reference("Schedule", "of-lee"),
        "status": status,
        "start": "2098-03-03T18:00:00Z",
        "end": "2098-03-03T19:00:00Z",
    }


def note(status: str = "current") -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": "note-1",
        "status": status,
        "type": {"coding": [{"system": "http://loinc.org", "code": "11488-4"}]},
        "description": SECRET,
        "subject": reference("Patient", "p1"),
        "date": "2026-02-10T15:00:00Z",
        "author": [reference("Practitioner", "lee")],
        "content": [{"attachment": {"url": "https://ehr.example/notes/1", "title": SECRET, "data": "enl4d2VucQ=="}}],
        "context": {"related": [reference("Appointment", "today")]},
    }


def fill(desk: FhirDesk) -> None:
    """A morning at the EMR."""
    for resource in (
        {"resourceType": "Location", "id": "austin", "name": "Austin", "status": "active"},
        {"resourceType": "Location", "id": "room-1", "name": "Room 1", "partOf": reference("Location", "austin")},
        {"resourceType": "Practitioner", "id": "lee", "name": [{"text": "Dr. Lee", "family": "Lee"}]},
        {"resourceType": "HealthcareService", "id": "btx", "name": "Botox Forehead", "active": True},
        {
            "resourceType": "PractitionerRole",
            "id": "lee-austin",
            "practitioner": reference("Practitioner", "lee"),
            "location": [reference("Location", "austin")],
            "specialty": [{"text": "Injectables"}],
        },
        {"resourceType": "Schedule", "id": "of-lee", "actor": [reference("Practitioner", "lee")]},
        slot("busy-unavailable"),
        {"resourceType": "Patient", "id": "p1", "name": [{"use": "official", "family": "Abbott", "given": ["Ann"]}]},
        {"resourceType": "Patient", "id": "p2", "name": [{"use": "official", "family": "Brooks", "given": ["Bea"]}]},
        appointment("today", "p1", "2026-03-10T15:00:00Z", "2026-03-10T15:30:00Z", "arrived"),
        {
            "resourceType": "Consent",
            "id": "c1",
            "status": "active",
            "scope": {"coding": [{"code": "treatment"}]},
            "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
            "patient": reference("Patient", "p1"),
            "dateTime": "2026-03-01T15:00:00Z",
            "policyRule": {
                "coding": [{"system": "https://ehr.example/forms", "code": "botox-consent", "version": "2"}]
            },
        },
        {
            "resourceType": "QuestionnaireResponse",
            "id": "q2",
            "status": "completed",
            "questionnaire": "botox-consent|2",
            "subject": reference("Patient", "p2"),
            "authored": "2098-03-01T15:00:00Z",
            "item": [{"linkId": "1", "answer": [{"valueString": SECRET}]}],
        },
        note(),
    ):
        desk.put(resource)
