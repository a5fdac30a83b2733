"""Locations, resources and stock of a practice file: what there is, and when it works."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hub.canonical.wall import (
    DayCount,
    LocalDate,
    MinuteOfDay,
    NearDate,
    Positive,
    Quantity,
    WallTime,
    WeekDays,
    Word,
    require_later,
)


class Entry(BaseModel):
    """What all parts of a practice file share: frozen, closed against unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_by_name=True, validate_by_alias=True
    )


class Dated(Entry):
    """What holds from one local date to another, both counted."""

    since: LocalDate | None = None
    """None: from ever."""
    until: LocalDate | None = None
    """None: for good."""

    @model_validator(mode="after")
    def _not_crossed(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError("`until` is not before `since`")
        return self

    @property
    def is_dated(self) -> bool:
        """Whether there is a date on which it does not hold."""
        return self.since is not None or self.until is not None

    def holds_on(self, day: date) -> bool:
        """Whether the local date is one of its dates."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class Hours(Dated):
    """Weekly hours in wall time, on its dates."""

    days: WeekDays
    starts: MinuteOfDay = Field(alias="from")
    ends: MinuteOfDay = Field(alias="to")

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.ends <= self.starts:
            raise ValueError("`to` is later than `from`; split hours that pass midnight at 24:00")
        return self


class Stretch(Entry):
    """A stretch of wall time. Where a clock change turns it around it is empty."""

    starts: WallTime = Field(alias="from")
    ends: WallTime = Field(alias="to")

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        require_later(self.starts, self.ends)
        return self


class Certification(Entry):
    """A licence to do something; both dates are valid days."""

    code: Word
    valid_from: LocalDate | None = Field(default=None, alias="from")
    until: LocalDate | None = None

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.valid_from and self.until and self.until < self.valid_from:
            raise ValueError("`until` is not before `from`")
        return self


class VendorAuthority(Entry):
    """A connected system that owns a calendar."""

    vendor: Word
    """The connection's name."""


def _vendor_or_none(value: object) -> object:
    if value is None or value == "hub":
        return None
    if isinstance(value, dict | VendorAuthority):
        return value
    raise ValueError("the authority is `hub` or `{vendor: CONNECTION}`")


class PracticeLocation(Dated):
    """A site with its own hours, stock and zone; closed outside its dates."""

    id: Word
    name: Word | None = None
    authority: Annotated[VendorAuthority | None, BeforeValidator(_vendor_or_none)] = None
    """Who owns the calendar. None: the hub; else a booking is confirmed there before the hub promises it."""
    zone: Word | None = None
    """None: the practice's."""
    hours: tuple[Hours, ...] | None = None
    """None: always open."""
    closed: tuple[NearDate, ...] = ()


class PracticeResource(Dated):
    """Somebody or something a step may need; off duty outside its dates."""

    id: Word
    name: Word | None = None
    kind: Word
    """provider, assistant, room, device, or a word of the practice's own."""
    location: Word | None = None
    """None: the first location."""
    hours: tuple[Hours, ...] | None = None
    """None: always."""
    extra: tuple[Stretch, ...] = ()
    away: tuple[Stretch, ...] = ()
    skills: frozenset[Word] = frozenset()
    certifications: tuple[Certification, ...] = ()
    capacity: Positive = Field(default=1, le=1_000)
    """How many visits may use it at once."""
    fixed_in: Word | None = Field(default=None, alias="in")
    """The room it stands in."""


class Vial(Entry):
    """A product that comes in vials and spoils once one is open."""

    units: Annotated[Quantity, Field(gt=0)]
    """How much is in one."""
    open_hours: Annotated[int, Field(strict=True, ge=1, le=8_784)]
    """Elapsed hours from opening; and never after the lot's expiry."""


class Product(Entry):
    """Something that is used up."""

    id: Word
    name: Word | None = None
    unit: Word
    strict_days: DayCount | None = None
    """Visits further ahead than this are not refused for want of it. None: always strict."""
    vial: Vial | None = None
    """None: it does not spoil when it is opened."""


class StockLot(Entry):
    """A lot on the shelf."""

    product: Word
    lot: Word
    on_hand: Quantity
    expires: LocalDate
    """Usable up to and on this local date."""
    location: Word | None = None
    """None: the first location."""
