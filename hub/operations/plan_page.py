"""Decide what a page of a feed means: link, decode, match, decide. It reads and writes nothing.

What was applied before, and what the hub itself wrote there, is told apart first; the rest is read by its table, and
each field that its system changed is judged by the practice's rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import Problem, SafetyStop, only_reasons
from hub.mapping.apply import Decoded, decode, key_joined, view
from hub.mapping.joins import AWAITED
from hub.mapping.reading import Findings
from hub.operations.linked_system import LinkedSystem, SystemLinks, after_cutovers
from hub.operations.match_records import match_records
from hub.operations.own_echoes import Echoes
from hub.operations.page_plan import INCOMPLETE, REJECTED, Fresh, Known, PagePlan, issue_of, subject_of
from hub.operations.plan_ends import plan_ends, withdraw
from hub.operations.withdraw import Withdrawal, decide_withdrawal
from hub.ports import Awaiting, Issue, Landed, Link, Page, Rejected, UnitOfWork
from hub.ports.conflicts import FieldConflict
from hub.sync.blanks import fill_blanks
from hub.sync.echo import find_doubted, find_own
from hub.sync.lineage import REST, Lineage, Origin, Rule
from hub.sync.merge import Merge, Said, Stands, decide_merge
from hub.sync.system_of_record import TOGETHER


@dataclass(frozen=True, slots=True)
class Read:
    """A record that could be read."""

    source: SourceRecord
    number: int
    record: Canonical
    warnings: tuple[Problem, ...] = ()

    def changed_at(self, now: datetime) -> datetime:
        """When the system says that it changed; one whose clock is ahead changed now."""
        return min(self.source.modified_at or now, now)


class PagePlanner:
    """Plans pages within one transaction.

    `known` goes from page to page where nothing is applied in between. In a replay all that a record says counts as
    said now: by tables and rules that may be other ones than when it was applied.
    """

    def __init__(
        self,
        system: LinkedSystem,
        kind: Kind,
        uow: UnitOfWork,
        known: Known | None = None,
        *,
        is_replay: bool = False,
    ) -> None:
        self._system = after_cutovers(system, uow)
        self._kind = kind
        self._uow = uow
        self._is_replay = is_replay
        self._mapping = system.mapping(kind)
        self._fields = self._mapping.names
        referring = {name for one in self._mapping.table.fields if one.spec.codec == "reference" for name in one.names}
        if self._mapping.table.joins is not None:
            referring.add("id")
        self._references = tuple(read for name, read in self._mapping.readers if name in referring)
        self._links = SystemLinks(system, uow, is_gathering=True)
        self._known = known or Known()
        for ref, link in self._known.links.items():
            self._links.learn(ref, link.canonical_id)

    def plan(self, page: Page, landed: Sequence[Landed]) -> PagePlan:
        """What the page means; `landed` are its records and then its rejected ones, in their order."""
        records = (*page.records, *(rejected.record for rejected in page.rejected))
        self._know([record.ref for record in records])
        broken = list(zip(page.rejected, landed[len(page.records) :], strict=True))
        plan = PagePlan(self._kind, len(records), accepted=len(page.records), landed=landed)
        plan.broken = frozenset(at.id for _, at in broken)
        fresh = self._without_known(list(zip(page.records, landed, strict=False)), plan)
        ends = [one for one in fresh if one[0].is_end]
        plan.over = [record.ref for record in page.records]
        read = self._decode([one for one in fresh if not one[0].is_end], plan)
        self._load([one.record.id for one in read])
        self._merge(read, plan)
        withdrawn = self._withdrawn([record.ref for record, _ in ends]) if self._system.joins is not None else {}
        plan_ends(self._system, ends, self._known, plan, self._uow, withdrawn=withdrawn)
        self._owe_to_others(plan)
        plan.rejected += self._of_source(broken)
        return plan

    def _know(self, refs: Sequence[SourceRef]) -> None:
        unknown = [ref for ref in refs if ref not in self._known.links]
        found = self._uow.links.find(unknown)
        self._known.links |= found
        for ref in unknown:
            link = found.get(ref)
            self._links.learn(ref, link.canonical_id if link else None)

    def _load(self, ids: Sequence[str]) -> None:
        unknown = {one for one in ids if one not in self._known.records}
        found = self._uow.records.load(self._kind, unknown)
        self._known.records |= found
        self._known.lineage |= self._uow.records.load_lineage(self._kind, found)

    # What is known already

    def _without_known(self, landed: Sequence[tuple[SourceRecord, Landed]], plan: PagePlan) -> list[Fresh]:
        """What was not applied yet."""
        fresh: list[Fresh] = []
        awaited = self._awaited([record for record, _ in landed])
        echoes = Echoes(self._uow, self._system.name, self._kind, self._new_of_ours(landed))
        ends_as = {record.ref: at.id for record, at in landed}
        for record, at in landed:
            link = self._known.links.get(record.ref)
            if link is not None and link.source_record_id == ends_as[record.ref] and not self._is_replay:
                plan.recognised += record.hub_id is not None
                plan.standing.add(subject_of(record))
            elif record.ref in awaited or echoes.is_released(record):
                plan.recognised += 1
                if echoes.is_released(record):
                    plan.released[str(record.hub_id)] = at.is_new
            elif record.hub_id is not None and echoes.is_ours(record):
                id_ = link.canonical_id if link is not None else record.hub_id  # whom it was merged into, since
                self._links.learn(record.ref, id_)
                if echoes.is_as_sent(record, id_, is_linked=link is not None and link.source_record_id is not None):
                    plan.links[record.ref] = Link(record.ref, id_, at.id)
                    plan.recognised += 1
                else:
                    fresh.append((record, at.id))
            else:
                fresh.append((record, at.id))
        return fresh

    def _new_of_ours(self, landed: Sequence[tuple[SourceRecord, Landed]]) -> set[str]:
        """The hub's ids that they carry, and whose they are by now: people may have been merged since."""
        ours: set[str] = set()
        for record, at in landed:
            link = self._known.links.get(record.ref)
            if record.hub_id is not None and (link is None or link.source_record_id != at.id):
                ours |= {record.hub_id, link.canonical_id if link is not None else record.hub_id}
        return ours

    def _awaited(self, records: Sequence[SourceRecord]) -> frozenset[SourceRef]:
        """Visits whose vendor was asked for something: what comes of it is written when its word is known."""
        if self._kind is not Kind.VISIT:
            return frozenset()
        known = {ref: link.canonical_id for ref, link in self._known.links.items()}
        ids = {record.ref: known.get(record.ref) or record.hub_id for record in records}
        awaited = self._uow.pendings.find_awaited({one for one in ids.values() if one is not None})
        return frozenset(ref for ref, one in ids.items() if one in awaited)

    # Decode and match

    def _decode(self, fresh: Sequence[Fresh], plan: PagePlan) -> list[Read]:
        read: list[Read] = []
        for (source, number), decoded in zip(fresh, self._decoded([source for source, _ in fresh]), strict=True):
            if decoded.must_stop:
                raise SafetyStop(*decoded.problems)
            if set(only_reasons(decoded.problems)) == {AWAITED}:
                key = key_joined(self._mapping, source, self._system.context(self._links, self._uow.now))
                plan.awaiting.append(Awaiting(source.ref, number, str(key)))
            elif decoded.record is None:
                plan.rejected.append(issue_of(REJECTED, source, number, decoded.problems, may_pass=True))
            else:
                read.append(Read(source, number, decoded.record, decoded.warnings))
        plan.taken |= {subject_of(one.source) for one in read}
        plan.incomplete += [issue_of(INCOMPLETE, r.source, r.number, r.warnings) for r in read if r.warnings]
        return self._matched(read, plan)

    def _decoded(self, sources: Sequence[SourceRecord]) -> list[Decoded]:
        """What the records name is looked up for all of them at once."""
        context = self._system.context(self._links, self._uow.now)
        for source in sources:
            findings = Findings(source)
            for read in self._references:
                read(view(self._mapping, source), context, findings)
        self._links.look_up()
        decoded = [decode(self._mapping, source, context) for source in sources]
        if self._links.missed:  # named by a codec of several fields
            self._links.look_up()
            decoded = [decode(self._mapping, source, context) for source in sources]
        return decoded

    def _matched(self, read: Sequence[Read], plan: PagePlan) -> list[Read]:
        unlinked = [(one.source.ref, one.record) for one in read if self._is_unlinked(one.source)]
        plan.matches = match_records(unlinked, self._uow)
        ids = plan.matches.ids
        return [replace(r, record=_renamed(r.record, ids[r.source.ref])) if r.source.ref in ids else r for r in read]

    def _is_unlinked(self, source: SourceRecord) -> bool:
        return self._system.joins is None and self._links.canonical_id(self._kind, source.ref.id) is None

    # Decide

    def _merge(self, read: Sequence[Read], plan: PagePlan) -> None:
        seen = self._as_seen([one.source.ref for one in read])
        if self._system.joins is not None:
            seen = self._without_moved(read, seen, plan)
        met = [one.record.id for one in read if one.record.id in self._known.records]
        tries = self._uow.outbox.find_tries(self._system.name, self._kind, met)
        systems = self._uow.links.find_systems(self._kind, met) if met else {}
        for one in read:
            id_, ref = one.record.id, one.source.ref
            held, last = self._known.records.get(id_), seen.get(ref)
            if held is None:
                self._insert(one, plan)
            elif last is not None and _is_older(one.source, last.source):
                continue  # older than what was applied before
            elif self._links.is_alias(self._kind, id_):
                plan.take(ref, id_, one.number, Merge({}, {}, {}, frozenset()))
                self._change(held, fill_blanks(held, one.record), plan)
            else:
                others = systems.get(id_, frozenset()) - {self._system.name} - self._system.kin
                self._judge(one, held, last, plan, tries.get(id_, ()), is_shared=bool(others))
            seen[ref] = one
            self._known.links[ref] = plan.links[ref]

    def _owe_to_others(self, plan: PagePlan) -> None:
        """Of several records there that are one person, those that did not say it are told."""
        if self._kind is Kind.PATIENT and self._system.name in self._system.told_of(self._kind):
            plan.owed |= self._uow.links.find_several(self._system.name, self._kind, plan.updated).keys()

    def _without_moved(
        self, read: Sequence[Read], seen: Mapping[SourceRef, Read], plan: PagePlan
    ) -> dict[SourceRef, Read]:
        """What says more of another record than before takes back what it said of the one before, and says it anew."""
        moved = {one.source.ref: one for one in read if _is_of_another(one, seen.get(one.source.ref))}
        withdrawn = self._withdrawn(list(moved))
        self._load([one.id for one in withdrawn.values()])
        for ref, withdrawal in withdrawn.items():
            by = moved[ref].source, moved[ref].number
            withdraw(self._system, by, withdrawal, self._known, plan, now=self._uow.now)
        return {ref: last for ref, last in seen.items() if ref not in moved}

    def _withdrawn(self, refs: Sequence[SourceRef]) -> dict[SourceRef, Withdrawal]:
        """What these records said of others when they were applied last, and what their like still say."""
        lasts = self._as_seen(refs)
        ids = {ref: self._known.links[ref].canonical_id for ref in lasts}
        several = self._uow.links.find_several(self._system.name, self._kind, set(ids.values()))
        like = [SourceRef(self._system.name, self._kind, one) for there in several.values() for one in there]
        self._know(like)
        left = sorted(self._as_seen([ref for ref in like if ref not in lasts]).values(), key=lambda one: one.number)
        others = {id_: [one.record for one in left if one.record.id == id_] for id_ in ids.values()}
        return {
            ref: decide_withdrawal(self._kind, self._fields, ids[ref], last.record, others[ids[ref]])
            for ref, last in lasts.items()
        }

    def _insert(self, one: Read, plan: PagePlan) -> None:
        id_ = str(one.record.id)
        origin = Origin(Rule.ONLY, one.changed_at(self._uow.now), one.number, self._system.name)
        plan.links[one.source.ref] = Link(one.source.ref, id_, one.number)
        plan.sources[id_], plan.origins[id_] = one.number, {REST: origin}
        plan.wanted[id_] = self._known.records[id_] = one.record
        self._known.lineage[id_] = Lineage(self._uow.now, {REST: origin})

    def _judge(
        self,
        one: Read,
        held: Canonical,
        last: Read | None,
        plan: PagePlan,
        tries: Sequence[Mapping[str, Any]],
        *,
        is_shared: bool,
    ) -> None:
        id_ = str(one.record.id)
        said = self._said(one, last, tries, plan)
        lineage = self._known.lineage[id_]
        stands = Stands(vars(held), lineage, is_shared)
        merge = decide_merge(said, stands, self._system.rules.of(self._kind), TOGETHER.get(self._kind, ()))
        plan.take(one.source.ref, id_, one.number, merge)
        plan.recognised += bool(tries) and not merge.changes and not merge.lost
        if last is None and not tries and any(vars(held)[name] != value for name, value in said.values.items()):
            plan.owed.add(id_)
        self._known.lineage[id_] = replace(lineage, fields={**lineage.fields, **merge.origins})
        self._change(held, _changed(held, merge.changes), plan)
        shown = one.record.model_dump(mode="json", include=set(merge.lost)) if merge.lost else {}
        for name, rule in merge.lost.items():
            plan.conflicts[id_, name] = FieldConflict(
                self._kind, id_, self._system.name, name, rule, shown[name], one.number
            )

    def _said(self, one: Read, last: Read | None, tries: Sequence[Mapping[str, Any]], plan: PagePlan) -> Said:
        now, then = vars(one.record), vars(last.record) if last else None
        shown = self._shown(one) if tries else {}
        return Said(
            self._system.name,
            one.number,
            one.changed_at(self._uow.now),
            {name: now[name] for name in self._fields},
            {name: then[name] for name in self._fields} if then else None,
            find_own(shown, tries),
            find_doubted(shown, self._shown(last) if tries and last else {}, tries),
            is_matched=one.source.ref in plan.matches.ids,
        )

    def _shown(self, one: Read) -> dict[str, Any]:
        return one.record.model_dump(mode="json", include=set(self._fields))

    def _change(self, held: Canonical, wanted: Canonical, plan: PagePlan) -> None:
        if wanted != held:
            id_ = str(held.id)
            if id_ not in plan.wanted:
                plan.before[id_] = held
            plan.wanted[id_] = self._known.records[id_] = wanted

    def _as_seen(self, refs: Sequence[SourceRef]) -> dict[SourceRef, Read]:
        """The records as they were read when they were last applied."""
        if self._is_replay:
            return {}
        links = self._known.links
        numbers = [n for ref in refs if ref in links and (n := links[ref].source_record_id) is not None and n > 0]
        landed = [(n, one) for n, one in self._uow.landing.load(numbers).items() if not one.is_end] if numbers else []
        decoded = self._decoded([one for _, one in landed])
        return {
            one.ref: Read(one, number, found.record)
            for (number, one), found in zip(landed, decoded, strict=True)
            if found.record is not None
        }

    # What a person must look at

    def _of_source(self, broken: Sequence[tuple[Rejected, Landed]]) -> Iterator[Issue]:
        """What breaks the system's own contract: it passes only when the system changes it."""
        for one, at in broken:
            yield issue_of(REJECTED, one.record, at.id, one.problems)


def _is_of_another(one: Read, last: Read | None) -> bool:
    return last is not None and last.record.id != one.record.id


def _is_older(source: SourceRecord, last: SourceRecord) -> bool:
    return source.modified_at is not None and last.modified_at is not None and source.modified_at < last.modified_at


def _changed(held: Canonical, changes: Mapping[str, Any]) -> Canonical:
    return held.model_copy(update=dict(changes)) if changes else held


def _renamed(record: Canonical, id_: str) -> Canonical:
    return record.model_copy(update={"id": id_})
