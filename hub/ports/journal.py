"""What the store keeps of what happened: deliveries, events, audit rows, issues for people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from hub.canonical.ids import Kind

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record that a system has to be told about. `attempts` counts this try."""

    id: int
    connection: str
    kind: Kind
    canonical_id: str
    sequence: int
    idempotency_key: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Sent:
    """What a connection holds of a record, as it confirmed it."""

    remote_id: str | None
    payload_hash: str
    said_hash: str | None = None
    """Of the canonical values that were sent, however the system writes them."""
    also: Mapping[str, "Sent"] = field(default_factory=dict)
    """Where several records there are this one: of each further one, by its id there."""

    def of(self, remote_id: str) -> "Sent":
        """What was confirmed of that record."""
        return self.also.get(remote_id, self)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up."""

    delivery: Delivery
    error: str
    """Not personal."""


class Outbox(Protocol):
    """What other systems still have to be told: in order per record, at least once, by an idempotency key."""

    def enqueue(self, connection: str, kind: Kind, canonical_id: str) -> None:
        """In the same transaction as the change."""
        ...

    def enqueue_all(self, connections: Collection[str], kind: Kind, canonical_ids: Collection[str]) -> None:
        """One delivery of each of these records, each once, to each of these systems."""
        ...

    def is_due(self, connection: str) -> bool:
        """Whether there is something to lease."""
        ...

    def find_waiting(self, connection: str) -> tuple[Delivery, ...]:
        """What is not delivered and not dead, each record once, in the order of sending; takes nothing."""
        ...

    def find_dead(self, connection: str) -> tuple["DeadLetter", ...]:
        """What waits for a person, the oldest first."""
        ...

    def find_tries(self, connection: str, kind: Kind, canonical_ids: Collection[str]) -> dict[str, tuple[Values, ...]]:
        """Canonical id → what deliveries said of it that nobody answered: the system may have it."""
        ...

    def lease(
        self, connection: str, *, limit: int = 50, seconds: int = 120, besides: Collection[int] = ()
    ) -> tuple[Delivery, ...]:
        """Take what is due, the oldest of each record, for so long; a lease that ran out can be taken by others.

        `besides` are ids of deliveries that are left alone.
        """
        ...

    def note_try(self, delivery: Delivery, values: Values) -> None:
        """Canonical field → value, in JSON's types, as it is about to be sent; kept until an answer comes."""
        ...

    def mark_sent(self, delivery: Delivery, sent: Sent) -> None:
        """Confirmed. Once a lease has run out and somebody else has it, neither this nor the next two do anything."""
        ...

    def mark_failed(self, delivery: Delivery, error: str, *, after_seconds: float | None = None) -> None:
        """Try again later, each time later and with jitter; at last it is dead. `error` is not personal."""
        ...

    def mark_dead(self, delivery: Delivery, error: str) -> None:
        """Give up until a person replays it; `error` is not personal."""
        ...

    def replay(self, delivery_id: int) -> bool:
        """Make a dead delivery pending again."""
        ...

    def find_last_sent(self, connection: str, kind: Kind, canonical_ids: Collection[str]) -> dict[str, Sent]:
        """Canonical id → the newest confirmed state, by which an echo is recognised."""
        ...

    def find_told(
        self,
        connections: Collection[str],
        kind: Kind,
        canonical_ids: Collection[str],
        *,
        before: datetime | None = None,
    ) -> dict[str, frozenset[str]]:
        """Canonical id → those of these connections for which word of it was left, ever or before a moment.

        One of which none was is absent.
        """
        ...

    def count(self, connection: str | None = None) -> dict[str, int]:
        """State → deliveries."""
        ...


class Journal(Protocol):
    """Events and audit rows: written once, never changed."""

    def record_event(self, name: str, kind: Kind, subject_id: str, data: Mapping[str, Any] | None = None) -> None:
        """Something that happened, in the past tense (`visit_booked`); `data` is not personal."""
        ...

    def record_audit(self, entry: "AuditEntry") -> None:
        """Who did what to whose data."""
        ...

    def record(self, acts: Sequence["Act"], push_to: Collection[str] = ()) -> None:
        """Events and audit rows at once, and a delivery of each subject to each of these systems."""
        ...


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act on a record."""

    actor: str
    """A person's login, or `system:<name>`."""
    action: str
    kind: Kind
    subject_id: str
    patient_id: str | None = None
    role: str | None = None
    reason: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Ids and codes; nothing personal."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act as it is told: the event, and the audit row of the same subject."""

    event: str
    """In the past tense."""
    audit: AuditEntry
    event_data: Mapping[str, Any] = field(default_factory=dict)
    """Not personal."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something a person must decide."""

    kind: str
    subject_kind: str
    subject_id: str
    codes: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Ids and codes; nothing personal."""


class Issues(Protocol):
    """What waits for a person. One open issue of a kind for a subject."""

    def open(self, issues: Sequence[Issue]) -> int:
        """Open them; one that is open already gets the new codes and detail. Gives how many are new."""
        ...

    def close(self, kind: str, subject_kind: str, subject_ids: Collection[str], *, by: str = "hub") -> None:
        """Close open ones as resolved."""
        ...

    def find_open(self, kind: str | None = None) -> tuple[Issue, ...]:
        """The oldest first."""
        ...
