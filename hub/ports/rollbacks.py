"""What the store keeps of batches of a moved history, and how one is taken back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from hub.ports.migrations import Partition


@dataclass(frozen=True, slots=True)
class Reversal:
    """That a batch was taken back."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One attempt at a partition."""

    id: int
    system: str
    partition: Partition
    state: str
    """`loaded`: it counts; `superseded`: a later attempt does; `reversed`: it was taken back."""
    counts: Mapping[str, int]
    finished_at: datetime | None
    is_noted: bool
    """What it changed of records that were there before was kept."""
    reversal: Reversal | None = None


class Dependant(NamedTuple):
    """Something that would be torn apart if a batch were taken back."""

    kind: str
    """`batch`: a later one; else a kind of record, or a table."""
    id: str
    why: str


class Rollbacks(Protocol):
    """Batches of moved histories, taken back as if they had never been loaded."""

    def find_batches(self) -> tuple[Batch, ...]:
        """All that are part of a migration, in the order in which they were done."""
        ...

    def forget_notes(self, until: datetime) -> int:
        """What batches changed that ended before: they can be taken back no more; gives how many."""
        ...

    def lock_records(self) -> None:
        """Nobody else writes records until the transaction ends."""
        ...

    def find_dependants(self, batch_ids: Collection[int]) -> tuple[Dependant, ...]:
        """What was made or changed since and would lose what it stands on, each once; nothing of these batches."""
        ...

    def begin(self, batch_ids: Collection[int], by: str, reason: str) -> None:
        """Note that they are taken back; until the transaction ends no lineage is kept and nobody is offered time."""
        ...

    def find_led(self, batch_ids: Collection[int]) -> tuple[int, ...]:
        """Standing merges of theirs with a patient who stays, the newest first."""
        ...

    def find_claiming(self, batch_ids: Collection[int]) -> tuple[str, ...]:
        """Visits of theirs that take time."""
        ...

    def restore(self, batch_ids: Collection[int]) -> dict[str, int]:
        """What they changed stands as it was before; gives how many rows of each table."""
        ...

    def remove(self, batch_ids: Collection[int], by: str, reason: str) -> dict[str, int]:
        """What they made goes; gives how many rows of each table.

        A place that rows of others name stays, and counts as made by the first of them. Of a lot the ledger stays: a
        line takes back what was brought.
        """
        ...

    def find_restored_visits(self, batch_ids: Collection[int]) -> tuple[str, ...]:
        """Visits that stand as they did before, and take time."""
        ...

    def end(self, batch_ids: Collection[int]) -> tuple[int, ...]:
        """They count no more; what replay and account said holds no more; gives which earlier attempts count again.

        That is one whose landing stands: its rows are those that are read.
        """
        ...
