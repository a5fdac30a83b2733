"""Other systems, as the operations see them: sources to read and sinks to write to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import Span
from hub.errors import Problem


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that breaks its own system's contract: it lands and is kept with its problems, nothing is made of it."""

    record: SourceRecord
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Roll:
    """A call of the roll: all that a system has of a kind, listed over several pages and maybe several runs."""

    id: str
    """The same on all its pages, also after it was cut off; another one the next time."""
    names: frozenset[str] = frozenset()
    """The ids on this page, of records that it brings and of others."""
    is_over: bool = False
    """Everything was listed: what is linked and was not named is asked for singly."""
    within: Span | None = None
    """Only visits that begin in it are listed."""
    begin_anew: Callable[[str | None], str | None] = field(default=lambda cursor: cursor, compare=False, repr=False)
    """From a cursor of the stream to the one with which a new list is begun instead of this one: it is not believed."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records and where to go on after they are stored. Storing both in one transaction loses nothing."""

    records: tuple[SourceRecord, ...]
    cursor: str | None
    """Opaque to everybody but the source that wrote it. None: the source keeps no place."""
    rejected: tuple[Rejected, ...] = ()
    listed: frozenset[str] | None = None
    """Every id that the system has of the kind, where it lists them all at once: what is linked and not among them may
    be gone, and is asked for singly where the system can be asked."""
    roll: Roll | None = None
    """Where the list does not fit on one page."""
    removed: frozenset[str] = frozenset()
    """What the system says was deleted there: who is known of them here is asked for, as who is listed no more."""


class Source(Protocol):
    """A system that can be read."""

    system: str

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """What changed since `cursor` (None: everything), oldest first. May give a record again, never skips one.

        Raises:
            RetryLater: unreachable, slow, busy, or half an answer.
            NeedsAttention: refused credentials, or an answer that is not what the system's contract says.
        """
        ...

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        """One record as it stands now, or its end where it is gone; None: the system cannot be asked for one.

        Raises:
            RetryLater, NeedsAttention: as `read`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Write:
    """One record as another system should hold it."""

    kind: Kind
    id: str
    """The canonical id; the system keeps it where it can, so that the record is recognised when it comes back."""
    key: str
    """Idempotency key: the same key is the same write, however often it is sent."""
    target: SourceRef | None
    """The record to change, or None to create it."""
    payload: Mapping[str, Any] = field(repr=False)
    seen: Mapping[str, Any] | None = field(default=None, repr=False)
    """What the payload was made onto: the system's record as it was last seen."""


class Sink(Protocol):
    """A system that can be written to."""

    system: str

    def send(self, write: Write) -> SourceRecord:
        """Make it so, once, and give the record as the system holds it now.

        Sending the same key again after a lost answer finds the first one and creates nothing.

        Raises:
            RetryLater: no answer that can be trusted; sending it again is safe.
            RecordRejected: the system will not take this record.
            Conflict: the record changed there since it was read.
        """
        ...
