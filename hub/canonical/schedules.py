"""How another system describes who works where, and which times it keeps closed."""

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, model_validator

from hub.canonical.ids import LocationId, ProviderId, ResourceId, RoleId, ScheduleId, SlotId
from hub.canonical.record import Record


class Role(Record):
    """One provider's work at one location, as another system has it. The practice file alone says who is booked."""

    id: RoleId
    provider_id: ProviderId
    location_id: LocationId | None = None
    speciality: str | None = None
    since_on: date | None = None
    until_on: date | None = None
    """The last day of it."""
    active: bool = True


class Schedule(Record):
    """Whose calendar a system's schedule is: a provider's or a room's."""

    id: ScheduleId
    provider_id: ProviderId | None = None
    room_id: ResourceId | None = None
    active: bool = True


class SlotState(StrEnum):
    """What a system says of a stretch of time."""

    OPEN = "open"
    """Free there, or taken by an appointment that is read as a visit: it says nothing of its own."""
    CLOSED = "closed"
    """Nobody may be booked: lunch, a meeting, a day off."""


class Slot(Record):
    """A stretch of a schedule."""

    id: SlotId
    schedule_id: ScheduleId
    start: AwareDatetime
    end: AwareDatetime
    state: SlotState

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a slot ends after it starts")
        return self
