"""Tell a connected system what waits for it in the outbox: each record as it stands now, once.

A delivery is leased, its record encoded, sent outside any transaction, and the answer stored. A process that dies in
between leaves the lease to run out; the next one sends again under the same key, and the sink finds the first one. What
a try said is kept until an answer comes: what the system then shows is the hub's own only where it is just that.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import Conflict, HubError, NeedsAttention, RecordRejected, RetryLater, only_reasons
from hub.operations.close_conflicts import close_conflicts
from hub.operations.linked_system import LinkedSystem
from hub.operations.parts import move_siblings, part_in
from hub.operations.prepare_write import Prepared, prepare_writes
from hub.ports import Delivery, Issue, Link, Sent, Sink, Store, UnitOfWork
from hub.ports.conflicts import FieldConflict
from hub.sync.echo import payload_hash
from hub.sync.system_of_record import MANUAL

UNDELIVERED = "undelivered"
LEASE_SECONDS = 300
"""Longer than any one delivery takes."""


@dataclass(frozen=True, slots=True)
class PushResult:
    """What a push did, in deliveries."""

    sent: int = 0
    unchanged: int = 0
    """The system holds it already; nothing was sent."""
    failed: int = 0
    """They are tried again later."""
    dead: int = 0
    """They wait for a person."""


Taken = tuple[Delivery, Sequence[Prepared] | RecordRejected | Conflict]
"""What is to be sent, to each record there that is this one; or why it has no form there, or not yet."""
Progress = Callable[[int], None]
"""Called with how many deliveries are over, after each."""


def push_changes(
    system: LinkedSystem,
    sink: Sink,
    store: Store,
    *,
    lease_seconds: int = LEASE_SECONDS,
    progress: Progress = lambda _done: None,
) -> PushResult:
    """Send everything that is due, the oldest first; what fails is not tried a second time in one run.

    Raises:
        RetryLater, NeedsAttention: the system cannot be told now; what was sent before is stored, what was not waits.
    """
    result, failed = PushResult(), set[int]()
    while (taken := _take(system, store, lease_seconds, failed)) is not None:
        before, result = result.failed, _deliver(taken, system, sink, store, result)
        if result.failed > before:
            failed.add(taken[0].id)
        progress(result.sent + result.unchanged + result.failed + result.dead)
    return result


def _take(system: LinkedSystem, store: Store, seconds: int, besides: Collection[int]) -> Taken | None:
    """The next delivery, made ready; what it is about to say is kept, so that it is known if no answer comes."""
    with store.begin("push_changes") as uow:
        delivery = next(iter(uow.outbox.lease(system.name, limit=1, seconds=seconds, besides=besides)), None)
        if delivery is None:
            return None
        try:
            writes = prepare_writes(delivery, system, uow)
        except (RecordRejected, Conflict) as error:
            return delivery, error
        for prepared in (one for one in writes if not one.is_held):
            uow.outbox.note_try(delivery, prepared.said)
        return delivery, writes


def _deliver(taken: Taken, system: LinkedSystem, sink: Sink, store: Store, result: PushResult) -> PushResult:
    delivery, writes = taken
    try:
        if isinstance(writes, HubError):
            raise writes
        _send_all(delivery, writes, system, sink, store)
        if all(one.is_held for one in writes):
            return replace(result, unchanged=result.unchanged + 1)
        return replace(result, sent=result.sent + 1)
    except (RetryLater, NeedsAttention) as error:
        _fail(delivery, store, error, error.after_seconds if isinstance(error, RetryLater) else None)
        raise
    except Conflict as error:
        _fail(delivery, store, error, None)
        return replace(result, failed=result.failed + 1)
    except RecordRejected as error:
        _bury(delivery, system, store, error)
        return replace(result, dead=result.dead + 1)


def _send_all(delivery: Delivery, writes: Sequence[Prepared], system: LinkedSystem, sink: Sink, store: Store) -> None:
    """Each answer is kept before the next one is asked for; that one record is refused holds up none of the others.

    Raises:
        Conflict, RecordRejected: the first that was refused, once the others were told.
        RetryLater, NeedsAttention: at once.
    """
    sent: list[Sent] = []
    refused: Conflict | RecordRejected | None = None
    for prepared in writes:
        try:
            stored = _send(prepared, delivery, system, sink, store)
        except (Conflict, RecordRejected) as error:
            refused = refused or error
            continue
        with store.begin("settle_delivery", is_repeatable=True) as uow:
            sent.append(_keep(delivery, system, uow, prepared, stored))
            if len(sent) == len(writes):
                _finish(delivery, system, uow, sent)
    if refused is not None:
        raise refused


def _send(
    prepared: Prepared, delivery: Delivery, system: LinkedSystem, sink: Sink, store: Store
) -> SourceRecord | None:
    """The record as the system holds it now; None: there is none, and need be none."""
    if prepared.is_held:
        return prepared.last
    store.checkpoint("push_changes:before_send")
    stored = part_in(sink.send(prepared.write), system.mapping(delivery.kind), prepared.part)
    store.checkpoint("push_changes:after_send")
    return stored


def _keep(
    delivery: Delivery, system: LinkedSystem, uow: UnitOfWork, prepared: Prepared, stored: SourceRecord | None
) -> Sent:
    """What the system confirmed, so that it is known when the next pull brings it."""
    if stored is None:
        return Sent(None, "", prepared.said_hash)
    told = uow.conflicts.find(delivery.kind, [delivery.canonical_id])
    [landed] = uow.landing.land([stored])
    uow.links.save([Link(stored.ref, _whose(stored.ref, delivery, uow), landed.id)])
    if system.mapping(delivery.kind).table.each is not None and not stored.is_end:
        move_siblings(stored, system, uow)
    mine = (one for one in told if one.system == system.name)
    close_conflicts(uow, [one for one in mine if one.rule != MANUAL or _was_own(one, landed.id, prepared)])
    return Sent(stored.ref.id, payload_hash(stored.payload), prepared.said_hash)


def _whose(ref: SourceRef, delivery: Delivery, uow: UnitOfWork) -> str:
    """Whose record it is by now: people may have been merged, or told apart again, while it was sent."""
    id_ = delivery.canonical_id
    if delivery.kind is not Kind.PATIENT:
        return id_
    link = uow.links.find([ref]).get(ref)
    return link.canonical_id if link is not None else uow.people.find_survivors([id_]).get(id_, id_)


def _finish(delivery: Delivery, system: LinkedSystem, uow: UnitOfWork, sent: Sequence[Sent]) -> None:
    also = {str(one.remote_id): one for one in sent[1:]}
    uow.outbox.mark_sent(delivery, replace(sent[0], also=also))
    uow.issues.close(UNDELIVERED, delivery.kind, [_subject(delivery, system)])


def _was_own(conflict: FieldConflict, confirmed: int, prepared: Prepared) -> bool:
    """Whether it was doubted before the answer came, and is the very state that was answered with."""
    return conflict.source_record_id == confirmed and conflict.field not in prepared.undecided


def _fail(delivery: Delivery, store: Store, error: HubError, after_seconds: float | None) -> None:
    with store.begin("push_changes") as uow:
        uow.outbox.mark_failed(delivery, str(error), after_seconds=after_seconds)


def _bury(delivery: Delivery, system: LinkedSystem, store: Store, error: RecordRejected) -> None:
    """No retry can help: it waits for a person, who corrects the record or the mapping and replays it."""
    problems = error.problems
    detail = {"delivery_id": delivery.id, "problems": [str(problem) for problem in problems]}
    with store.begin("push_changes") as uow:
        uow.outbox.mark_dead(delivery, str(error))
        subject = _subject(delivery, system)
        uow.issues.open([Issue(UNDELIVERED, delivery.kind, subject, only_reasons(problems), detail)])


def _subject(delivery: Delivery, system: LinkedSystem) -> str:
    return f"{system.name}/{delivery.canonical_id}"
