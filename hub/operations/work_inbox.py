"""Look after what a system rang for: ask for the record as it stands now, and take it in.

An event only says where to look. So events that come twice, late or in the wrong order end in the same state as the
ordered ones: what the system holds. A process that dies lets the lease run out, and the next one asks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import HubError, RetryLater
from hub.operations.linked_system import LinkedSystem
from hub.operations.parts import known_pages
from hub.operations.place_facts import recheck_facts
from hub.operations.pull_changes import PullResult, pull_changes, take_page
from hub.operations.watch_drift import watch_drift
from hub.ports import Page, Source, Store
from hub.ports.inbox import Ring

Fetched = tuple[Ring, Page]

LEASE_SECONDS = 300
"""Longer than it takes to ask for what is leased at once."""
AT_ONCE = 20
"""Records that are asked for before they are taken in together: what rings in bursts is one page, not one each."""


@dataclass(frozen=True, slots=True)
class InboxResult:
    """What was looked after."""

    events: int = 0
    records: int = 0
    """Asked for: events of one record that wait together are one question."""
    taken: PullResult = field(default_factory=PullResult)


def work_inbox(system: LinkedSystem, source: Source, store: Store, *, seconds: int = LEASE_SECONDS) -> InboxResult:
    """Everything that is due.

    Raises:
        RetryLater, NeedsAttention: as the source; what was looked after before is kept, the rest waits.
    """
    events = records = 0
    taken = PullResult()
    visits = False
    is_all = False
    while not is_all and (rings := _lease(system, store, seconds)):
        is_all = len(rings) < AT_ONCE  # what rings meanwhile wakes whoever serves
        taken += _look_after(rings, system, source, store)
        events, records = events + sum(len(ring.ids) for ring in rings), records + len(rings)
        visits |= any(ring.kind in (Kind.VISIT, Kind.SLOT) for ring in rings)
    if visits:
        recheck_facts(store)
    return InboxResult(events, records, taken)


def _lease(system: LinkedSystem, store: Store, seconds: int) -> tuple[Ring, ...]:
    with store.begin("work_inbox", is_repeatable=True) as work:
        return work.inbox.lease(system.name, limit=AT_ONCE, seconds=seconds)


def _look_after(rings: Sequence[Ring], system: LinkedSystem, source: Source, store: Store) -> PullResult:
    """What was fetched before one could not be is taken in; what comes after that one waits as if nothing had been."""
    fetched: list[Fetched] = []
    result = PullResult()
    for number, ring in enumerate(rings):
        try:
            page = _fetch(ring, system, source, store)
            if page is None:
                result += _pull(ring, system, source, store)
            else:
                fetched.append((ring, page))
        except HubError as error:
            _fail(ring, rings[number + 1 :], error, store)
            _take(fetched, system, store)
            raise
    store.checkpoint("work_inbox:fetched")
    return result + _take(fetched, system, store)


def _fetch(ring: Ring, system: LinkedSystem, source: Source, store: Store) -> Page | None:
    page = source.fetch(ring.kind, ring.record_id) if ring.record_id is not None else None
    page = page or _as_told(ring, system)
    if page is None:
        return None
    (page,) = known_pages([page], system, ring.kind, store)
    return watch_drift(system, ring.kind, page, store)


def _pull(ring: Ring, system: LinkedSystem, source: Source, store: Store) -> PullResult:
    """Of a system that says only that something changed, or cannot be asked for one record."""
    result = pull_changes(system, ring.kind, source, store)
    with store.begin("work_inbox") as work:
        work.inbox.mark_done([ring])
    return result


def _take(fetched: Sequence[Fetched], system: LinkedSystem, store: Store) -> PullResult:
    """All in one transaction; where one of them stops it, each on its own."""
    try:
        return _take_together(fetched, system, store) if fetched else PullResult()
    except HubError as error:
        if len(fetched) == 1:
            _fail(fetched[0][0], (), error, store)
            raise
    results, stopped = [], None
    for one in fetched:
        try:
            results.append(_take([one], system, store))
        except HubError as error:
            stopped = error
    if stopped is not None:
        raise stopped
    return sum(results, PullResult())


def _take_together(fetched: Sequence[Fetched], system: LinkedSystem, store: Store) -> PullResult:
    """Kinds are declared so that what is named comes before what names it."""
    result = PullResult()
    with store.begin("work_inbox", is_repeatable=True) as work:
        for kind in Kind:
            pages = [page for ring, page in fetched if ring.kind is kind]
            if pages:
                records = tuple(record for page in pages for record in page.records)
                rejected = tuple(one for page in pages for one in page.rejected)
                result += take_page(system, kind, Page(records, None, rejected), work)
        work.inbox.mark_done([ring for ring, _ in fetched])
    return result


def _fail(ring: Ring, untried: Sequence[Ring], error: HubError, store: Store) -> None:
    after = error.after_seconds if isinstance(error, RetryLater) else None
    with store.begin("work_inbox") as work:
        work.inbox.mark_failed(ring, str(error), after_seconds=after)
        work.inbox.give_back(untried)


def _as_told(ring: Ring, system: LinkedSystem) -> Page | None:
    """The end of a record that nobody can ask for, as its system told it."""
    if ring.record_id is None or not (ring.gone or ring.merged_into):
        return None
    ref = SourceRef(system.name, ring.kind, ring.record_id)
    return Page((SourceRecord(ref, {}, gone=ring.gone, merged_into=ring.merged_into),), None)
