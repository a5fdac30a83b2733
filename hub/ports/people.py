"""What the store keeps of who is one person; and whoever scores pairs in bulk."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from hub.canonical.records import Patient
from hub.sync.lineage import Origin
from hub.sync.people.decide import Match, Pair, Scores, Thresholds
from hub.sync.people.normal import Person

PairState = Literal["open", "merged", "separate"]


@dataclass(frozen=True, slots=True)
class PersonPair:
    """Two who may be one person."""

    id: int
    match: Match
    state: PairState
    opened_at: datetime
    decided_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class NewMerge:
    """A merge as it is to be written."""

    match: Match
    """First is the survivor, second the one that is merged into it."""
    survivor: Patient
    """As it will stand."""
    before: Mapping[str, Any]
    """Its fields that change, as they were, in JSON's types."""
    after: Mapping[str, Any]
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Where the survivor's new values come from: of all merges into it together."""
    origins_before: Mapping[str, Origin] = field(default_factory=dict)
    """Where those that change came from."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge that stands."""

    id: int
    survivor_id: str
    merged_id: str
    rule: str
    merged_at: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    moved: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Table → ids of the rows that were led to the survivor."""
    origins_before: Mapping[str, Origin] = field(default_factory=dict)
    """As in `NewMerge`; the systems are not looked up."""


class People(Protocol):
    """Patients as persons. Who merges or takes a merge back has the claims for itself until the transaction ends."""

    def load_all(self) -> dict[str, Patient]:
        """Every patient that is not merged into another."""
        ...

    def load_like(self, patients: Sequence[Patient]) -> dict[str, Patient]:
        """Everybody of whom the rules may say, without a score, that they are one of these or that a person decides.

        Others, too; none who is merged.
        """
        ...

    def find_settled(self, ids: Collection[str] | None = None) -> frozenset[Pair]:
        """Pairs that a person said are two; None: all."""
        ...

    def find_survivors(self, ids: Collection[str]) -> dict[str, str]:
        """Of those that are merged: the record that counts, at the end of the chain."""
        ...

    def open_pairs(self, matches: Sequence[Match]) -> int:
        """Put pairs of two who stand in the queue; gives how many are new.

        Who were called two stay so; those whose merge was taken back are asked about again.
        """
        ...

    def find_pair(self, pair_id: int) -> PersonPair | None:
        """One pair."""
        ...

    def find_open(self, limit: int | None = None) -> tuple[PersonPair, ...]:
        """What waits, the likeliest first."""
        ...

    def count_open(self) -> int:
        """How many pairs wait."""
        ...

    def decide(self, first: str, second: str, state: PairState, *, actor: str, reason: str | None) -> None:
        """Keep what was said of a pair, whether or not it was in the queue."""
        ...

    def merge(
        self, merges: Sequence[NewMerge], *, actor: str, reason: str | None = None, batch_id: int | None = None
    ) -> dict[str, Merged]:
        """Lead everything of the merged to their survivors; by merged id."""
        ...

    def find_merge(self, merge_id: int) -> Merged | None:
        """One that stands."""
        ...

    def find_merges(self, patient_id: str) -> tuple[Merged, ...]:
        """Those that stand in which the patient is one of the two, the oldest first."""
        ...

    def find_merges_by(self, actor: str) -> tuple[Merged, ...]:
        """Those that stand and that this one made, the oldest first."""
        ...

    def find_dependants(self, merge: Merged) -> tuple[str, ...]:
        """What was made since and would be torn apart: `merge:ID` and `visit:ID`."""
        ...

    def unmerge(self, merge: Merged, survivor: Patient | None, *, actor: str, reason: str | None) -> tuple[str, ...]:
        """Lead everything back that still is where the merge led it; gives the visits.

        Args:
            merge: the merge that is taken back.
            survivor: as it will stand, with each value's origin of before; None: as it stands.
            actor: who does it.
            reason: why; nothing personal.
        """
        ...


class Likeness(Protocol):
    """Scores pairs in bulk: how likely two records are one person."""

    def score(self, people: Sequence[Person], least: float) -> Scores:
        """Pairs that are at least so likely. Takes seconds; nothing personal leaves the process."""
        ...


@dataclass(frozen=True, slots=True)
class Matcher:
    """How people are matched: what a score decides, and who scores."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    likeness: Likeness | None = None
    """None: what the rules leave open is for a person."""
    least_people: int = 500
    """Among fewer a score means nothing, and the rules decide alone."""
