"""Consents of a practice file: which forms a patient signs, in which version, and for how long that holds."""

from datetime import date
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from hub.canonical.practice_places import Entry
from hub.canonical.wall import DayCount, LocalDate, Some, Word


class ConsentVersion(Entry):
    """A wording of a form."""

    version: Word
    valid_from: LocalDate | None = Field(default=None, alias="from")
    """Visits that arrive on this local date or later need it, or a newer one. None: the first, needed ever since."""


class ConsentForm(Entry):
    """A form that a patient signs before a treatment. What is in it, and what was signed, is not kept here."""

    id: Word
    name: Word | None = None
    versions: Annotated[tuple[ConsentVersion, ...], Some]
    """Oldest first."""
    valid_days: DayCount | None = None
    """So many days after it was signed it still holds. None: until it is withdrawn."""
    tags: frozenset[Word] = frozenset()
    """Services with one of these tags need it, beside those that name it."""

    @model_validator(mode="after")
    def _versions_in_order(self) -> Self:
        names = [one.version for one in self.versions]
        if len(set(names)) < len(names):
            raise ValueError("a version stands twice")
        dates = [one.valid_from for one in self.versions]
        if any(later is None or (earlier and later <= earlier) for earlier, later in pairwise(dates)):
            raise ValueError("versions stand oldest first, and each but the first says `from` which date it is needed")
        return self

    def version_on(self, day: date) -> str | None:
        """The version that a visit on that date needs; None: it needs none yet."""
        needed = [one.version for one in self.versions if one.valid_from is None or one.valid_from <= day]
        return needed[-1] if needed else None

    def age_of(self, version: str) -> int:
        """The place of a version in their order; -1 for one that the file no longer has."""
        return next((n for n, one in enumerate(self.versions) if one.version == version), -1)
