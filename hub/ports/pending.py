"""What the store keeps of changes in which others have a say, and of payments."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from hub.canonical.money import Money
from hub.canonical.records import Visit
from hub.scheduling.pending import PaymentState, Standing, Step

PendingKind = Literal["book", "move", "cancel"]


@dataclass(frozen=True, slots=True)
class NewPending:
    """What is begun. Everything that a reconciler needs to end it stands here, or hangs on the hold."""

    kind: PendingKind
    standing: Standing
    connection: str | None
    """The vendor who owns the calendar."""
    deadline_at: datetime
    """When the hold would have expired; nobody new is asked from then on."""
    next_try_at: datetime
    """Before this nobody but who began it asks."""
    asked: Mapping[str, Any]
    """Who asked for what and why: ids and codes, nothing personal."""
    key: str | None = None
    request_hash: str | None = None
    visit_ids: tuple[str, ...] = ()
    """Of a change to visits that are there."""


@dataclass(frozen=True, slots=True)
class HeldVisit:
    """One visit of a hold, as it will be."""

    visit: Visit
    deposit: Money | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DueDeposit:
    """What is paid ahead, under its idempotency key."""

    key: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that was begun, as it stands."""

    id: int
    kind: PendingKind
    standing: Standing
    connection: str | None
    visit_ids: tuple[str, ...]
    """In the trip's order; of a booking the ids that the visits will have, the first of which names the hold."""
    begun_at: datetime
    asked_at: datetime
    """When the present stage began: what was asked in it was asked since."""
    deadline_at: datetime
    attempts: int
    """How often a reconciler took it up."""
    outcome: str | None
    """The last answer's code, or why it was released."""
    asked: Mapping[str, Any]
    key: str | None
    request_hash: str | None
    deposit: DueDeposit | None
    by_hand: Step | None = None
    """The step that a person answered; it is looked at again until whoever was asked says something."""
    refused_id: str | None = None
    """The visit that was refused just now; who asks later is told by asking again."""


class Pendings(Protocol):
    """Changes in which others have a say. Lock the claims' table before any of these."""

    def begin(self, new: NewPending) -> int:
        """Write it down before anybody is asked; gives its number."""
        ...

    def take_hold(self, pending_id: int, hold_id: str) -> bool:
        """Keep the hold from expiring; False: it is over, unknown, or somebody else's by now."""
        ...

    def name_visits(self, pending_id: int) -> None:
        """Note that it is about the visits that its hold will become."""
        ...

    def find_hold(self, hold_id: str) -> tuple[HeldVisit, ...]:
        """What is held, in the trip's order; none: unknown or booked by now."""
        ...

    def load_held(self, pending_id: int) -> tuple[HeldVisit, ...]:
        """The same of what waits for this change."""
        ...

    def release_hold(self, pending_id: int) -> None:
        """Let its hold be over now."""
        ...

    def find(self, pending_id: int) -> Pending:
        """As it stands."""
        ...

    def find_key(self, key: str) -> Pending | None:
        """The undecided one that was begun under this idempotency key."""
        ...

    def find_undecided(self, visit_ids: Sequence[str]) -> Pending | None:
        """One that is about any of these visits and not decided yet."""
        ...

    def lock(self, pending_id: int) -> Pending:
        """As it stands, and nobody else changes it until the transaction ends."""
        ...

    def save(self, pending_id: int, standing: Standing, outcome: str | None) -> None:
        """Write where it stands now."""
        ...

    def postpone(self, pending_id: int, next_try_at: datetime) -> None:
        """Nobody takes it up before."""
        ...

    def mark_by_hand(self, pending_id: int, step: Step) -> None:
        """A person answered it: whoever was asked is still to be heard."""
        ...

    def mark_seen(self, pending_id: int) -> None:
        """They were heard: nobody has to be asked any more."""
        ...

    def lease(self, during: timedelta) -> Pending | None:
        """Take up the one that is due the longest, so that nobody else does for this while."""
        ...

    def find_awaited(self, visit_ids: Collection[str]) -> frozenset[str]:
        """Those of these visits that a change which is not decided yet is about."""
        ...

    def find_released(self, visit_ids: Sequence[str]) -> tuple[Pending, ...]:
        """The bookings of any of these ids that did not come about."""
        ...

    def find_unsettled(self) -> tuple[Pending, ...]:
        """Whatever still waits for somebody's word, the oldest first."""
        ...


class PaymentBook(Protocol):
    """Every payment that was asked for or is to be: amounts and keys, never a card."""

    def begin(self, pending_id: int, deposit: DueDeposit) -> None:
        """A deposit that is about to be authorised."""
        ...

    def save(self, key: str, state: PaymentState, reference: str | None, outcome: str | None) -> None:
        """Write where it stands now."""
        ...

    def adopt_deposits(self, visit_ids: Collection[str]) -> None:
        """Of those that are to come, what was taken for them elsewhere is their deposit, in their price's currency."""
        ...

    def intend_refund(self, visit_id: str, amount: Money) -> Money | None:
        """Note what is to be given back of a deposit that was taken for the visit's trip, at most what is left of it.

        Gives what was noted; None: no deposit was taken. Nobody is asked: payment connections do.
        """
        ...
