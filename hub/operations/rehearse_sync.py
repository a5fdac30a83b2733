"""What a synchronization would change here and there: the plans of a pull, the writes of a push, and nothing done."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRef
from hub.errors import Conflict, Problem, RecordRejected, SafetyStop, only_reasons
from hub.operations.call_roll import RollCall
from hub.operations.linked_system import LinkedSystem, require_aliases
from hub.operations.page_plan import Known, PagePlan
from hub.operations.parts import known_pages
from hub.operations.prepare_write import Planned, Prepared, prepare_writes
from hub.operations.pull_changes import PullResult, Told, count
from hub.operations.rehearse_pages import Rehearsal
from hub.operations.watch_drift import Watched, judge_page
from hub.ports import Delivery, Link, Page, Source, Store, UnitOfWork
from hub.sync.drift import Contract, Drift, Reaction
from hub.sync.mass_change import Upheaval

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one record, here or there; names of fields, no values."""

    kind: Kind
    id: str
    what: str
    """Here: new, changed, gone, rejected, conflict. There: create, change, rejected. Either: waiting, for the record
    that it says more of.
    """
    fields: tuple[str, ...] = ()
    """Of a changed record; of a rejected one the codes."""
    source: str | None = None
    """Of a new or changed one here: the record that says so, as `system/id`."""


@dataclass(frozen=True, slots=True)
class ForeseenDrift:
    """What a stream's contract would say of its records; names of fields, types and declared codes, no other values."""

    kind: Kind
    drift: Drift
    reaction: Reaction


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """The whole of it."""

    here: tuple[Change, ...]
    there: tuple[Change, ...]
    read: dict[Kind, PullResult] = field(default_factory=dict)
    mass: tuple[Kind, ...] = ()
    """Kinds of which the feed would be stopped."""
    drifts: tuple[ForeseenDrift, ...] = ()
    stops: tuple[Problem, ...] = ()
    """Why streams would stop for a person: for what has drifted, or for a code without a meaning."""

    @property
    def is_stopped(self) -> bool:
        """Whether a stream would stop."""
        return bool(self.mass or self.stops)

    @property
    def waits(self) -> bool:
        """Whether a person would have to look at some of it."""
        return any(one.what in ("rejected", "conflict") for one in (*self.here, *self.there))


def rehearse_sync(
    system: LinkedSystem,
    kinds: Sequence[Kind],
    source: Source | None,
    store: Store,
    joining: Mapping[Kind, Sequence[LinkedSystem]] = MappingProxyType({}),
    *,
    progress: Progress = lambda _what, _read: None,
) -> SyncPlan:
    """Read everything that changed and say what it would do. Nothing is written, and nothing is sent.

    Args:
        system: whose records.
        kinds: of them, in order.
        source: of them; None where it is only told.
        store: what is known.
        joining: by kind, whose records say more of its own.
        progress: told of every page, with the kind and how many of it were read.

    Raises:
        RetryLater, NeedsAttention: as the source.
    """
    rehearsing = _Rehearsing(system, store, joining, progress)
    for kind in kinds if source is not None else ():
        assert source is not None
        try:
            rehearsing.read(kind, source)
        except SafetyStop as stop:
            rehearsing.stops += stop.problems
    there = tuple(_there(system, rehearsing.owed, rehearsing.planned, store))
    drifts = tuple(dict.fromkeys(rehearsing.drifts))
    return SyncPlan(
        tuple(rehearsing.here), there, rehearsing.results, tuple(rehearsing.mass), drifts, tuple(rehearsing.stops)
    )


@dataclass(slots=True)
class _Rehearsing:
    """What is known of the streams so far."""

    system: LinkedSystem
    store: Store
    joining: Mapping[Kind, Sequence[LinkedSystem]]
    progress: Progress
    here: list[Change] = field(default_factory=list)
    results: dict[Kind, PullResult] = field(default_factory=dict)
    mass: list[Kind] = field(default_factory=list)
    drifts: list[ForeseenDrift] = field(default_factory=list)
    stops: list[Problem] = field(default_factory=list)
    planned: dict[Kind, Planned] = field(default_factory=dict)
    owed: list[tuple[Kind, str]] = field(default_factory=list)
    links: dict[SourceRef, Link] = field(default_factory=dict)
    """Of all that is read, as they would be."""

    def read(self, kind: Kind, source: Source) -> None:
        """One stream, as if those before were applied.

        Raises:
            SafetyStop: it would stop for a person; what comes before that is in the plan.
        """
        system, store = self.system, self.store
        with store.begin("rehearse") as uow:
            require_aliases(system, uow)
            cursor = uow.cursors.find(system.name, kind)
            linked = uow.links.count(system.name, kind)
            contract = uow.cursors.find_contract(system.name, kind) or Contract()
        rehearsal = Rehearsal(system, kind, store, Known(links=self.links))
        self.results[kind], told = PullResult(), Told()
        self.planned[kind] = Planned(rehearsal.known.records, rehearsal.seen)
        most = system.limit.most(linked)
        heard = RollCall(system, kind, source, store, lambda missing: missing <= most, cursor)
        for page in known_pages(heard.pages(), system, kind, store):
            watched = self._watched(page, kind, contract)
            contract = watched.contract
            taken = watched.page(page, system, kind)
            plan = rehearsal.add(taken)
            self.results[kind] += told.once(taken, count(plan))
            self.progress(str(kind), self.results[kind].read)
            self._add(plan)
        self._add_awaiting(kind, rehearsal.known)
        upheaval = rehearsal.upheaval
        if Upheaval(linked, upheaval.changed, upheaval.gone).is_mass(system.limit):
            self.mass.append(kind)

    def _add_awaiting(self, kind: Kind, known: Known) -> None:
        """What other connections brought before the records that it says more of."""
        for other in self.joining.get(kind, ()):
            ids = [ref.id for ref in known.links if ref.system == self.system.name and ref.kind is kind]
            with self.store.begin("rehearse") as uow:
                awaiting = uow.landing.load(uow.links.find_awaiting(other.name, kind, ids))
            self.here += _here(Rehearsal(other, kind, self.store, known).add(Page(tuple(awaiting.values()), None)))

    def _watched(self, page: Page, kind: Kind, contract: Contract) -> Watched:
        rules = self.system.drift.get(kind)
        if rules is None:
            return Watched(contract, kept=list(range(len(page.records))))
        watched = judge_page(page, rules, contract, self.system.mapping(kind))
        self.drifts += [ForeseenDrift(kind, one, rules.reactions[one.what]) for one in watched.told]
        return watched

    def _add(self, plan: PagePlan) -> None:
        self.here += _here(plan)
        self.owed += [(plan.kind, one) for one in sorted(plan.owed)]


def _here(plan: PagePlan) -> Iterator[Change]:
    sources = {link.canonical_id: f"{ref.system}/{ref.id}" for ref, link in plan.links.items()}
    for id_ in plan.inserted:
        yield Change(plan.kind, id_, "new", source=sources.get(id_))
    for id_ in plan.updated:
        what = "gone" if id_ in plan.gone else "changed"
        yield Change(plan.kind, id_, what, _differing(plan, id_), sources.get(id_))
    for id_, name in plan.conflicts:
        yield Change(plan.kind, id_, "conflict", (name,))
    for one in plan.awaiting:
        yield Change(plan.kind, f"{one.ref.system}/{one.ref.id}", "waiting")
    for issue in plan.rejected:
        yield Change(plan.kind, issue.subject_id, "rejected", issue.codes)


def _differing(plan: PagePlan, id_: str) -> tuple[str, ...]:
    before, after = plan.before[id_], plan.wanted[id_]
    return tuple(name for name in type(after).model_fields if getattr(before, name) != getattr(after, name))


def _there(
    system: LinkedSystem, owed: Sequence[tuple[Kind, str]], planned: dict[Kind, Planned], store: Store
) -> Iterator[Change]:
    with store.begin("rehearse") as uow:
        waiting = {(one.kind, one.canonical_id): one for one in uow.outbox.find_waiting(system.name)}
        for kind, id_ in owed:
            if system.name in system.told_of(kind) and (kind, id_) not in waiting:
                waiting[kind, id_] = Delivery(0, system.name, kind, id_, 0, "", 0)
        for one in waiting.values():
            yield from _write(one, system, planned.get(one.kind, Planned()), uow)


def _write(one: Delivery, system: LinkedSystem, planned: Planned, uow: UnitOfWork) -> Iterator[Change]:
    try:
        writes = prepare_writes(one, system, uow, planned)
    except (RecordRejected, Conflict) as error:
        what = "rejected" if isinstance(error, RecordRejected) else "waiting"
        yield Change(one.kind, one.canonical_id, what, only_reasons(error.problems))
        return
    for prepared in writes:
        if not prepared.is_held:
            what = "create" if prepared.write.target is None else "change"
            yield Change(one.kind, one.canonical_id, what, _keys(prepared))


def _keys(prepared: Prepared) -> tuple[str, ...]:
    """The outermost keys of the vendor's record that would be written."""
    last = prepared.last.payload if prepared.last else {}
    wanted = prepared.write.payload
    return tuple(sorted(key for key in wanted.keys() | last.keys() if wanted.get(key) != last.get(key)))
