"""Bring a pending change as far as the others' answers allow: read, ask outside any transaction, write what it means.

Each answer is applied to the change as it stands by then (`hub.scheduling.pending.follow`), under its lock. Who died
after asking left it to the reconciler; who was slow and comes after the reconciler withdraws what came too late.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.canonical.source import SourceRef
from hub.errors import InvalidInput, RecordRejected, only_reasons
from hub.mapping.apply import encode
from hub.operations.ask_outside import Outside, ask
from hub.operations.end_pending import complete, release
from hub.operations.linked_system import SystemLinks
from hub.operations.note_visits import load_visits
from hub.operations.question import NOT_CONFIRMED, Question, Said
from hub.operations.relocate import as_relocated
from hub.ports import Issue, Pending, Store, UnitOfWork, Write
from hub.scheduling.pending import Answer, PaymentState, Stage, Standing, Step, find_steps, follow, patience

ISSUE_AFTER = timedelta(minutes=15)
"""What is undecided for longer is put before a person."""
UNDECIDED = "undecided_booking"
NOT_TAKEN = "deposit_not_taken"
LATE = "hold_expired"
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is gone about."""

    push_to: Collection[str]
    """The systems that are told of what comes about; the vendor who confirmed it knows already."""
    is_resumed: bool = False
    """Somebody may have asked before."""
    method: str | None = field(default=None, repr=False)
    """As `hub.ports.PaymentRequest.method`."""


def settle_pending(pending_id: int, store: Store, outside: Outside, manner: Manner) -> Pending:
    """As it stands when nobody who was asked moves it any further; each step is asked for once at most."""
    asked: set[Step] = set()
    first: Standing | None = None
    refused_id: str | None = None
    while True:
        with store.begin("read_pending") as work:
            pending = work.pendings.find(pending_id)
            first = first or pending.standing
            step = next((one for one in find_steps(pending.standing) if one not in asked), None)
            if step is None:
                return replace(pending, refused_id=refused_id)
            is_resumed = manner.is_resumed and pending.standing.stage is first.stage
            question = _question(work, step, pending, outside, manner, is_resumed=is_resumed)
        asked.add(step)
        store.checkpoint(f"{step}:before_ask")
        said = ask(question, outside)
        refused_id = said.refused_id or refused_id
        store.checkpoint(f"{step}:after_ask")
        with store.begin("settle_pending") as work:
            take_answer(work, pending, step, said, manner)


def _question(
    work: UnitOfWork, step: Step, pending: Pending, outside: Outside, manner: Manner, *, is_resumed: bool
) -> Question:
    is_asked_before = is_resumed and step in (Step.AUTHORISE, Step.CONFIRM)
    writes, before, problem = _writes(work, pending, step, outside)
    return Question(
        step,
        pending,
        writes,
        before,
        _targets(work, pending),
        problem,
        only_look=is_asked_before,
        may_be_on_its_way=is_asked_before and work.now < pending.asked_at + patience(len(pending.visit_ids)),
        method=manner.method,
    )


_Writes = tuple[Write, ...]


def _writes(work: UnitOfWork, pending: Pending, step: Step, outside: Outside) -> tuple[_Writes, _Writes, str | None]:
    """The visits in the vendor's form as they are to be and, of a move, as they stand; or why they have none."""
    is_move = pending.kind == "move"
    if step is not Step.CONFIRM and not (is_move and step is Step.WITHDRAW):
        return (), (), None
    if is_move:
        wanted: Sequence[Visit] = as_relocated(work, pending)
        before: Sequence[Visit] = load_visits(work, pending.visit_ids)
    else:
        wanted, before = [held.visit for held in work.pendings.load_held(pending.id)], ()
    try:
        return _encoded(work, pending, outside, wanted), _encoded(work, pending, outside, before), None
    except (RecordRejected, InvalidInput) as error:
        return (), (), next(iter(only_reasons(error.problems)), "invalid")


def _encoded(work: UnitOfWork, pending: Pending, outside: Outside, visits: Sequence[Visit]) -> _Writes:
    assert pending.connection is not None
    system = outside.find_system(pending.connection)
    context = system.context(SystemLinks(system, work), work.now)
    mapping = system.mapping(Kind.VISIT)
    return tuple(
        Write(
            Kind.VISIT,
            visit.id,
            f"{system.name}:visit:{visit.id}",
            _target(work, pending, visit.id) if pending.kind == "move" else None,
            encode(mapping, visit, context),
        )
        for visit in visits
    )


def _targets(work: UnitOfWork, pending: Pending) -> dict[str, SourceRef]:
    """Visit → the vendor's record that it is linked to."""
    found = {visit_id: _target(work, pending, visit_id) for visit_id in pending.visit_ids}
    return {visit_id: ref for visit_id, ref in found.items() if ref is not None}


def _target(work: UnitOfWork, pending: Pending, visit_id: str) -> SourceRef | None:
    refs = work.links.find_refs(Kind.VISIT, visit_id)
    return next((ref for ref in refs if ref.system == pending.connection), None)


def take_answer(work: UnitOfWork, asked: Pending, step: Step, said: Said, manner: Manner) -> None:
    """Write what an answer makes of it. Locks come in one order: key, claims' table, the change's row."""
    if asked.key is not None:
        work.bookings.lock_key(asked.key)
    if asked.kind == "move":
        work.visits.lock()
    else:
        work.bookings.lock(())
    pending = work.pendings.lock(asked.id)
    before = pending.standing
    after = follow(before, step, said.answer, in_time=work.now < pending.deadline_at)
    _save_payment(work, pending, after, said)
    outcome = pending.outcome
    if before.stage.is_undecided:
        outcome = said.refusal or (LATE if said.answer is Answer.YES else said.code)
    if before.stage.is_undecided and after.stage is Stage.DONE:
        complete(work, pending, said.records, manner.push_to)
    elif _is_taken(pending, before) and not _is_taken(pending, after):
        release(work, pending, outcome or NOT_CONFIRMED, said, manner.push_to)
    work.pendings.save(pending.id, after, None if after.stage is Stage.DONE else outcome)
    _plan_next(work, pending, after, said)


def _is_taken(pending: Pending, standing: Standing) -> bool:
    """Whether its time is still taken: of a move also while the vendor is asked to put it back."""
    return standing.stage.is_undecided or (pending.kind == "move" and standing.stage is Stage.WITHDRAWING)


def _save_payment(work: UnitOfWork, pending: Pending, after: Standing, said: Said) -> None:
    if pending.deposit is None or after.payment is None or after.payment is pending.standing.payment:
        return
    work.payments.save(pending.deposit.key, after.payment, said.reference, said.code)
    work.journal.record_event(f"deposit_{after.payment}", Kind.VISIT, pending.visit_ids[0])
    if after.payment is PaymentState.FAILED:
        codes = (said.code,) if said.code else ()
        work.issues.open([Issue(NOT_TAKEN, Kind.VISIT, pending.visit_ids[0], codes)])


def _plan_next(work: UnitOfWork, pending: Pending, after: Standing, said: Said) -> None:
    """When it is taken up again, and who must know that it still is not decided."""
    if after.is_settled:
        work.issues.close(UNDECIDED, Kind.VISIT, pending.visit_ids[:1])
        return
    if said.answer is not Answer.UNKNOWN:
        work.pendings.postpone(pending.id, work.now + patience(len(pending.visit_ids)))
        return
    pause = min(_FIRST_PAUSE * 2 ** min(pending.attempts, 10), _LONGEST_PAUSE)
    work.pendings.postpone(pending.id, work.now + pause)
    if work.now - pending.begun_at >= ISSUE_AFTER:
        codes = (str(after.stage), *((said.code,) if said.code else ()))
        detail = {"connection": pending.connection, "pending_id": pending.id}
        work.issues.open([Issue(UNDECIDED, Kind.VISIT, pending.visit_ids[0], codes, detail)])
