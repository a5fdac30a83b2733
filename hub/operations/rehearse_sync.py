"""What a synchronization would change here and there: the plans of a pull, the writes of a push, and nothing done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hub.canonical.ids import Kind
from hub.errors import RecordRejected, only_reasons
from hub.operations.call_roll import RollCall
from hub.operations.linked_system import LinkedSystem, require_aliases
from hub.operations.page_plan import PagePlan
from hub.operations.parts import known_pages
from hub.operations.prepare_write import Planned, Prepared, prepare_write
from hub.operations.pull_changes import PullResult, count
from hub.operations.rehearse_pages import Rehearsal
from hub.ports import Delivery, Source, Store, UnitOfWork
from hub.sync.mass_change import Upheaval


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one record, here or there; names of fields, no values."""

    kind: Kind
    id: str
    what: str
    """Here: new, changed, gone, rejected, conflict. There: create, change, rejected."""
    fields: tuple[str, ...] = ()
    """Of a changed record; of a rejected one the codes."""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """The whole of it."""

    here: tuple[Change, ...]
    there: tuple[Change, ...]
    read: dict[Kind, PullResult] = field(default_factory=dict)
    mass: tuple[Kind, ...] = ()
    """Kinds of which the feed would be stopped."""


def rehearse_sync(system: LinkedSystem, kinds: Sequence[Kind], source: Source | None, store: Store) -> SyncPlan:
    """Read everything that changed and say what it would do. Nothing is written, and nothing is sent.

    Raises:
        RetryLater, NeedsAttention: as the source.
    """
    here: list[Change] = []
    results: dict[Kind, PullResult] = {}
    mass: list[Kind] = []
    planned: dict[Kind, Planned] = {}
    owed: list[tuple[Kind, str]] = []
    before: Rehearsal | None = None
    for kind in kinds if source is not None else ():
        system.mapping(kind)
        with store.begin("rehearse") as uow:
            require_aliases(system, uow)
            cursor = uow.cursors.find(system.name, kind)
            linked = uow.links.count(system.name, kind)
        rehearsal = Rehearsal(system, kind, store, before.known if before else None)
        results[kind] = PullResult()
        assert source is not None
        most = system.limit.most(linked)
        heard = RollCall(system, kind, source, store, lambda missing, most=most: missing <= most, cursor)  # type: ignore[misc]
        for page in known_pages(heard.pages(), system, kind, store):
            plan = rehearsal.add(page)
            results[kind] += count(plan)
            here += _here(plan)
            owed += [(kind, one) for one in sorted(plan.owed)]
        upheaval = rehearsal.upheaval
        if Upheaval(linked, upheaval.changed, upheaval.gone).is_mass(system.limit):
            mass.append(kind)
        planned[kind] = Planned(rehearsal.known.records, rehearsal.seen)
        before = rehearsal
    return SyncPlan(tuple(here), tuple(_there(system, owed, planned, store)), results, tuple(mass))


def _here(plan: PagePlan) -> Iterator[Change]:
    for id_ in plan.inserted:
        yield Change(plan.kind, id_, "new")
    for id_ in plan.updated:
        yield Change(plan.kind, id_, "gone" if id_ in plan.gone else "changed", _differing(plan, id_))
    for id_, name in plan.conflicts:
        yield Change(plan.kind, id_, "conflict", (name,))
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
        prepared = prepare_write(one, system, uow, planned)
    except RecordRejected as error:
        yield Change(one.kind, one.canonical_id, "rejected", only_reasons(error.problems))
        return
    if not prepared.is_held:
        what = "create" if prepared.write.target is None else "change"
        yield Change(one.kind, one.canonical_id, what, _keys(prepared))


def _keys(prepared: Prepared) -> tuple[str, ...]:
    """The outermost keys of the vendor's record that would be written."""
    last = prepared.last.payload if prepared.last else {}
    wanted = prepared.write.payload
    return tuple(sorted(key for key in wanted.keys() | last.keys() if wanted.get(key) != last.get(key)))
