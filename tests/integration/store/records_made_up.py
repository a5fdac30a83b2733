"""Made-up records for the store's tests; nobody's data."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hub.canonical.finance import (
    GiftCard,
    Invoice,
    InvoiceLine,
    InvoiceState,
    Membership,
    MembershipState,
    Package,
    Payment,
    PaymentKind,
    SettlementState,
)
from hub.canonical.ids import (
    GiftCardId,
    InvoiceId,
    Kind,
    LocationId,
    MembershipId,
    PackageId,
    PatientId,
    PaymentId,
    ProviderId,
    ResourceId,
    ServiceId,
    VisitId,
)
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


def money() -> list[Canonical]:
    """One of each record of money; they need `practice()` and visit 1."""
    ann, consult = PatientId("pat-0"), ServiceId("consult")
    line = InvoiceLine(service_id=consult, quantity=Decimal("1.5"), amount=Money(amount_minor=30000))
    less = InvoiceLine(description="Spring", amount=Money(amount_minor=-5000))
    return [
        Payment(
            id=PaymentId("pay-1"),
            visit_id=VisitId("v1"),
            invoice_id=InvoiceId("inv-1"),
            kind=PaymentKind.DEPOSIT,
            amount=Money(amount_minor=5000, currency="EUR"),
            method="visa",
            paid_on=date(2026, 3, 1),
        ),
        Payment(
            id=PaymentId("pay-2"),
            patient_id=ann,
            kind=PaymentKind.REFUND,
            amount=Money(amount_minor=-2500),
            paid_on=date(2026, 3, 2),
            state=SettlementState.PENDING,
        ),
        Invoice(
            id=InvoiceId("inv-1"),
            patient_id=ann,
            visit_id=VisitId("v1"),
            number="2026-7",
            state=InvoiceState.OPEN,
            total=Money(amount_minor=25000),
            lines=(line, less),
        ),
        Package(id=PackageId("pkg-1"), patient_id=ann, service_id=consult, credits=6, used_before=4),
        GiftCard(id=GiftCardId("gft-1"), value=Money(amount_minor=10000), left=Money(amount_minor=2500)),
        Membership(
            id=MembershipId("mbr-1"),
            patient_id=ann,
            plan="Glow",
            price=Money(amount_minor=9900),
            every_months=1,
            state=MembershipState.ACTIVE,
        ),
    ]


def landed(source_id: str, payload: dict[str, object] | None = None, *, kind: Kind = Kind.PATIENT) -> SourceRecord:
    return SourceRecord(SourceRef("legacy", kind, source_id), payload or {"id": source_id}, file="f.csv", line=2)
