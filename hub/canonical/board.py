"""What the day board shows: a read model of one location on one local date.

It holds the minimum necessary: of a patient the given name and one letter, no contact, no note, no money.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hub.canonical.records import VisitState
from hub.canonical.time import Span


@dataclass(frozen=True, slots=True)
class BoardLocation:
    """A location and the zone its clocks show."""

    id: str
    name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class BoardClosed:
    """Time in which a resource does not work: outside its hours, or away."""

    span: Span
    reason: str
    """`closed` (outside the hours) or `away`; any other word is shown as it stands."""


@dataclass(frozen=True, slots=True)
class BoardResource:
    """A column: a provider, an assistant, a room, a device, or a kind of the practice's own."""

    id: str
    kind: str
    name: str
    capacity: int = 1
    """How many visits may use it at once."""
    detail: str | None = None
    """A title, or the room a device is fixed in."""
    closed: tuple[BoardClosed, ...] = ()
    """In order of time, clipped to the date or not."""


@dataclass(frozen=True, slots=True)
class BoardClaim:
    """A visit's step on one resource."""

    resource_id: str
    span: Span
    step: str | None = None
    """The step's name in the service's protocol; None where a system gave only start and end."""
    with_patient: bool = True
    """False for set-up, cleaning and turnover: the resource is busy, the patient is not there."""
    firm: bool = True
    """False: contested, kept outside the constraint until a person decides."""


@dataclass(frozen=True, slots=True)
class BoardVisit:
    """A visit that touches the date, whatever became of it."""

    id: str
    patient_id: str
    given_name: str | None
    family_initial: str | None
    """One letter. The whole name stays where it is stored."""
    span: Span
    """From arrival to the end of the last step with the patient."""
    state: VisitState
    service: str | None = None
    claims: tuple[BoardClaim, ...] = ()
    """Those on resources; the patient's own time is `span`."""
    patient_contested: bool = False
    issues: tuple[str, ...] = ()
    """Codes of its open review issues."""
    unsigned: tuple[str, ...] = ()
    documents: int = 0
    """How many notes about the patient are at hand, of a visit that is to come."""
    """The names of the forms that the patient has still to sign before it."""


@dataclass(frozen=True, slots=True)
class BoardBlock:
    """Time taken by no visit: a bare block, or a hold of somebody who is booking right now."""

    resource_id: str
    span: Span
    reason: str
    """`block` or `hold`; any other word is shown as it stands."""


@dataclass(frozen=True, slots=True)
class BoardDay:
    """Everything that stands in one location's book on one local date."""

    location: BoardLocation
    on: date
    resources: tuple[BoardResource, ...]
    """In the order in which the practice lists them. Whatever a claim names is among them."""
    visits: tuple[BoardVisit, ...]
    blocks: tuple[BoardBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class BoardIssue:
    """Something that waits for a person's decision."""

    kind: str
    """What sort of decision: `overlap`, `ambiguous_match` …"""
    opened_at: datetime
    codes: tuple[str, ...] = ()
    """Why, where the kind alone does not say."""
    problems: tuple[str, ...] = ()
    """The same in whole sentences with places, where something could not be read. Never a personal value."""
    location_id: str | None = None
    """With `at`: on whose board it shows. Both None where it belongs to no day."""
    at: datetime | None = None
    """The start of the visit or block."""
    service: str | None = None
    """Of the visit, by its name."""
    what: str | None = None
    """The sort of record it is about: `visit`, `patient, juniper-ehr` …"""
