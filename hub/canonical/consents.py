"""The consent of a patient, as a record: that it was signed, and not what was signed."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, model_validator

from hub.canonical.ids import ConsentId, PatientId
from hub.canonical.phi import Phi
from hub.canonical.record import Record


class ConsentState(StrEnum):
    """Where a consent stands."""

    PREPARED = "prepared"
    """Waits to be signed; FHIR's `draft`."""
    SIGNED = "signed"
    """FHIR's `active`."""
    VOID = "void"
    """Withdrawn; FHIR's `inactive`."""


class Consent(Record):
    """One patient's consent by one version of one form."""

    id: ConsentId
    patient_id: PatientId
    form_id: str
    """Of the practice file."""
    version: str
    state: ConsentState
    signed_at: AwareDatetime | None = None
    valid_until: date | None = None
    """The last local date on which it holds. None: until it is withdrawn, or not signed yet."""
    document: Annotated[str | None, Phi.CLINICAL] = None
    """The reference of the signed document where it is kept; never its content."""

    @model_validator(mode="after")
    def _is_signed_at_an_instant(self) -> Self:
        if self.state is ConsentState.SIGNED and self.signed_at is None:
            raise ValueError("a signed consent says when it was signed")
        return self
