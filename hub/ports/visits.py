"""What the store keeps of a visit's life: holds before it, and how it moves and ends."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from hub.canonical.money import Money
from hub.canonical.records import Visit, VisitState
from hub.ports.booking import InForce
from hub.scheduling.decision import Booking
from hub.scheduling.keys import Key
from hub.scheduling.request import Part, Trip
from hub.scheduling.waivers import Owed


class Holds(Protocol):
    """Time, stock and credit that are taken for a while. A hold whose end has come is as good as none."""

    def save(
        self, booking: Booking, trip: Trip, expires_at: datetime, *, booked_on: date, pending_id: int | None = None
    ) -> str:
        """Write what the booking takes, on that local date; gives the hold's id.

        One that belongs to a pending change expires at `UNDECIDED_UNTIL`: never before that is decided.

        Raises:
            Conflict: somebody claimed the time without taking the locks. Take the attempt back and decide again.
        """
        ...

    def find_over(self, keys: Collection[Key] | None = None) -> "OverHolds":
        """Those that are over and stand in the way of these lock keys; None: all that are over."""
        ...

    def purge(self, hold_ids: Collection[str]) -> None:
        """Take them out, and make firm what was contested because of them. Their keys must be locked."""
        ...

    def confirm(self, hold_id: str) -> tuple[str, ...]:
        """Turn exactly what is held into visits; gives their ids in the trip's order, none: it is over or unknown.

        Locks what the hold takes.
        """
        ...


@dataclass(frozen=True, slots=True)
class OverHolds:
    """Holds whose end has come."""

    ids: tuple[str, ...] = ()
    keys: frozenset[Key] = frozenset()
    """What must be locked before they are taken out."""


@dataclass(frozen=True, slots=True)
class StandingVisit:
    """A visit that is still to come, and what hangs on it."""

    visit: Visit
    part: Part
    """What was asked for, with the package that pays."""
    deposit: Money | None
    fee_from: datetime | None
    """The arrival that a fee is reckoned from, where a move kept an earlier one."""
    practice_version: int | None
    """The practice file whose policy was accepted; None: it was not booked here."""
    promised: Mapping[str, Decimal]
    """Product → quantity."""
    in_force: InForce
    """When the visit was read."""
    deposit_waived_minor: int = 0
    """Of the deposit."""
    trip_id: str | None = None
    """Visits that were booked as one trip have the same; None: it was booked alone."""
    trip_number: int = 1
    """Its place in the trip's order."""
    keys: frozenset[Key] = frozenset()
    """What must be locked before it is changed: itself, what it takes, and what gets room when it gives that up."""
    makes_room: bool = True
    """Whether there may be contested facts that get room when it gives up what it takes."""
    digest: str = field(default="", compare=False)
    """Of all that was read of it, for `Visits.expect`."""

    @property
    def owed(self) -> Owed:
        """What it costs as it stands."""
        price, deposit = self.visit.price, self.deposit
        return Owed(
            price_minor=price.amount_minor if price else 0,
            deposit_minor=deposit.amount_minor if deposit else 0,
            deposit_waived_minor=self.deposit_waived_minor,
        )

    @property
    def fee_arrival(self) -> datetime:
        """The arrival that a fee is reckoned from."""
        return self.fee_from or self.visit.start


@dataclass(frozen=True, slots=True)
class Ending:
    """How a visit ends that does not take place."""

    visit: Visit
    """As it stands."""
    state: VisitState
    fee_minor: int
    is_credit_lost: bool
    """The package's credit stands for the fee and does not come back."""
    makes_room: bool
    """As of `StandingVisit`."""


class Visits(Protocol):
    """Visits that are still to come. Whoever changes one has locked its keys and read it then, or called `lock`."""

    def load_standing(self, visit_ids: Collection[str]) -> tuple[StandingVisit, ...]:
        """Those of them that are still to come, in the order given. What is read without locks may change."""
        ...

    def expect(self, standing: Collection[StandingVisit]) -> None:
        """Have the attempt fail with a `Conflict` unless they stand as they were read; asked before what comes next."""
        ...

    def find_trip(self, trip_id: str) -> tuple[StandingVisit, ...]:
        """What is still to come of a trip, in its order."""
        ...

    def lock(self) -> None:
        """Wait for all other writers of claims and keep them out until the transaction ends.

        For what concerns the whole book; who changes some visits locks their keys (`Bookings.attempt`).
        """
        ...

    def vacate(self, visit_ids: Collection[str]) -> None:
        """Give up the time, stock and credit of visits that get others in this transaction.

        Facts that were contested because of them become firm.
        """
        ...

    def move(self, booking: Booking, trip: Trip, fee_from: Mapping[str, datetime | None]) -> tuple[Visit, ...]:
        """Write vacated visits (the keys of `fee_from`, in the trip's order) where the booking says; gives them.

        Price, deposit and accepted policy stay as they were.
        """
        ...

    def end(self, endings: Sequence[Ending]) -> tuple[Visit, ...]:
        """Give back time and stock, and the credit that is not lost; gives the visits as they are then.

        Facts that were contested because of them become firm.
        """
        ...

    def complete(self, visit_id: str) -> None:
        """It took place: end the promise. The time counts as busy as before."""
        ...
