"""The canonical records. What a field means is said under it; how personal it is, in its type."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from hub.canonical.chart import Document, Dose, FilledForm, Procedure
from hub.canonical.consents import Consent
from hub.canonical.finance import GiftCard, Invoice, Membership, Package, Payment
from hub.canonical.ids import Kind, LocationId, PatientId, ProviderId, ResourceId, ServiceId, VisitId
from hub.canonical.lots import Lot
from hub.canonical.money import Money
from hub.canonical.phi import Phi
from hub.canonical.record import Record
from hub.canonical.schedules import Role, Schedule, Slot

PersonalText = Annotated[str | None, Phi.IDENTITY]
ContactText = Annotated[str | None, Phi.CONTACT]


class Patient(Record):
    """Somebody who is treated, or may be."""

    id: PatientId
    given_name: PersonalText = None
    family_name: PersonalText = None
    born_on: Annotated[date | None, Phi.IDENTITY] = None
    phone: ContactText = None
    """E.164, `+15125550100`."""
    email: ContactText = None
    """Lower case."""
    street: ContactText = None
    city: ContactText = None
    state: ContactText = None
    """Two letters in the United States."""
    postal_code: ContactText = None
    registered_on: date | None = None
    note: Annotated[str | None, Phi.CLINICAL] = None
    texts_allowed: bool | None = None
    """None: never asked. Not asked is not allowed."""
    marketing_allowed: bool | None = None
    active: bool = True


class Provider(Record):
    """Somebody who treats. Staff, not patients: their names stand on the day board."""

    id: ProviderId
    name: str
    title: str | None = None
    license_number: str | None = None
    license_until: date | None = None
    """The last day on which the licence is valid."""
    active: bool = True


class Location(Record):
    """A site of the practice, with one calendar and one zone."""

    id: LocationId
    name: str
    active: bool = True


class Resource(Record):
    """A room or a device."""

    id: ResourceId
    kind: str
    """`room`, `device`, or a word of the practice's own."""
    name: str
    active: bool = True


class Service(Record):
    """What can be booked; one per SKU, the others point to the one that replaces them."""

    id: ServiceId
    sku: str
    """The name by the pattern `[Product or modality] [Dose/area] - [Modifier]`."""
    name: str
    """As its system wrote it."""
    category: str | None = None
    minutes: int | None = Field(default=None, gt=0)
    price: Money | None = None
    active: bool = True
    archived: bool = False
    """A duplicate: kept for the history that names it, offered to nobody."""


class VisitState(StrEnum):
    """Where a visit stands. `BOOKED` and `ARRIVED` are to come, the others are over."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"

    @property
    def occupies(self) -> bool:
        """Whether its time counts as busy: what was cancelled or missed occupied nothing."""
        return self in (VisitState.BOOKED, VisitState.ARRIVED, VisitState.FULFILLED)


class Visit(Record):
    """One patient's appointment at one location."""

    id: VisitId
    patient_id: PatientId
    service_id: ServiceId | None = None
    """None where the source does not say."""
    location_id: LocationId
    provider_id: ProviderId | None = None
    room_id: ResourceId | None = None
    device_id: ResourceId | None = None
    start: AwareDatetime
    """Arrival: the start of the first step with the patient."""
    end: AwareDatetime
    """The end of the last step with the patient."""
    state: VisitState
    price: Annotated[Money | None, Phi.FINANCIAL] = None
    booked_via: str | None = None
    """`desk`, `online`, `phone_ai` …"""
    booked_on: date | None = None
    note: Annotated[str | None, Phi.CLINICAL] = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a visit ends after it starts")
        return self


Canonical = (
    Location
    | Provider
    | Resource
    | Service
    | Patient
    | Visit
    | Role
    | Schedule
    | Slot
    | Consent
    | FilledForm
    | Document
    | Procedure
    | Dose
    | Invoice
    | Payment
    | Package
    | GiftCard
    | Membership
    | Lot
)

MODELS: Mapping[Kind, type[Record]] = {
    Kind.LOCATION: Location,
    Kind.PROVIDER: Provider,
    Kind.RESOURCE: Resource,
    Kind.SERVICE: Service,
    Kind.ROLE: Role,
    Kind.SCHEDULE: Schedule,
    Kind.PATIENT: Patient,
    Kind.VISIT: Visit,
    Kind.SLOT: Slot,
    Kind.CONSENT: Consent,
    Kind.FORM: FilledForm,
    Kind.DOCUMENT: Document,
    Kind.PROCEDURE: Procedure,
    Kind.DOSE: Dose,
    Kind.INVOICE: Invoice,
    Kind.PAYMENT: Payment,
    Kind.PACKAGE: Package,
    Kind.GIFT_CARD: GiftCard,
    Kind.MEMBERSHIP: Membership,
    Kind.LOT: Lot,
}
"""The canonical kinds, in the order of their references: what is named comes before what names it."""
IN_ORDER = tuple(MODELS)
READ_OFF = frozenset({Kind.PROCEDURE, Kind.DOSE})
"""What is read off visits and the ledger: it goes to other systems, and comes from none."""
ONLY_READ = frozenset({Kind.ROLE, Kind.SCHEDULE, Kind.SLOT, Kind.FORM, Kind.DOCUMENT})
"""What others say and the hub never does: it comes from them, and goes nowhere."""
