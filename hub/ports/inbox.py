"""What other systems ring for, until it was looked after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.canonical.ids import Kind


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """What one event speaks of. Its content is not kept: the record itself is asked for."""

    id: str | None
    """The system's own; None: it gives none, and each event counts."""
    type: str
    kind: Kind | None
    """None: of no interest."""
    record_id: str | None
    """None: something of the kind changed, it does not say what."""
    gone: bool = False
    """It says that the record is gone."""
    merged_into: str | None = None
    """The record that it became part of."""


@dataclass(frozen=True, slots=True)
class Ring:
    """All events that wait for the same record, or, without one, for the same kind."""

    ids: tuple[int, ...]
    kind: Kind
    record_id: str | None
    gone: bool
    """The latest of them says that the record is gone."""
    merged_into: str | None
    attempts: int
    received_at: datetime
    """The first of them."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the events of one message."""

    new: int = 0
    repeated: int = 0
    """They were here before."""
    ignored: int = 0
    """Of types that the connection names no kind for."""


@dataclass(frozen=True, slots=True)
class DeadEvent:
    """One that was given up."""

    id: int
    kind: Kind
    record_id: str | None
    error: str
    """Why, the last time; not personal."""


class Inbox(Protocol):
    """Events by webhook: each once, looked after at least once."""

    def receive(self, system: str, events: Sequence[WebhookEvent]) -> Received:
        """Keep what is not here yet."""
        ...

    def lease(self, system: str, *, limit: int, seconds: int) -> tuple[Ring, ...]:
        """All that waits for up to `limit` records, the longest waiting first; nobody else gets these meanwhile."""
        ...

    def is_due(self, system: str) -> bool:
        """Whether there is something to lease."""
        ...

    def mark_done(self, rings: Sequence[Ring]) -> None:
        """In the transaction that wrote what came of it. Those that were received since then wait on."""
        ...

    def give_back(self, rings: Sequence[Ring]) -> None:
        """They were leased and nothing was tried: let them wait on."""
        ...

    def mark_failed(self, ring: Ring, error: str, *, after_seconds: float | None = None) -> None:
        """Try again later, each time later; at last they wait for a person. `error` is not personal."""
        ...

    def find_dead(self, system: str) -> tuple[DeadEvent, ...]:
        """What was given up, the oldest first."""
        ...

    def replay(self, system: str) -> int:
        """Let what was given up wait anew; gives how many events."""
        ...

    def count(self, system: str) -> dict[str, int]:
        """State → events."""
        ...
