"""What the store keeps of the repair of a day."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from hub.canonical.records import Visit
from hub.scheduling.decision import PlannedVisit, Recolouring
from hub.scheduling.repair.day import Better, BookedVisit, Fate


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """What would become of one visit."""

    visit_id: str
    trip_id: str | None
    fate: Fate
    """`kept`: at its time, with other resources; `unplaced`: it stays as it is, for a person to decide."""
    from_at: datetime
    to_at: datetime
    from_resources: Mapping[str, str]
    """Need name → resource, all of them."""
    to_resources: Mapping[str, str]
    why: tuple[str, ...]
    """Codes: what it lacks where it stands, or `makes_room`."""
    applied_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """How the day could be repaired."""

    id: str
    location_id: str
    on: date
    notice_minutes: int
    proven: bool
    """Whether no better plan exists; else it is the best that was found in the time."""
    kept: int
    """Visits that stay as they are."""
    book_version: str
    """A digest of the day as it stood."""
    made_by: str
    made_at: datetime
    changes: tuple[ProposedChange, ...]
    """In order of the arrivals before; those that are unplaced among them."""
    better: Better | None = None
    """How much another plan could be better, where this one is not proven."""


@dataclass(frozen=True, slots=True)
class Reassigned:
    """A visit at its new place."""

    planned: PlannedVisit
    """Without promises and package: those stay as they are."""
    asked: Mapping[str, str]
    fee_from: datetime | None


class Repairs(Protocol):
    """Proposals, and what they do to the book."""

    def load_visits(self, location_id: str, since: datetime, until: datetime) -> tuple[BookedVisit, ...]:
        """The visits to come that arrive in that time, with the trips they belong to whole; in order of arrival."""
        ...

    def save(self, proposal: Proposal) -> None:
        """Write a new proposal."""
        ...

    def load(self, proposal_id: str) -> Proposal | None:
        """None: there is none of that id."""
        ...

    def reassign(
        self, visits: Mapping[str, Reassigned], recolourings: Sequence[Recolouring], yielding: Collection[str]
    ) -> tuple[Visit, ...]:
        """Write visits where they go. The `yielding` ones are contested where they stand in the way.

        The caller keeps all other writers of claims out (`Visits.lock`).

        Raises:
            Conflict: a place was not free.
        """
        ...

    def mark_applied(self, proposal_id: str, visit_ids: Collection[str], by: str) -> None:
        """These changes were approved and made."""
        ...
