"""What the schedule answers: a booking that can be written down as it stands, or every reason against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from hub.canonical.money import Money


@dataclass(frozen=True, slots=True)
class PlannedClaim:
    """One unit of a resource for one step, [start_at, end_at)."""

    resource_id: str
    unit: int
    """Counted from 1. No two claims of one unit overlap, given the booking's `recolourings`."""
    step: str
    need: str
    """The need's name."""
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedPromise:
    """Stock to promise for the local date of arrival."""

    product_id: str
    location_id: str
    promised_on: date
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One part of the trip as a visit."""

    service_id: str
    option_id: str | None
    patient_id: str
    location_id: str
    arrives_at: datetime
    """The start of the first step with the patient."""
    starts_at: datetime
    """The start of the first step."""
    leaves_at: datetime
    """The end of the last step with the patient: they are busy over [arrives_at, leaves_at)."""
    ends_at: datetime
    """The end of the last step."""
    resources: tuple[tuple[str, str], ...]
    """(need name, resource) in the order the service names them."""
    first_of_kind: Mapping[str, str]
    """Kind → the first of `resources` that is of it."""
    claims: tuple[PlannedClaim, ...]
    promises: tuple[PlannedPromise, ...]
    price: Money | None
    deposit: Money | None
    """None: nothing to pay ahead (no rule, no price, or a package pays)."""
    package_id: str | None


@dataclass(frozen=True, slots=True)
class Recolouring:
    """An existing claim that changes its unit of the same resource, so that a new one fits. Its time stays."""

    claim_id: str
    unit: int
    resource_id: str
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class Reassignment:
    """A claim that the engine chose for a visit from outside and that goes to another resource. Its time stays."""

    claim_id: str
    visit_id: str
    patient_id: str
    need: str
    left: str
    """The resource it was on."""
    resource_id: str
    unit: int
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class Booking:
    """Accepted: write all of it, in one transaction."""

    visits: tuple[PlannedVisit, ...]
    """One for each part, in the request's order."""
    recolourings: tuple[Recolouring, ...] = ()
    """To be written together with the claims (the constraint is deferred to the commit)."""
    overridden: tuple[str, ...] = ()
    """The codes that applied and were passed over, sorted."""
    reassignments: tuple[Reassignment, ...] = ()
    """What makes way for it; written like the recolourings."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A business no: every reason that applies, sorted."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Openings:
    """Arrival instants in UTC, in order, each once; all on the grid of the location's wall clock."""

    arrivals: tuple[datetime, ...]
