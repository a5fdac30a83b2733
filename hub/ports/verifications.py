"""What the store keeps of proofs: each attempt with its checks and control totals, and who signed for which data."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from hub.canonical.ids import Kind


class CheckState(StrEnum):
    """What became of a check."""

    OK = "ok"
    FAILED = "failed"
    ACCEPTED = "accepted"
    """It failed, and the practice lives with that, for a reason."""
    BROKEN = "broken"
    """It could not be judged, which is no better than a failure; nobody can accept it."""


@dataclass(frozen=True, slots=True)
class HistoryCheck:
    """A check of a moved history. Nothing in it is personal."""

    name: str
    says: str
    """The rule."""
    state: CheckState
    findings: int = 0
    """How many rows or values contradict it."""
    examples: tuple[str, ...] = ()
    """A few of them: files, lines, ids and numbers."""
    looked_at: int | None = None
    """How many were compared, where that was counted."""
    because: str | None = None
    """Why it is accepted, and by whom."""
    accepted_by: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether signature and cut-over wait for it."""
        return self.state in (CheckState.FAILED, CheckState.BROKEN)


class Total(NamedTuple):
    """A control total on both sides."""

    kind: str
    dimension: str
    """month, provider, service, status …"""
    value: str
    said: int
    """How many the landed text says there are."""
    found: int
    """How many stand in the hub."""
    said_minor: int | None = None
    """Their money, in cents."""
    found_minor: int | None = None

    @property
    def agrees(self) -> bool:
        """Both sides say the same."""
        return (self.said, self.said_minor) == (self.found, self.found_minor)


@dataclass(frozen=True, slots=True)
class Verification:
    """An attempt to prove a history."""

    id: int
    system: str
    data_hash: str
    """Of all that was verified, as it was before the first check."""
    verified_at: datetime
    checks: tuple[HistoryCheck, ...]
    totals: tuple[Total, ...]

    @property
    def blocking(self) -> tuple[HistoryCheck, ...]:
        """Checks for which signature and cut-over wait."""
        return tuple(check for check in self.checks if check.blocks)


@dataclass(frozen=True, slots=True)
class Signature:
    """Somebody's word that the history is as the report says."""

    verification_id: int
    name: str
    signed_at: datetime
    data_hash: str


class Taking(NamedTuple):
    """What partitions of one kind took."""

    system: str
    kind: Kind
    landing_id: int
    """The batch that landed the rows."""
    months: tuple[str, ...]
    """Of the partitions."""


class TakenRow(NamedTuple):
    """A landed row that became a record, and what that record says."""

    file: str
    line: int
    source_id: str
    payload: dict[str, Any]
    """As it landed."""
    canonical_id: str | None
    is_changed: bool
    """The hub itself changed the record since."""
    values: tuple[Any, ...] | None
    """As they stand in the database, in the order in which they were asked for; None: there is no such record."""


class Fate(StrEnum):
    """What became of the record of a row that was taken."""

    TAKEN = "taken"
    """It stands as it was taken."""
    CORRECTED = "corrected"
    """A person put something right in its row."""
    CHANGED = "changed"
    """The hub itself changed it since."""
    MISSING = "missing"
    """There is none."""


class AskedField(NamedTuple):
    """A field to compare."""

    keys: tuple[str, ...]
    """What it is read from, of the landed row."""
    names: tuple[str, ...]
    """What it fills, of the record: one, or as many as its codec fills."""


class Alike(NamedTuple):
    """Rows that say the same of one field, of which their records say the same; or all of one fate."""

    fate: Fate
    rows: int
    field: int | None
    """Which of those asked for; None: these are all the rows of this fate."""
    payload: dict[str, Any]
    """What stands under the field's keys in each of them; what is not there is left out."""
    values: tuple[Any, ...]
    """What stands in the field's names in each of their records."""


class Verifications(Protocol):
    """Proofs and signatures; never overwritten."""

    def take_stock(self) -> None:
        """Have the database look at the tables that changed much since it last did: its plans go by what it saw."""
        ...

    def hash_data(self) -> str:
        """Of all canonical records, where they came from and what became of every row; the same for the same data."""
        ...

    def save(self, system: str, data_hash: str, checks: Sequence[HistoryCheck], totals: Sequence[Total]) -> int:
        """A further attempt; gives its number."""
        ...

    def find_last(self, system: str) -> Verification | None:
        """The latest attempt."""
        ...

    def sign(self, verification_id: int, name: str, data_hash: str) -> None:
        """Somebody signs for what an attempt proved."""
        ...

    def find_signatures(self, system: str) -> tuple[Signature, ...]:
        """All of them, the latest first."""
        ...

    def read_taken(
        self, taking: Taking, names: Sequence[str], only: Collection[str] | None = None
    ) -> Iterator[Sequence[TakenRow]]:
        """The rows that were taken, with these fields of their records; some thousands at a time.

        Args:
            taking: which rows.
            names: of the fields.
            only: of these rows those with these ids; None: all.
        """
        ...

    def read_alike(
        self, taking: Taking, fields: Sequence[AskedField], corrected: Collection[str]
    ) -> Iterator[Sequence[Alike]]:
        """The rows that were taken, put together by what they and their records say, field by field.

        Of rows whose record does not stand as they say only how many there are is told. Some thousands of lots at a
        time, in any order.

        Args:
            taking: which rows.
            fields: no two fill the same.
            corrected: the ids of rows in which a person put something right.
        """
        ...
