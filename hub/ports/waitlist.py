"""What the store keeps of those who wait for a time to be freed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.scheduling.request import OpeningsRequest
from hub.scheduling.waitlist import Freed


@dataclass(frozen=True, slots=True)
class WaitlistEntry:
    """One who waits."""

    id: str
    position: int
    """Who joined earlier has a smaller one."""
    request: OpeningsRequest
    joined_at: datetime

    @property
    def patient_ids(self) -> tuple[str, ...]:
        """Who would come, each once."""
        return tuple(dict.fromkeys(part.patient_id for part in self.request.trip.parts))


@dataclass(frozen=True, slots=True)
class Offer:
    """A freed time that is held for one who waited."""

    entry: WaitlistEntry
    hold_id: str
    """For `book_hold`."""
    visit_ids: tuple[str, ...]
    """What the visits will be called, in the trip's order."""
    arrives_at: datetime
    expires_at: datetime
    """The first instant at which it is gone."""


@dataclass(frozen=True, slots=True)
class FreedBatch:
    """What one transaction freed."""

    id: int
    freed: Freed


class Waitlist(Protocol):
    """Who waits, in the order of joining, and what was freed since they were asked last."""

    def join(self, request: OpeningsRequest) -> WaitlistEntry:
        """Wait behind all who wait already."""
        ...

    def leave(self, entry_id: str) -> WaitlistEntry | None:
        """Stop waiting; an offer that stands stays held until its end. None: nobody of that id waits."""
        ...

    def lock(self) -> None:
        """Wait for whoever else serves the list, and keep them out until the transaction ends."""
        ...

    def settle(self) -> int:
        """Take off the list who booked their offer, let it expire, or whose dates are over; gives how many."""
        ...

    def find_waiting(self) -> Sequence[WaitlistEntry]:
        """Those without an offer, in the order of joining."""
        ...

    def find_offers(self) -> Sequence[Offer]:
        """The offers that stand, in the order of joining."""
        ...

    def find_freed(self) -> FreedBatch | None:
        """The oldest that nobody was asked about."""
        ...

    def forget(self, batch: FreedBatch) -> None:
        """Everybody was asked about it."""
        ...

    def expire_first(self) -> bool:
        """Take out the holds that were over first, all of one moment; False: none is over."""
        ...

    def save_offer(self, entry: WaitlistEntry, hold_id: str, until: datetime) -> None:
        """They have this hold offered."""
        ...
