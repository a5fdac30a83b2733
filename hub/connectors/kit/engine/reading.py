"""One run through a stream: what it saw, and what shows that it may have missed something."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.canonical.source import SourceRecord
from hub.connectors.kit.engine.place import Place

State = tuple[str, str | None]


@dataclass(slots=True)
class Run:
    """From the first page, or from the one at which an earlier run was cut off, to the last."""

    place: Place
    was_cut_off: bool = False
    pages: int = 0
    total: int | None = None
    changed_meanwhile: bool = False
    """A record changed after the reading began, so that others may have moved over the edge of a page."""
    found_late: bool = False
    """This round brought an old record that the rounds before had missed."""
    rounds: int = 1
    ids: set[str] = field(default_factory=set)
    states: set[State] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    """Of the list's own records, in which several of ours may stand."""

    def saw(self, records: Sequence[SourceRecord], answered_at: datetime | None, total: int | None) -> bool:
        """Take note of a page; whether anything on it was new to this run."""
        self.pages += 1
        self.changed_meanwhile |= total is not None and self.total is not None and total != self.total
        self.total = total
        fresh = {_state(record) for record in records} - self.states
        for record in records:
            self._note(record, answered_at)
        self.states |= fresh
        self.ids |= {name for name, _ in fresh}
        return bool(fresh)

    def next_round(self) -> None:
        """From the first page again."""
        self.rounds += 1
        self.found_late = False
        self.changed_meanwhile = False

    def may_have_missed(self, *, positional: bool) -> bool:
        """Whether another round is called for.

        `positional`: its pages may count by position, and are not to be trusted while things move.
        """
        if self.rounds > 1:
            return self.found_late
        if self.pages < 2:
            return False
        held_back = not self.was_cut_off and self.total is not None and len(self.keys) < self.total
        return held_back or (positional and (self.changed_meanwhile or self.was_cut_off))

    def _note(self, record: SourceRecord, answered_at: datetime | None) -> None:
        changed, began = record.modified_at, self.place.began_at
        is_late = changed is not None and began is not None and changed >= began
        self.changed_meanwhile |= is_late
        if self.rounds > 1 and record.ref.id not in self.ids and not is_late:
            self.found_late = True
        if changed is None:
            return
        if (latest := began or answered_at) is not None:
            changed = min(changed, latest)  # what changes behind the page in hand is seen by the next reading
        seen = self.place.seen
        self.place = replace(self.place, seen=changed if seen is None else max(seen, changed))


def _state(record: SourceRecord) -> State:
    return record.ref.id, record.version
