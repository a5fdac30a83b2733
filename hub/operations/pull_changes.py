"""Take in what changed in a connected system, page by page; each page and the place after it in one transaction.

A record lands as it came, is decoded by its table, and becomes the canonical record it is linked to. What cannot be
taken is kept with its problems as an open issue, and tried again with the next pull. What the hub itself wrote there is
known by the id it carries: it makes no new visit, and no delivery goes back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical, Visit, VisitState
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import Problem, only_reasons
from hub.mapping.apply import decode
from hub.operations.linked_system import LinkedSystem, SystemLinks, require_aliases
from hub.operations.meet_released import meet_released
from hub.operations.place_facts import place_facts, recheck_facts
from hub.ports import Issue, Landed, Link, Page, Rejected, Source, Store, UnitOfWork
from hub.sync.blanks import fill_blanks
from hub.sync.echo import payload_hash

REJECTED = "rejected_record"
INCOMPLETE = "incomplete_record"


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a pull did, in records."""

    pages: int = 0
    read: int = 0
    """As the system gave them; some may come twice."""
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    recognised: int = 0
    """Of the unchanged: what the hub itself had written there."""
    rejected: int = 0
    """Kept with their problems, for a person."""
    contested: int = 0
    """Claims that overlap a firm one, for a person."""

    def __add__(self, other: "PullResult") -> "PullResult":
        """Both together."""
        names = self.__slots__
        return PullResult(**{name: getattr(self, name) + getattr(other, name) for name in names})


def pull_changes(system: LinkedSystem, kind: Kind, source: Source, store: Store) -> PullResult:
    """Everything of a kind that changed since the last pull. Doing it again changes nothing.

    Raises:
        RetryLater, NeedsAttention: as the source; the pages before are kept, and the next pull goes on after them.
        InvalidInput: no table for the kind, or an alias that names nothing; nothing was read.
    """
    system.mapping(kind)
    with store.begin("pull_changes") as uow:
        require_aliases(system, uow)
        cursor = uow.cursors.find(system.name, kind)
    result = PullResult()
    for page in source.read(kind, cursor):
        with store.begin("pull_changes") as uow:
            result += replace(_Take(system, kind, uow).take(page), pages=1)
            uow.cursors.save(system.name, kind, page.cursor)
    with store.begin("pull_changes") as uow:
        result += _again(system, kind, uow)
    if kind is Kind.VISIT:
        recheck_facts(store)
    return result


def _again(system: LinkedSystem, kind: Kind, uow: UnitOfWork) -> PullResult:
    """Records that were rejected for what the hub did not know then; those still rejected count as nothing."""
    prefix = f"{system.name}/"
    waiting = {
        issue.detail["source_record_id"]: issue.detail.get("hub_id")
        for issue in uow.issues.find_open(REJECTED)
        if issue.subject_kind == kind and issue.subject_id.startswith(prefix) and issue.detail.get("may_pass")
    }
    found = uow.landing.load(list(waiting))
    records = tuple(replace(record, hub_id=waiting[number]) for number, record in found.items())
    return replace(_Take(system, kind, uow).take(Page(records, None)), read=0, unchanged=0, rejected=0)


@dataclass(frozen=True, slots=True)
class _Read:
    """A record that could be read."""

    source: SourceRecord
    landed_id: int
    record: Canonical
    warnings: tuple[Problem, ...]


_Fresh = tuple[SourceRecord, int]
"""A record that is not applied yet, and the number under which it landed."""


class _Take:
    """One page within one transaction."""

    def __init__(self, system: LinkedSystem, kind: Kind, uow: UnitOfWork) -> None:
        self._system = system
        self._kind = kind
        self._uow = uow
        self._links = SystemLinks(system, uow)
        self._before: dict[SourceRef, Link] = {}

    def take(self, page: Page) -> PullResult:
        records = (*page.records, *(rejected.record for rejected in page.rejected))
        landed = self._uow.landing.land(records)
        self._before = self._uow.links.find([record.ref for record in records])
        new, recognised = self._without_known(list(zip(page.records, landed, strict=False)))
        read, rejected = self._decode(new)
        (inserted, updated), contested = self._save(read)
        broken = list(zip(page.rejected, landed[len(page.records) :], strict=True))
        self._report(read, [*rejected, *self._of_source(broken)])
        refused = {issue.detail["source_record_id"] for issue in rejected} | {at.id for _, at in broken}
        return PullResult(
            read=len(records),
            inserted=inserted,
            updated=updated,
            unchanged=len(page.records) - len(rejected) - inserted - updated,
            recognised=recognised,
            rejected=sum(at.id in refused for at in landed if at.is_new),
            contested=contested,
        )

    def _without_known(self, landed: Sequence[tuple[SourceRecord, Landed]]) -> tuple[list[_Fresh], int]:
        """What was not applied yet; and how many are the hub's own, come back."""
        fresh: list[_Fresh] = []
        recognised = 0
        awaited = self._awaited([record for record, _ in landed])
        for record, at in landed:
            link = self._before.get(record.ref)
            if link is not None and link.source_record_id == at.id:
                recognised += record.hub_id is not None
            elif record.ref in awaited or self._is_echo(record, at):
                recognised += 1
            else:
                fresh.append((record, at.id))
        return fresh, recognised

    def _awaited(self, records: Sequence[SourceRecord]) -> frozenset[SourceRef]:
        """Visits whose vendor was asked for something: what comes of it is written when its word is known."""
        if self._kind is not Kind.VISIT:
            return frozenset()
        known = {ref: link.canonical_id for ref, link in self._before.items()}
        ids = {record.ref: known.get(record.ref) or record.hub_id for record in records}
        awaited = self._uow.pendings.find_awaited({one for one in ids.values() if one is not None})
        return frozenset(ref for ref, one in ids.items() if one in awaited)

    def _is_echo(self, record: SourceRecord, at: Landed) -> bool:
        """Whether the hub wrote this state. Then it is linked, and what the hub holds stays as it is.

        One whose delivery is not confirmed (the answer was lost) counts too: the delivery that waits settles it.
        """
        if record.hub_id is None:
            return False
        if not self._uow.records.load(self._kind, [record.hub_id]):
            return self._kind is Kind.VISIT and meet_released(self._uow, record.hub_id, is_new=at.is_new)
        self._links.learn(self._kind, record.ref.id, record.hub_id)
        sent = self._uow.outbox.find_last_sent(self._system.name, self._kind, record.hub_id)
        if sent is not None and sent.payload_hash != payload_hash(record.payload):
            return False
        self._uow.links.save([Link(record.ref, record.hub_id, at.id)])
        return True

    def _decode(self, records: Sequence[_Fresh]) -> tuple[list[_Read], list[Issue]]:
        context = self._system.context(self._links, self._uow.now)
        mapping = self._system.mapping(self._kind)
        read: list[_Read] = []
        rejected: list[Issue] = []
        for source, number in records:
            decoded = decode(mapping, source, context)
            if decoded.record is None:
                rejected.append(self._issue(REJECTED, source, number, decoded.problems, may_pass=True))
            else:
                read.append(_Read(source, number, decoded.record, decoded.warnings))
        return read, rejected

    def _save(self, read: Sequence[_Read]) -> tuple[tuple[int, int], int]:
        """Gives (inserted, updated) and contested claims."""
        held = self._uow.records.load(self._kind, {one.record.id for one in read})
        seen = self._as_seen(read)
        wanted = {str(one.record.id): self._merged(one, held.get(one.record.id), seen) for one in read}
        numbers = {str(one.record.id): one.landed_id for one in read}
        self._cancel(wanted, held)
        saved = self._uow.records.save(list(wanted.values()), sources=numbers, origin=self._system.name)
        self._uow.links.save([Link(one.source.ref, one.record.id, one.landed_id) for one in read])
        moved = [id_ for id_ in saved.changed if _takes_other_time(wanted[id_], held.get(id_))]
        contested = place_facts(self._uow, moved).contested if moved else 0
        updated = sum(record != held[id_] for id_, record in wanted.items() if id_ in held)
        return (len(saved.inserted), updated), contested

    def _as_seen(self, read: Sequence[_Read]) -> dict[SourceRef, Canonical]:
        """The records as they were read when they were last applied."""
        numbers = [link.source_record_id for link in self._before.values() if link.source_record_id is not None]
        payloads = self._uow.landing.load(numbers) if read else {}
        context = self._system.context(self._links, self._uow.now)
        decoded = (decode(self._system.mapping(self._kind), payload, context) for payload in payloads.values())
        return {
            payload.ref: one.record
            for payload, one in zip(payloads.values(), decoded, strict=True)
            if one.record is not None
        }

    def _merged(self, one: _Read, held: Canonical | None, seen: Mapping[SourceRef, Canonical]) -> Canonical:
        """What the hub holds, with what changed there since it was last seen, and what the hub does not know yet.

        What the practice file owns is the practice file's.
        """
        if held is None:
            return one.record
        if self._links.is_alias(self._kind, held.id):
            return fill_blanks(held, one.record)
        last = seen.get(one.source.ref)
        named = {plan.name: getattr(one.record, plan.name) for plan in self._system.mapping(self._kind).table.fields}
        if last is not None:
            changed = {name: value for name, value in named.items() if value != getattr(last, name)}
        else:
            changed = {name: value for name, value in named.items() if value is not None}
        return fill_blanks(held.model_copy(update=changed), one.record)

    def _cancel(self, wanted: Mapping[str, Canonical], held: Mapping[str, Canonical]) -> None:
        """Visits that were cancelled there give back their time, stock and credit."""
        for id_, record in wanted.items():
            before = held.get(id_)
            was_to_come = isinstance(before, Visit) and before.state.occupies
            if was_to_come and isinstance(record, Visit) and record.state is VisitState.CANCELLED:
                self._uow.bookings.cancel(id_)

    def _report(self, read: Sequence[_Read], rejected: Sequence[Issue]) -> None:
        incomplete = [self._issue(INCOMPLETE, one.source, one.landed_id, one.warnings) for one in read if one.warnings]
        subjects = {_subject(one.source) for one in read}
        whole = subjects - {issue.subject_id for issue in incomplete}
        self._uow.issues.close(REJECTED, self._kind, subjects)
        self._uow.issues.close(INCOMPLETE, self._kind, whole)
        self._uow.issues.open([*rejected, *incomplete])

    def _of_source(self, broken: Sequence[tuple[Rejected, Landed]]) -> list[Issue]:
        """What breaks the system's own contract: it passes only when the system changes it."""
        return [self._issue(REJECTED, one.record, at.id, one.problems) for one, at in broken]

    def _issue(
        self, kind: str, source: SourceRecord, number: int, problems: Sequence[Problem], *, may_pass: bool = False
    ) -> Issue:
        detail = {
            "source_record_id": number,
            "hub_id": source.hub_id,
            "problems": [str(problem) for problem in problems],
            "may_pass": may_pass,
        }
        return Issue(kind, self._kind, _subject(source), only_reasons(problems), detail)


def _subject(source: SourceRecord) -> str:
    return f"{source.ref.system}/{source.ref.id}"


def _takes_other_time(record: Canonical, held: Canonical | None) -> bool:
    """Whether what a visit claims is another than before."""
    if not isinstance(record, Visit):
        return False
    if not isinstance(held, Visit):
        return True
    return _taken(record) != _taken(held)


def _taken(visit: Visit) -> tuple[object, ...]:
    who = visit.patient_id, visit.service_id, visit.provider_id, visit.room_id, visit.device_id
    return (visit.start, visit.end, *who) if visit.state.occupies else ()
