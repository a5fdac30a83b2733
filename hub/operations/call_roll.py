"""What a system lists no more: each such record is asked for singly before it counts as gone.

A list may be old, cut short, or read while records moved; the record itself is the only witness. So what is missing
and answers all the same is taken in as it stands now, which also shows what moved out of the stretch that was listed.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import SafetyStop
from hub.mapping.split import whole_id
from hub.operations.linked_system import LinkedSystem
from hub.ports import Page, Roll, Source, Store

ASKED_AT_ONCE = 50
"""So many answers are kept together: a run that is cut off asks only for the rest."""

MayAsk = Callable[[int], bool]
"""Told how many records are missing, before any is asked for: whether to ask; without asking they count as gone. It may
raise a SafetyStop."""


@dataclass(slots=True)
class RollCall:
    """The pages of one pull, with what became of the records that its lists name no more."""

    system: LinkedSystem
    kind: Kind
    source: Source
    store: Store
    may_ask: MayAsk
    place: str | None
    """Where the pull begins; then the cursor of the last page that was given."""
    _named: dict[str, set[str]] = field(default_factory=dict)
    """Roll → what this run heard named; what earlier runs heard is in the store."""

    def pages(self) -> Iterator[Page]:
        """As the source gives them; before the end of each list come the records that were asked for.

        A list names whole records, also where the table takes them apart.
        """
        for page in self.source.read(self.kind, self.place):
            if page.listed is not None:
                yield from self._ask(self._missing(page.listed), None)
            elif page.roll is not None:
                yield from self._heard(page, page.roll)
            if page.removed:
                yield from self._ask(self._known(page.removed), None)
            yield replace(page, listed=None, removed=frozenset())
            self.place = page.cursor

    def _heard(self, page: Page, roll: Roll) -> Iterator[Page]:
        named = self._named.setdefault(roll.id, set())
        named |= roll.names
        told = {record.ref.id for record in page.records} | {one.record.ref.id for one in page.rejected}
        if strangers := roll.names - told:
            yield from self._ask(self._unknown(strangers), roll)
        if roll.is_over:
            yield from self._ask(self._missing(named, roll), roll)

    def _missing(self, named: Collection[str], roll: Roll | None = None) -> list[str]:
        """What stands here and was not named."""
        known_as, within = (roll.id, roll.within) if roll else (None, None)
        with self.store.begin("call_roll") as uow:
            standing = uow.links.find_standing(self.system.name, self.kind, roll=known_as, within=within)
        return sorted(self._wholes(standing).difference(named))

    def _known(self, names: Collection[str]) -> list[str]:
        """What stands here, of those."""
        with self.store.begin("call_roll") as uow:
            standing = uow.links.find_standing(self.system.name, self.kind)
        return sorted(self._wholes(standing).intersection(names))

    def _wholes(self, ids: frozenset[str]) -> frozenset[str]:
        """What is known here, as a list names it."""
        is_apart = self.system.mapping(self.kind).table.each is not None
        return frozenset(map(whole_id, ids)) if is_apart else ids

    def _unknown(self, names: Collection[str]) -> list[str]:
        """What a list of bare ids names and is not known here, or was gone."""
        with self.store.begin("call_roll") as uow:
            linked = uow.links.find_standing(self.system.name, self.kind)
        return sorted(set(names) - self._wholes(linked))

    def _ask(self, ids: Sequence[str], roll: Roll | None) -> Iterator[Page]:
        """Their records as they stand now, with the place before them; who comes back to it asks only for the rest."""
        is_asked = bool(ids) and self._may_ask(len(ids), roll)
        for start in range(0, len(ids), ASKED_AT_ONCE):
            some = ids[start : start + ASKED_AT_ONCE]
            found = [self._one(id_, is_asked=is_asked) for id_ in some]
            records = tuple(record for one in found for record in one.records)
            rejected = tuple(each for one in found for each in one.rejected)
            yield Page(records, self.place, rejected, roll=Roll(roll.id, frozenset(some)) if roll else None)

    def _may_ask(self, missing: int, roll: Roll | None) -> bool:
        """A list that is not believed is not gone on with, either: the next pull begins another one."""
        try:
            return self.may_ask(missing)
        except SafetyStop:
            if roll is not None:
                with self.store.begin("call_roll") as uow:
                    cursor = uow.cursors.find(self.system.name, self.kind)
                    uow.cursors.save(self.system.name, self.kind, roll.begin_anew(cursor))
            raise

    def _one(self, id_: str, *, is_asked: bool) -> Page:
        page = self.source.fetch(self.kind, id_) if is_asked else None
        return page or Page((SourceRecord(SourceRef(self.system.name, self.kind, id_), {}, gone=True),), None)
