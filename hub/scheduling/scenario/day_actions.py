"""What a scenario says of the day of the visit: one model for each action."""

from typing import Self

from pydantic import model_validator

from hub.canonical.practice import Entry
from hub.canonical.wall import Count, Positive, WallTime, Word


class Late(Entry):
    """The patient arrives later than the visit stands in the book."""

    visit: Word
    minutes: Positive


class Over(Entry):
    """A step runs longer than it stands in the book."""

    visit: Word
    step: Word | None = None
    """Default: the one under way."""
    minutes: Positive | None = None
    until: WallTime | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.minutes is None) == (self.until is None):
            raise ValueError("it takes either `minutes` or `until`")
        return self


class Finish(Entry):
    """The patient is done."""

    visit: Word
    at: WallTime | None = None
    """Default: now."""


class KnockOn(Entry):
    """A later visit that has to wait, as an expectation; only the keys given are compared."""

    visit: Word
    minutes: Count | None = None
    because: tuple[Word, ...] | None = None


class Sign(Entry):
    """A patient signs a form."""

    patient: Word
    consent: Word
    version: Word | None = None
    """Default: the one their visits to come need."""


class Withdraw(Entry):
    """A patient takes a consent back."""

    patient: Word
    consent: Word


class Clearances(Entry):
    """What is still missing for a visit."""

    visit: Word


class CheckInVisit(Entry):
    """The patient is here."""

    visit: Word
    override: tuple[Word, ...] = ()
    reason: str | None = None
    role: Word | None = None


class MissingRow(Entry):
    """Something that is missing, as an expectation; only the keys given are compared."""

    consent: Word | None = None
    version: Word | None = None
    why: Word | None = None
    before: Word | None = None
