"""Visits from outside whose records left names open: the engine filled them, and may fill them with others."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FilledClaim:
    """One claim of such a visit, [start_at, end_at)."""

    id: str
    resource_id: str
    need: str
    """The need's name."""
    step: str | None
    """None: the whole visit, where its length is not the service's."""
    start_at: datetime
    end_at: datetime
    is_reassignable: bool
    """False: the record names it, and it stays."""


@dataclass(frozen=True, slots=True)
class FilledVisit:
    """A visit that has not begun, with everything it takes."""

    id: str
    patient_id: str
    service_id: str
    option_id: str | None
    location_id: str
    arrives_at: datetime
    leaves_at: datetime
    claims: tuple[FilledClaim, ...]
