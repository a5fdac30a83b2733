"""Made-up records for the store's tests; nobody's data."""

from datetime import UTC, datetime, timedelta

from hub.canonical.ids import Kind, LocationId, PatientId, ProviderId, ResourceId, ServiceId, VisitId
from hub.canonical.money import Money
from hub.canonical.records import Canonical, Location, Patient, Provider, Resource, Service, Visit, VisitState
from hub.canonical.source import SourceRecord, SourceRef

NINE = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def practice(patients: int = 3) -> list[Canonical]:
    people: list[Canonical] = [Patient(id=PatientId(f"pat-{n}"), given_name=f"Given{n}") for n in range(patients)]
    return [
        *people,
        Location(id=LocationId("main"), name="Main"),
        Provider(id=ProviderId("dr-lee"), name="Dr Lee"),
        Provider(id=ProviderId("dr-kim"), name="Dr Kim"),
        Resource(id=ResourceId("room-1"), kind="room", name="Room 1"),
        Resource(id=ResourceId("room-2"), kind="room", name="Room 2"),
        Service(id=ServiceId("consult"), sku="Consultation", name="Consult", price=Money(amount_minor=10000)),
    ]


def visit(
    number: int | str,
    start: int,
    end: int,
    *,
    patient: int = 0,
    provider: str | None = "dr-lee",
    room: str | None = None,
    state: VisitState = VisitState.BOOKED,
) -> Visit:
    return Visit(
        id=VisitId(f"v{number}"),
        patient_id=PatientId(f"pat-{patient}"),
        service_id=ServiceId("consult"),
        location_id=LocationId("main"),
        provider_id=ProviderId(provider) if provider else None,
        room_id=ResourceId(room) if room else None,
        start=at(start),
        end=at(end),
        state=state,
        price=Money(amount_minor=12345, currency="EUR"),
    )


def landed(source_id: str, payload: dict[str, object] | None = None, *, kind: Kind = Kind.PATIENT) -> SourceRecord:
    return SourceRecord(SourceRef("legacy", kind, source_id), payload or {"id": source_id}, file="f.csv", line=2)
