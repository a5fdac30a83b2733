"""What the store keeps of the change from an old system to the hub, and of the way back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from hub.canonical.ids import Kind


class Step(StrEnum):
    """What was done, in this order; each once in a cut-over."""

    FREEZE = "freeze"
    """Nobody works in the old system any more."""
    DELTA = "delta"
    """Its last export was taken in."""
    SWITCH = "switch"
    """From now on the hub's word counts."""
    BACK = "back"
    """The old system's word counts again; what the hub wrote meanwhile was kept for it."""
    CLOSED = "closed"
    """All of that stands in the old system, or nothing was switched: a later cut-over begins anew."""


@dataclass(frozen=True, slots=True)
class CutoverStep:
    """A step that was done."""

    number: int
    """Which cut-over of the system, from 1."""
    step: Step
    at: datetime
    by: str
    """Who answers for it."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Ids and numbers; nothing personal."""


class FileChanges(NamedTuple):
    """How a file of the newest export differs from what was taken in before, in records."""

    kind: Kind
    file: str
    new: int
    changed: int
    gone: int
    """Not in the newest export any more; what the hub made of them stays until a person decides."""


class GoneRow(NamedTuple):
    """A record that the newest export does not have any more."""

    kind: Kind
    file: str
    line: int
    """As they were when it was last there."""
    source_id: str
    canonical_id: str | None
    """None: it was quarantined."""


@dataclass(frozen=True, slots=True)
class Written:
    """A record that was made or changed in the hub."""

    kind: Kind
    id: str
    source_ids: tuple[str, ...]
    """Of the old system, sorted: several, where these are one record here; none: it does not know the record."""
    events: tuple[str, ...]
    """What happened to it, sorted: `visit_booked`, `visit_moved`; of a lot what its new lines are: `received`."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What stands beside the record: of a visit the package that pays, deposit and fee, of a package the sessions left;
    of a lot all there is."""


@dataclass(frozen=True, slots=True)
class Reentry:
    """A record that somebody enters in the old system by hand."""

    kind: Kind
    id: str
    said: Mapping[str, str]
    """Column → text. Personal."""


class Cutovers(Protocol):
    """Cut-overs, step by step."""

    def find_steps(self, system: str) -> dict[Step, CutoverStep]:
        """Those of its last cut-over."""
        ...

    def record(self, system: str, number: int, step: Step, by: str, detail: Mapping[str, Any]) -> None:
        """Note that a step is done; nobody does it twice."""
        ...

    def find_silent(self) -> dict[str, frozenset[Kind]]:
        """The systems that were cut over and did not come back → the kinds for which their word counts no more."""
        ...

    def find_changes(self, system: str, since: datetime | None = None) -> tuple[FileChanges, ...]:
        """What its landed files change of what was last taken in whole (by then; None: by now), by kind and file."""
        ...

    def find_gone(self, system: str, since: datetime | None = None) -> tuple[GoneRow, ...]:
        """The records of those that were there before, by file and line."""
        ...

    def find_new(self, system: str, since: datetime | None = None) -> dict[Kind, tuple[str, ...]]:
        """The hub's ids of those that were not there before and are known here all the same."""
        ...

    def find_written(self, system: str, kinds: Collection[Kind], since: CutoverStep) -> tuple[Written, ...]:
        """Records of these kinds that were made or changed after this step, whoever did it; by kind and id.

        Whoever had begun before it and committed after it counts, too.

        A package is changed by who books with it, a patient by a merge, a lot by each line of its ledger.
        """
        ...

    def save_reentries(self, system: str, number: int, entries: Sequence[Reentry]) -> None:
        """Keep what is to be entered by hand, in its order."""
        ...

    def load_reentries(self, system: str, number: int) -> tuple[Reentry, ...]:
        """The same again."""
        ...
