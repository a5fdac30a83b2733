"""What the connector promises of every FHIR server: the same tests against our sandbox and against Medplum's router."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.sink import FhirSink
from hub.connectors.fhir_r4.source import RESOURCE_TYPES, FhirSource
from hub.connectors.kit.spec.sees import Horizon, Sees, Sweep
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.watching import WatchingSource
from hub.errors import Conflict, RecordRejected
from hub.ports import Page, Write
from tests.peers.fhir import FhirDesk, appointment, valid_seed

HOUR = timedelta(hours=1)
VISIT = "vis_0001"
OURS = {"system": "urn:medspa-hub:visit", "value": VISIT}


def read(desk: FhirDesk, kind: Kind, cursor: str | None = None, page_size: int = 100) -> list[Page]:
    with FhirClient(desk.url) as client:
        return list(FhirSource(client, "ehr", page_size=page_size).read(kind, cursor))


def records(pages: list[Page]) -> dict[str, SourceRecord]:
    return {record.ref.id: record for page in pages for record in page.records}


def send(desk: FhirDesk, write: Write) -> SourceRecord:
    with FhirClient(desk.url) as client:
        return FhirSink(client, "ehr").send(write)


def create(**elements: object) -> Write:
    payload = {key: value for key, value in {**appointment("x"), **elements}.items() if key != "id"}
    return Write(Kind.VISIT, VISIT, "ehr:visit:1", None, payload)


def change(stored: SourceRecord, **elements: object) -> Write:
    return Write(Kind.VISIT, VISIT, "ehr:visit:2", stored.ref, {**stored.payload, **elements})


@pytest.fixture
def filled(fhir_server: FhirDesk) -> FhirDesk:
    for resource in valid_seed():
        fhir_server.put(resource)
    return fhir_server


def test_every_record_is_read_and_twice_the_same(filled):
    for kind, resource_type in RESOURCE_TYPES.items():
        if kind in (Kind.LOCATION, Kind.RESOURCE):
            continue
        first = records(read(filled, kind))
        assert set(first) == {r["id"] for r in valid_seed() if r["resourceType"] == resource_type}
        assert records(read(filled, kind)) == first
    for kind in (Kind.LOCATION, Kind.RESOURCE):  # the tables tell sites from rooms
        assert set(records(read(filled, kind))) == {"austin", "room-1", "room-2", "facial", "laser"}


@pytest.mark.parametrize("page_size", [1, 7, 40, 41])
def test_pages_of_any_size_bring_every_record(filled, page_size):
    pages = read(filled, Kind.PATIENT, page_size=page_size)
    assert set(records(pages)) == {f"p{n:03}" for n in range(1, 41)}


def test_a_pull_goes_on_after_any_page_it_was_cut_off_at(filled):
    pages = read(filled, Kind.PATIENT, page_size=15)
    for cut in range(1, len(pages)):
        before = records(pages[:cut])
        after = records(read(filled, Kind.PATIENT, pages[cut - 1].cursor, page_size=15))
        assert set(before) | set(after) == {f"p{n:03}" for n in range(1, 41)}


def test_a_later_pull_brings_what_changed(filled):
    cursor = read(filled, Kind.PATIENT)[-1].cursor
    patient = next(r for r in valid_seed() if r["id"] == "p007")
    filled.put({**patient, "active": False})
    changed = records(read(filled, Kind.PATIENT, cursor))["p007"]
    assert changed.payload["active"] is False
    assert changed.modified_at is not None
    assert changed.version is not None


def test_an_empty_server_gives_nothing_and_keeps_a_place(fhir_server):
    pages = read(fhir_server, Kind.VISIT)
    assert (records(pages), pages[-1].rejected) == ({}, ())


def test_a_record_is_created_once_however_often_it_is_sent(fhir_server):
    first = send(fhir_server, create())
    assert send(fhir_server, create()) == first
    held = fhir_server.all("Appointment")
    assert [r["id"] for r in held] == [first.ref.id]
    assert held[0]["identifier"] == [OURS]


def test_two_that_create_at_once_make_one(fhir_server):
    with FhirClient(fhir_server.url) as client:
        resource = {**create().payload, "identifier": [OURS]}
        search = f"identifier={OURS['system']}|{OURS['value']}"
        ids = {client.create(resource, search)["id"] for _ in range(3)}
    assert len(ids) == 1
    assert len(fhir_server.all("Appointment")) == 1


def test_a_change_is_written_and_what_the_hub_does_not_know_stays(fhir_server):
    stored = send(fhir_server, create())
    fhir_server.put({**stored.payload, "description": "bring photographs"})
    seen = records(read(fhir_server, Kind.VISIT))[stored.ref.id]
    send(fhir_server, change(seen, status="arrived"))
    [held] = fhir_server.all("Appointment")
    assert (held["status"], held["description"], held["identifier"]) == ("arrived", "bring photographs", [OURS])


def test_a_change_that_is_there_already_writes_nothing(fhir_server):
    stored = send(fhir_server, create())
    changed = send(fhir_server, change(stored, status="arrived"))
    assert send(fhir_server, change(stored, status="arrived")) == changed
    assert changed.version != stored.version


def test_a_change_made_onto_an_old_version_is_a_conflict_and_leaves_the_other_one(fhir_server):
    stored = send(fhir_server, create())
    fhir_server.put({**stored.payload, "status": "cancelled"})
    with pytest.raises(Conflict, match="changed there"):
        send(fhir_server, change(stored, status="arrived"))
    assert fhir_server.all("Appointment")[0]["status"] == "cancelled"


def test_an_update_with_an_old_version_is_refused_by_the_server_itself(fhir_server):
    stored = send(fhir_server, create())
    fhir_server.put({**stored.payload, "status": "arrived"})
    with FhirClient(fhir_server.url) as client, pytest.raises(Conflict, match="412"):
        client.update({**stored.payload, "status": "noshow"}, stored.version)


def test_a_change_of_what_was_deleted_there_is_a_conflict(fhir_server):
    stored = send(fhir_server, create())
    gone = stored._replace(ref=stored.ref._replace(id="0000"))
    with pytest.raises(Conflict, match="gone"):
        send(fhir_server, change(gone, status="arrived"))


def test_a_record_that_breaks_fhir_is_not_sent(fhir_server):
    with pytest.raises(RecordRejected, match=r"Appointment\.end"):
        send(fhir_server, create(end="2026-03-12T14:00:00Z"))
    assert fhir_server.all("Appointment") == []


def test_what_the_hub_wrote_carries_its_id_when_it_comes_back(fhir_server):
    stored = send(fhir_server, create())
    fhir_server.put(appointment("of-the-vendor"))
    back = records(read(fhir_server, Kind.VISIT))
    assert {id_: record.hub_id for id_, record in back.items()} == {stored.ref.id: VISIT, "of-the-vendor": None}
    assert back[stored.ref.id] == stored, "and is exactly what the server confirmed"


def test_one_record_is_read_as_it_stands_and_one_that_is_gone_as_gone(filled):
    with FhirClient(filled.url) as client:
        source = FhirSource(client, "ehr")
        page = source.fetch(Kind.PATIENT, "Patient/p001")
        assert page is not None
        assert [record.ref.id for record in page.records] == ["p001"]
        assert page.records[0] == records(read(filled, Kind.PATIENT))["p001"]
        filled.delete("Patient", "p001")
        for id_ in ("p001", "never-there"):
            page = source.fetch(Kind.PATIENT, id_)
            assert page is not None
            assert [(record.ref.id, record.gone) for record in page.records] == [(id_, True)]


def test_the_days_to_come_and_all_there_is_are_listed_when_they_are_read_again(fhir_server):
    fhir_server.put(next(r for r in valid_seed() if r["id"] == "p001"))
    days = {"soon": "2026-03-12", "late": "2026-04-30", "past": "2026-03-01"}
    for id_, day in days.items():
        fhir_server.put(appointment(id_, start=f"{day}T15:00:00Z"))
    sees = Sees(horizon=Horizon(days=7, every=HOUR), sweep=Sweep(every=HOUR))
    with FhirClient(fhir_server.url) as client:
        streams = {Kind.VISIT: Stream(sees=sees)}
        clock = [datetime(2026, 3, 10, 18, tzinfo=UTC)]
        source = WatchingSource(FhirSource(client, "ehr"), streams, ZoneInfo("UTC"), lambda: clock[0])
        first = list(source.read(Kind.VISIT, None))
        clock[0] += HOUR
        fhir_server.delete("Appointment", "soon")
        fhir_server.put(appointment("new", start="2026-03-16T15:00:00Z"))
        later = list(source.read(Kind.VISIT, first[-1].cursor))
    assert not any(page.roll for page in first)
    rolls: dict[str, set[str]] = {}
    for page in later:
        if page.roll is not None:
            rolls.setdefault(page.roll.id.split()[0], set()).update(page.roll.names)
    assert rolls == {"horizon": {"new"}, "sweep": {"late", "past", "new"}}
