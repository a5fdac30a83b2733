"""Look after what a system rang for: ask for the record as it stands now, and take it in.

An event only says where to look. So events that come twice, late or in the wrong order end in the same state as the
ordered ones: what the system holds. A process that dies lets the lease run out, and the next one asks again.
"""

from dataclasses import dataclass, field

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import HubError, RetryLater
from hub.operations.linked_system import LinkedSystem
from hub.operations.place_facts import recheck_facts
from hub.operations.pull_changes import PullResult, pull_changes, take_page
from hub.ports import Page, Source, Store
from hub.ports.inbox import Ring

LEASE_SECONDS = 120
"""Longer than one record takes."""


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
    while (ring := _lease(system, store, seconds)) is not None:
        taken += _look_after(ring, system, source, store)
        events, records = events + len(ring.ids), records + 1
        visits |= ring.kind is Kind.VISIT
    if visits:
        recheck_facts(store)
    return InboxResult(events, records, taken)


def _lease(system: LinkedSystem, store: Store, seconds: int) -> Ring | None:
    with store.begin("work_inbox") as work:
        return work.inbox.lease(system.name, seconds=seconds)


def _look_after(ring: Ring, system: LinkedSystem, source: Source, store: Store) -> PullResult:
    try:
        page = source.fetch(ring.kind, ring.record_id) if ring.record_id is not None else None
        page = page or _as_told(ring, system)
        store.checkpoint("work_inbox:fetched")
        if page is None:
            result = pull_changes(system, ring.kind, source, store)
            with store.begin("work_inbox") as work:
                work.inbox.mark_done(ring)
            return result
        with store.begin("work_inbox") as work:
            result = take_page(system, ring.kind, page, work)
            work.inbox.mark_done(ring)
            return result
    except HubError as error:
        with store.begin("work_inbox") as work:
            after = error.after_seconds if isinstance(error, RetryLater) else None
            work.inbox.mark_failed(ring, str(error), after_seconds=after)
        raise


def _as_told(ring: Ring, system: LinkedSystem) -> Page | None:
    """The end of a record that nobody can ask for, as its system told it."""
    if ring.record_id is None or not (ring.gone or ring.merged_into):
        return None
    ref = SourceRef(system.name, ring.kind, ring.record_id)
    return Page((SourceRecord(ref, {}, gone=ring.gone, merged_into=ring.merged_into),), None)
