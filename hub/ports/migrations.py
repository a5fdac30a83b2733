"""What the store keeps of a history that is moved here: where rows landed, what was attempted, what it found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.sync.conflicts import Overlap, Stay

BAD_ROW = "bad row"
"""The key of a landed row that cannot be trusted: the code of what is wrong with it. Its fields stand by number."""


class Stage(StrEnum):
    """What a partition does."""

    LAND = "land"
    """All files of one kind, unchanged."""
    LOAD = "load"
    """The rows of one kind and month, as canonical records."""
    REPLAY = "replay"
    """The loaded history through the rules that need no date: nobody is in two places at once."""
    CLAIM = "claim"
    """What is to come, and what nobody said is over, takes its time in the book."""
    ACCOUNT = "account"
    """Loaded + merged + quarantined (+ review) = read, file by file."""


@dataclass(frozen=True, slots=True)
class Partition:
    """What one transaction does, and what it can be told by."""

    stage: Stage
    kind: Kind | None = None
    month: str = ""
    """`2024-05`; empty: rows that name no day, and all of a kind that is not divided."""

    def __str__(self) -> str:
        return " ".join(part for part in (self.stage, self.kind, self.month) if part)

    @property
    def asset(self) -> str:
        """What it makes or a part of that, as tracked runs call it: `landed_visits`, `visits`, `replay`."""
        if self.kind is None:
            return str(self.stage)
        return f"landed_{self.kind}s" if self.stage is Stage.LAND else f"{self.kind}s"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A partition that was done."""

    batch_id: int
    partition: Partition
    fingerprint: str
    """Of all that decided its outcome."""
    counts: Mapping[str, int]


class DatedRow(NamedTuple):
    """A row as its source gives it."""

    record: SourceRecord
    month: str
    """Of the day that it names; empty: of none."""


class StoredRow(NamedTuple):
    """A landed row that counts: neither a repeat nor an older version."""

    number: int
    """Of its source record."""
    record: SourceRecord
    canonical_id: str | None
    """What it is linked to."""
    is_stale: bool
    """What stands here now was said later."""


class FileAccount(NamedTuple):
    """What became of the rows of one file; loaded + merged + quarantined + review + landed + taken back = rows."""

    file: str
    kind: Kind
    rows: int
    loaded: int
    merged: int
    quarantined: int
    review: int
    landed: int
    """Rows that are kept as they came, since nothing says how to read them."""
    taken_back: int
    """Rows whose batch was taken back: the next run loads them again."""
    reasons: Mapping[str, int]
    """Of the merged and quarantined."""

    @property
    def lost(self) -> int:
        """Rows that were taken back, or have no verdict though others of their file have."""
        return self.taken_back + (self.landed if self.landed < self.rows else 0)


@dataclass(frozen=True, slots=True)
class MigrationHead:
    """A system whose history is moved here."""

    system: str
    folder: str
    zone: str
    today: date
    """The day that all attempts take for today."""


@dataclass(frozen=True, slots=True)
class RowFate:
    """What became of one row, and of the record that it is."""

    file: str
    line: int
    kind: Kind
    key: str
    verdict: str
    reason: str | None
    canonical_id: str | None
    field: str | None = None
    """Of a quarantined row the columns in which it was, where it was in some: `Date + Start`."""
    person: str | None = None
    sku: str | None = None
    is_archived: bool | None = None
    status: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    zone: str | None = None
    """Of the record's location; None: the migration's."""
    price_minor: int | None = None
    amount_minor: int | None = None
    is_in_conflict: bool | None = None


class HistorySource(Protocol):
    """Where a history comes from."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Of which it has records."""
        ...

    def hashes(self, kind: Kind) -> dict[str, str]:
        """What it has of a kind, by name → hash of the whole."""
        ...

    def columns(self, kind: Kind) -> tuple[str, ...]:
        """The fields of a kind's records."""
        ...

    def read(self, kind: Kind) -> Iterator[DatedRow]:
        """Every row of a kind, in order, one at a time.

        Raises:
            InvalidInput: it cannot be read; what and where.
        """
        ...


class Migrations(Protocol):
    """Histories that are moved here, partition by partition."""

    def begin(self, system: str, folder: str, zone: str, today: date) -> MigrationHead:
        """Note that it is moved here; once begun it keeps its day."""
        ...

    def find_heads(self) -> tuple[MigrationHead, ...]:
        """All that were begun, in order of names."""
        ...

    def find_attempts(self, system: str, stage: Stage | None = None) -> dict[Partition, Attempt]:
        """Those that count now: of each partition the last that was not taken back."""
        ...

    def open_attempt(self, system: str, folder: str, partition: Partition, fingerprint: str) -> int:
        """A new batch in place of what counted of the partition before, which is kept as superseded."""
        ...

    def close_attempt(self, batch_id: int, counts: Mapping[str, int], file_hashes: Mapping[str, str]) -> None:
        """The batch is loaded."""
        ...

    def supersede(self, batch_ids: Sequence[int]) -> None:
        """Partitions that no row is in any more."""
        ...

    def save_mapping(self, system: str, kind: Kind, fingerprint: str, content: str) -> None:
        """Keep the table that was used; once."""
        ...

    def land(self, batch_id: int, system: str, kind: Kind, rows: Iterable[DatedRow]) -> int:
        """Keep every row unchanged and decide which version of each record counts; gives how many rows there are.

        The latest `modified_at` counts; one that does not say comes before all that do, and of equals the later row
        counts, unless it repeats the other to the letter: then the first does.
        """
        ...

    def find_months(self, landing_id: int) -> dict[str, str]:
        """Month → fingerprint of the rows that landed in it."""
        ...

    def find_named(self, landing_id: int, column: str, kind: Kind) -> dict[str, str]:
        """Month → fingerprint of the hub's records of a kind that its rows name by ids in a column."""
        ...

    def find_month_of(self, landing_id: int, source_ids: Sequence[str]) -> dict[str, str]:
        """Source id → the month that its rows landed in."""
        ...

    def read_rows(self, landing_id: int, month: str) -> Iterator[list[StoredRow]]:
        """The rows that count, in order of file and line, some thousands at a time."""
        ...

    def count_names(self, landing_id: int, columns: Sequence[str]) -> dict[tuple[str, ...], int]:
        """How often these columns' texts stand together in rows that count."""
        ...

    def save_merged(self, batch_id: int, landing_id: int, month: str) -> None:
        """The dispositions of repeats and older versions, after those of the rows that count."""
        ...

    def count_verdicts(self, batch_id: int) -> dict[str, int]:
        """What became of a batch's rows: how many rows, and how many of each verdict and reason."""
        ...

    def find_untaken(self, batch_id: int) -> tuple[int, ...]:
        """Earlier batches that made records of rows which this one put into quarantine."""
        ...

    def read_history(self, system: str) -> Iterator[Stay]:
        """Its visits that occupied or will occupy time, in any order."""
        ...

    def save_conflicts(self, system: str, overlaps: Iterable[Overlap]) -> int:
        """In place of those that were found before; gives how many visits they concern."""
        ...

    def note_led_visits(self, system: str, column: str) -> None:
        """Write into standing merges which visits came for the merged record, so that they go back with it.

        Args:
            system: whose visits.
            column: of their rows, which names the patient.
        """
        ...

    def find_unplaced(self, system: str, since: datetime) -> tuple[str, ...]:
        """Its visits that take time from then on, or that nobody said are over."""
        ...

    def find_untold(self, system: str, kind: Kind, to: str, since: datetime | None) -> tuple[str, ...]:
        """The hub's ids of its records that the connection `to` was never told of and does not know, in order.

        With `since` only visits that are booked from then on, and the patients whose they are.
        """
        ...

    def account(self, system: str) -> tuple[FileAccount, ...]:
        """What became of the rows of each file that counts now."""
        ...

    def read_fates(self, system: str) -> Iterator[RowFate]:
        """What became of every row, by file and line."""
        ...
