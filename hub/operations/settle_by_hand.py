"""Settle by a person's word what nobody who was asked decides; and look at it again until they say something.

Their word goes before a person's: they are asked once more first. What is known not to be there is never promised.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.errors import HubError
from hub.mapping.apply import encode
from hub.operations.apply_practice import load_practice
from hub.operations.ask_outside import Outside
from hub.operations.linked_system import SystemLinks
from hub.operations.note_visits import load_visits
from hub.operations.question import Said
from hub.operations.settle_pending import Manner, settle_pending, take_answer
from hub.ports import (
    Absent,
    AuditEntry,
    Authorised,
    Captured,
    Confirmed,
    Declined,
    Issue,
    Pending,
    Store,
    UnitOfWork,
    Unknown,
    Write,
)
from hub.scheduling.by_hand import Verdict, expects_there, open_step
from hub.scheduling.by_hand import settle_by_hand as decide_by_hand
from hub.scheduling.decision import Refusal
from hub.scheduling.pending import PaymentState, Step, patience

OTHERWISE = "settled_otherwise"
BY_HAND = "settled_by_hand"


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of it."""

    verdict: Verdict
    actor: str
    """A login."""
    role: str | None
    reason: str | None
    """A word of the practice's; nothing personal."""


def settle_by_hand(
    store: Store, visit_id: str, word: Word, outside: Outside, *, push_to: Collection[str] = ()
) -> Pending | Refusal:
    """Take a person's word for what is undecided of a visit; gives the change as it stands then.

    `nothing_undecided`: nothing is, or this word answers nothing that is (what was given up does not stand any more).
    `reason_missing`; `may_not_settle`: the policy's `settles` does not name the role. `still_being_asked`: who asked
    may be at it, or what was sent on its way. `known_otherwise`: whoever was asked says so by now, and it was settled
    by that.

    Args:
        store: where the book is.
        visit_id: a visit, or the id that it was to have.
        word: whose word, and what it is.
        outside: who was asked.
        push_to: the systems that must be told of what comes about.
    """
    with store.begin("read_pending") as work:
        pending = _undecided(work, visit_id)
        refusal = _refusal(work, pending, word)
    if pending is None or refusal is not None:
        return refusal or Refusal(("nothing_undecided",))
    step = open_step(pending.standing)
    asked = settle_pending(pending.id, store, outside, Manner(push_to, is_resumed=True))
    if asked.standing != pending.standing:
        wished = decide_by_hand(pending.standing, word.verdict)
        agrees = wished is not None and asked.standing.stage is wished.standing.stage
        return asked if agrees else Refusal(("known_otherwise",))
    with store.begin(BY_HAND) as work:
        settled = decide_by_hand(asked.standing, word.verdict, in_time=work.now < asked.deadline_at)
        if settled is None or step is None:
            return Refusal(("nothing_undecided",))
        entry = _audit(work, asked, word, step)
        take_answer(work, asked, settled.step, Said(settled.answer, BY_HAND, BY_HAND), Manner(push_to))
        after = work.pendings.find(asked.id)
        if after.standing != settled.standing:  # somebody else was quicker
            return Refusal(("known_otherwise",))
        work.journal.record_audit(entry)
        work.journal.record_event(BY_HAND, Kind.VISIT, visit_id, {"step": str(step), "verdict": str(word.verdict)})
        if not (step is Step.AUTHORISE and word.verdict is Verdict.STANDS):  # to capture it will tell
            work.pendings.mark_by_hand(asked.id, step)
        return work.pendings.find(asked.id)


def _undecided(work: UnitOfWork, visit_id: str) -> Pending | None:
    waiting = (one for one in work.pendings.find_unsettled() if visit_id in one.visit_ids)
    return next((one for one in waiting if not one.standing.is_settled), None)


def _refusal(work: UnitOfWork, pending: Pending | None, word: Word) -> Refusal | None:
    if pending is None or decide_by_hand(pending.standing, word.verdict) is None:
        return Refusal(("nothing_undecided",))
    if not (word.reason or "").strip():
        return Refusal(("reason_missing",))
    practice = load_practice(work)
    visit = _first(work, pending)
    location_id = visit.location_id if visit is not None else practice.locations[0].id
    if word.role not in practice.policy_at(work.now, location_id).settles:
        return Refusal(("may_not_settle",))
    is_early = work.now < pending.asked_at + patience(len(pending.visit_ids))
    return Refusal(("still_being_asked",)) if is_early else None


def _first(work: UnitOfWork, pending: Pending) -> Visit | None:
    """The first visit that it is about; None: its hold is gone."""
    held = work.pendings.load_held(pending.id)
    known = work.records.load(Kind.VISIT, pending.visit_ids[:1])
    return held[0].visit if held else next((one for one in known.values() if isinstance(one, Visit)), None)


def _audit(work: UnitOfWork, pending: Pending, word: Word, step: Step) -> AuditEntry:
    visit = _first(work, pending)
    patient_id = visit.patient_id if visit is not None else None
    detail = {"step": str(step), "verdict": str(word.verdict), "connection": pending.connection, "kind": pending.kind}
    first = pending.visit_ids[0]
    return AuditEntry(
        word.actor, "settle_by_hand", Kind.VISIT, first, patient_id, role=word.role, reason=word.reason, detail=detail
    )


def look_again(pending: Pending, store: Store, outside: Outside) -> None:
    """Hear whoever was asked about what a person settled; the opposite opens an issue. No answer: later again."""
    assert pending.by_hand is not None
    if pending.by_hand in (Step.CONFIRM, Step.WITHDRAW):
        found = _differs_there(pending, store, outside)
    else:
        found = _differs_paid(pending, outside)
    if found is None:
        return
    with store.begin("look_again") as work:
        work.pendings.mark_seen(pending.id)
        if found:
            codes = (str(pending.by_hand), str(pending.standing.stage))
            work.issues.open([Issue(OTHERWISE, Kind.VISIT, pending.visit_ids[0], codes, {"pending_id": pending.id})])


def _differs_there(pending: Pending, store: Store, outside: Outside) -> bool | None:
    """None: the vendor does not say. Of a move: whether the vendor has the visits elsewhere than the hub."""
    assert pending.connection is not None
    try:
        with store.begin("read_pending") as work:
            writes = _as_here(work, pending, outside)
        with outside.open_calendar(pending.connection) as calendar:
            seen = [calendar.look(write) for write in writes]
    except HubError:
        return None
    if any(isinstance(one, Unknown) for one in seen):
        return None
    if pending.kind == "move":
        return not all(isinstance(one, Confirmed) for one in seen)
    there = [not isinstance(one, Absent) and not (isinstance(one, Declined) and not one.may_stand) for one in seen]
    return set(there) != {expects_there(pending.standing, is_cancellation=pending.kind == "cancel")}


def _as_here(work: UnitOfWork, pending: Pending, outside: Outside) -> list[Write]:
    """What to look for: of a move the visits as they stand here, else only whether there is anything."""
    assert pending.connection is not None
    system = outside.find_system(pending.connection)
    context = system.context(SystemLinks(system, work), work.now)
    payloads: dict[str, Mapping[str, Any]] = {one: {} for one in pending.visit_ids}
    if pending.kind == "move":
        visits = load_visits(work, pending.visit_ids)
        payloads = {str(one.id): encode(system.mapping(Kind.VISIT), one, context) for one in visits}
    return [Write(Kind.VISIT, id_, f"{system.name}:visit:{id_}", None, payload) for id_, payload in payloads.items()]


def _differs_paid(pending: Pending, outside: Outside) -> bool | None:
    """None: the processor does not say."""
    if pending.deposit is None or outside.payments is None:
        return None
    seen = outside.payments.look(pending.deposit.key)
    if isinstance(seen, Unknown):
        return None
    match pending.standing.payment:
        case PaymentState.CAPTURED:
            return not isinstance(seen, Captured)
        case PaymentState.FAILED:
            return isinstance(seen, Captured)
        case _:
            return isinstance(seen, Authorised | Captured)
