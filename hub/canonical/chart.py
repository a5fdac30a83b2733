"""What a chart holds of a visit: that it is there and where, what was done, and which lot was given.

The hub keeps no chart: of documents and forms it knows that they are at hand, never what they say.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from hub.canonical.ids import (
    DocumentId,
    DoseId,
    FormId,
    LocationId,
    PatientId,
    ProcedureId,
    ProviderId,
    ServiceId,
    VisitId,
)
from hub.canonical.phi import Phi
from hub.canonical.record import Record

ClinicalText = Annotated[str | None, Phi.CLINICAL]


class Document(Record):
    """A document about a patient that another system keeps, such as the notes of a consultation."""

    id: DocumentId
    patient_id: PatientId
    visit_id: VisitId | None = None
    """The visit it was written at; None where its system does not say."""
    provider_id: ProviderId | None = None
    """Who wrote it."""
    kind: ClinicalText = None
    """`consultation_note`, `history_and_physical`, `progress_note`, or the system's own code."""
    written_at: AwareDatetime | None = None
    reference: ClinicalText = None
    """Where it is kept: an address or an identifier, to be opened there; never its content."""
    active: bool = True
    """False: superseded, or entered in error."""


class FormState(StrEnum):
    """Where a form stands that a patient fills in."""

    BEGUN = "begun"
    COMPLETED = "completed"
    VOID = "void"


class FilledForm(Record):
    """A form that a patient filled in elsewhere; its answers stay there."""

    id: FormId
    patient_id: PatientId
    form_id: str
    """As its system names the form; where the practice file has a consent of that name, filling it in signs that."""
    version: str | None = None
    state: FormState
    filled_at: AwareDatetime | None = None


class Procedure(Record):
    """What was done at a visit that took place. Read off the visit, never written."""

    id: ProcedureId
    patient_id: PatientId
    visit_id: VisitId
    service_id: ServiceId | None = None
    provider_id: ProviderId | None = None
    location_id: LocationId
    start: AwareDatetime
    end: AwareDatetime


class Dose(Record):
    """What was given of one lot at a visit. Read off the ledger of stock, never written."""

    id: DoseId
    patient_id: PatientId
    visit_id: VisitId
    provider_id: ProviderId | None = None
    product_id: Annotated[str, Phi.CLINICAL]
    """Of the practice file."""
    lot: Annotated[str, Phi.CLINICAL]
    expires_on: date | None = None
    """The lot's last usable day."""
    quantity: Annotated[Decimal, Phi.CLINICAL] = Field(gt=0)
    unit: str | None = None
    """What the practice file counts the product in."""
    given_at: AwareDatetime
