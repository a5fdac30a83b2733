"""Take in what changed in a connected system, page by page; each page and the place after it in one transaction.

A record lands as it came, is linked, decoded by its table, matched, and judged field by field (`plan_page`); what was
decided is written, and everybody is told who has to be (`apply_page`). What cannot be taken is kept with its problems
as an open issue, and tried again with the next pull. What the hub itself wrote there is known by the id it carries: it
makes no new visit, and no delivery goes back. A feed that would change too much at once stops before any of it is
applied.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hub.canonical.ids import Kind
from hub.operations.apply_page import apply_page
from hub.operations.call_roll import MayAsk, RollCall
from hub.operations.guard_feed import Accepted, guarded, refuse_mass_end
from hub.operations.linked_system import LinkedSystem, require_aliases
from hub.operations.page_plan import INCOMPLETE, REJECTED, PagePlan
from hub.operations.parts import known_pages
from hub.operations.place_facts import recheck_facts
from hub.operations.plan_page import PagePlanner
from hub.operations.watch_drift import watch_drift
from hub.ports import Page, Source, Store, UnitOfWork

__all__ = ["INCOMPLETE", "REJECTED", "Accepted", "PullResult", "pull_changes", "take_awaiting", "take_page"]

_AT_ONCE = 500
"""Records that awaited others and are taken in one transaction."""
Progress = Callable[[int], None]
"""Called with how many records were read, after each page that is kept."""


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a pull did, in records."""

    pages: int = 0
    read: int = 0
    """Each once, however often the system gave it: a list may be read again, and a sweep follow what changed."""
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    recognised: int = 0
    """Of the unchanged: what the hub itself had written there."""
    rejected: int = 0
    """Kept with their problems, for a person."""
    contested: int = 0
    """Claims that overlap a firm one, for a person."""
    gone: int = 0
    """Known records that the system does not have any more, or that became part of another."""
    waiting: int = 0
    """Kept until the record that they say more of is known."""
    conflicts: int = 0
    """Fields in which the system says otherwise and does not prevail."""

    def __add__(self, other: "PullResult") -> "PullResult":
        """Both together."""
        names = self.__slots__
        return PullResult(**{name: getattr(self, name) + getattr(other, name) for name in names})


def pull_changes(
    system: LinkedSystem,
    kind: Kind,
    source: Source,
    store: Store,
    *,
    accepted: Accepted | None = None,
    progress: Progress = lambda _read: None,
) -> PullResult:
    """Everything of a kind that changed since the last pull. Doing it again changes nothing.

    Args:
        system: what is linked there, and by which rules.
        kind: of records.
        source: where to read.
        store: where to write.
        accepted: who lets a mass change through, this once.
        progress: told of every page.

    Raises:
        RetryLater, NeedsAttention: as the source; the pages before are kept, and the next pull goes on after them.
        InvalidInput: no table for the kind, or an alias that names nothing; nothing was read.
        SafetyStop: the feed would change or take away more than the connection's limit, or holds a code that its table
            stops for, or its records have drifted and the stream is to stop; nothing of that was applied.
    """
    system.mapping(kind)
    with store.begin("pull_changes") as uow:
        require_aliases(system, uow)
        cursor = uow.cursors.find(system.name, kind)
    result, told = PullResult(), Told()
    heard = RollCall(system, kind, source, store, _may_ask(system, kind, store, accepted), cursor)
    for page in guarded(known_pages(heard.pages(), system, kind, store), system, kind, store, accepted):
        page = watch_drift(system, kind, page, store)  # noqa: PLW2901 - the same page, as far as it may be taken
        with store.begin("pull_changes") as uow:
            done = told.once(page, replace(take_page(system, kind, page, uow), pages=1))
            if page.roll is not None:
                uow.links.note_named(system.name, kind, page.roll.names, page.roll.id)
            uow.cursors.save(system.name, kind, page.cursor)
        if done.inserted:
            with store.begin("note_growth") as uow:
                uow.records.note_growth()
        result += done
        progress(result.read)
    with store.begin("pull_changes") as uow:
        result += _again(system, kind, uow)
    result += take_awaiting(system, kind, store)
    if kind in (Kind.VISIT, Kind.SLOT):
        recheck_facts(store)
    return result


def take_awaiting(system: LinkedSystem, kind: Kind, store: Store) -> PullResult:
    """Records of a system that joins another one, kept until the record that they say more of was known: it is now."""
    result, last = PullResult(), 0
    while system.joins is not None:
        with store.begin("take_awaiting") as uow:
            numbers = uow.links.find_awaited(system.name, kind, system.joins, after=last, limit=_AT_ONCE)
            if not numbers:
                break
            found, last = uow.landing.load(numbers), numbers[-1]
            result += take_page(system, kind, Page(tuple(found[number] for number in numbers), None), uow)
    return replace(result, read=0, unchanged=0)


def _may_ask(system: LinkedSystem, kind: Kind, store: Store, accepted: Accepted | None) -> MayAsk:
    """Whatever is missing is asked for, unless it is a mass that nobody let through."""

    def may_ask(missing: int) -> bool:
        if accepted is None:
            refuse_mass_end(missing, system, kind, store)
        return True

    return may_ask


def take_page(system: LinkedSystem, kind: Kind, page: Page, uow: UnitOfWork) -> PullResult:
    """Some records of a system, within an operation of the caller's; its cursor is not moved."""
    records = (*page.records, *(rejected.record for rejected in page.rejected))
    landed = uow.landing.land(records)
    plan = PagePlanner(system, kind, uow).plan(page, landed)
    contested = apply_page(system, plan, uow)
    return replace(count(plan), contested=contested)


@dataclass(slots=True)
class Told:
    """Which records a pull has been told of before."""

    _refs: set[int] = field(default_factory=set)
    """Hashes: a pull may be of millions."""

    def once(self, page: Page, done: PullResult) -> PullResult:
        """What a page did, without those that it only repeats."""
        refs = [hash(one.ref) for one in (*page.records, *(rejected.record for rejected in page.rejected))]
        fresh = set(refs) - self._refs
        self._refs |= fresh
        again = len(refs) - len(fresh)
        return replace(done, read=done.read - again, unchanged=max(0, done.unchanged - again))


def count(plan: PagePlan) -> PullResult:
    """What a plan amounts to."""
    refused = {issue.detail["source_record_id"] for issue in plan.rejected} | plan.broken
    ended = len(plan.gone) + len(plan.partly_gone) + len(plan.merged)
    read_and_refused = len(refused - plan.broken)
    changed = len(plan.inserted) + len(plan.updated)
    return PullResult(
        read=plan.read,
        inserted=len(plan.inserted),
        updated=len(plan.updated),
        unchanged=plan.accepted - read_and_refused - changed - len(plan.awaiting),
        recognised=plan.recognised,
        rejected=sum(at.id in refused for at in plan.landed if at.is_new),
        gone=ended,
        conflicts=len(plan.conflicts),
        waiting=len(plan.awaiting),
    )


def _again(system: LinkedSystem, kind: Kind, uow: UnitOfWork) -> PullResult:
    """Records that were rejected for what the hub did not know then; those still rejected count as nothing."""
    prefix = f"{system.name}/"
    waiting = {
        issue.detail["source_record_id"]: issue.detail.get("hub_id")
        for issue in uow.issues.find_open(REJECTED)
        if issue.subject_kind == kind and issue.subject_id.startswith(prefix) and issue.detail.get("may_pass")
    }
    found = uow.landing.load(list(waiting))
    records = tuple(record._replace(hub_id=waiting[number]) for number, record in sorted(found.items()))
    result = take_page(system, kind, Page(records, None), uow) if records else PullResult()
    return replace(result, read=0, unchanged=0, rejected=0)
