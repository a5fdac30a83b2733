"""What is asked of the schedule: a visit or a trip of several, openings for it, a booking of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType

from hub.canonical.wall import require_near
from hub.errors import InvalidInput, Problem

DESK = "desk"
"""The channel of the practice's own staff; every other word is bound by `policy.self_booking`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One service for one patient."""

    service_id: str
    patient_id: str
    option_id: str | None = None
    resources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The format's `with`: need name → the resource asked for. Only it then qualifies."""
    package_id: str | None = None
    """The package that pays."""
    series_id: str | None = None
    """The series it is a session of: then `series.max_days` binds it to its nearest neighbours in time."""


@dataclass(frozen=True, slots=True)
class Trip:
    """One visit, or several parts that are booked all or nothing.

    The parts follow one another (each patient step after the last of the part before); with `together` they begin
    at the same time, for several patients. The arrival of a trip is its first part's.
    """

    parts: tuple[Part, ...]
    location_id: str
    channel: str = DESK
    together: bool = False


@dataclass(frozen=True, slots=True)
class OpeningsRequest:
    """Openings whose arrival lies on the local dates from `first_on` to `last_on`, both counted.

    Raises:
        InvalidInput: a date at the ends of the calendar.
    """

    trip: Trip
    first_on: date
    last_on: date

    def __post_init__(self) -> None:
        _require_near(self.first_on, "from")
        _require_near(self.last_on, "until")


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """A trip at one time. The desk may book off the grid.

    Raises:
        InvalidInput: a time at the ends of the calendar.
    """

    trip: Trip
    arrives_at: datetime
    """Aware, a whole minute."""
    override: frozenset[str] = frozenset()
    """Refusal codes to pass over; what the role may not pass over stays in the refusal."""
    reason: str | None = None
    """Why rules are passed over. Without one an override is refused (`reason_missing`)."""
    role: str | None = None
    is_flexible: bool = False
    """Whoever its parts ask for is taken where that works, and is no condition: a move that does not ask anew."""

    def __post_init__(self) -> None:
        _require_near(self.arrives_at, "arrives")

    def freely(self) -> "BookingRequest":
        """The same without asking for anybody."""
        parts = tuple(replace(part, resources={}) for part in self.trip.parts)
        return replace(self, trip=replace(self.trip, parts=parts), is_flexible=False)


def _require_near(day: date, field: str) -> None:
    try:
        require_near(day)
    except ValueError as error:
        raise InvalidInput(Problem(str(error), field=field)) from None
