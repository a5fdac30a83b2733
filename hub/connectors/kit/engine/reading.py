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
    is_careful: bool = False
    """Everything is read once more, and no page is left before the one behind it shows that nothing moved."""
    states: set[State] = field(default_factory=set)
    """What this round has seen."""
    keys: set[str] = field(default_factory=set)
    """The same, of the list's own records, in which several of ours may stand."""

    def saw(
        self, keys: Sequence[str], records: Sequence[SourceRecord], answered_at: datetime | None, total: int | None
    ) -> bool:
        """Take note of a page; whether anything on it was new to this round.

        `keys`: of the list's own records, also of those that hold none of ours or cannot be read.
        """
        self.pages += 1
        self.changed_meanwhile |= total is not None and self.total is not None and total != self.total
        self.total = total
        states = {_state(record) for record in records}
        is_fresh = not (self.keys.issuperset(keys) and states <= self.states)
        for record in records:
            self._note(record, answered_at)
        self.keys.update(keys)
        self.states |= states
        return is_fresh

    def begin_again(self) -> None:
        """From the first page, with care."""
        self.is_careful = True
        self.states.clear()
        self.keys.clear()

    def may_have_missed(self, *, positional: bool) -> bool:
        """Whether a careful round is called for.

        `positional`: its pages may count by position, and are not to be trusted while things move.
        """
        if self.is_careful or self.pages < 2:
            return False
        held_back = not self.was_cut_off and self.total is not None and len(self.keys) < self.total
        return held_back or (positional and (self.changed_meanwhile or self.was_cut_off))

    def _note(self, record: SourceRecord, answered_at: datetime | None) -> None:
        changed, began = record.modified_at, self.place.began_at
        self.changed_meanwhile |= changed is not None and began is not None and changed >= began
        if changed is None:
            return
        if (latest := began or answered_at) is not None:
            changed = min(changed, latest)  # what changes behind the page in hand is seen by the next reading
        seen = self.place.seen
        self.place = replace(self.place, seen=changed if seen is None else max(seen, changed))


def _state(record: SourceRecord) -> State:
    return record.ref.id, record.version
