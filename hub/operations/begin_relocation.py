"""Ask a vendor to let visits go elsewhere: the new places are held, and what is asked is written down first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.errors import Conflict
from hub.operations.confirm_hold import Undecided
from hub.operations.note_visits import Note
from hub.operations.relocate import RELOCATIONS
from hub.ports import NewPending, UnitOfWork
from hub.ports.relocations import Relocation
from hub.scheduling.decision import Reassignment, Refusal
from hub.scheduling.pending import begin, patience

UNDECIDED_CHANGE = "undecided_change"
NOT_BOTH = "cannot_hold_both"


@dataclass(frozen=True, slots=True)
class Lacking:
    """The new places are to be had only once the old ones are given up."""

    visit_ids: tuple[str, ...]
    """Of those that lack something there, and of no others."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a vendor is asked to change."""

    relocations: tuple[Relocation, ...]
    """In the order in which it is asked."""
    note: Note
    """What is written down when it comes about."""
    yielding: tuple[str, ...] = ()
    """Visits that are contested where they stand in the way."""
    proposal_id: str | None = None
    """Of a repair."""


def find_other(work: UnitOfWork, visit_ids: Sequence[str], asked: Mapping[str, Any]) -> Undecided | Refusal | None:
    """The change of these visits that is not decided yet: this very one is undecided, any other stands in the way."""
    other = work.pendings.find_undecided(visit_ids)
    if other is None:
        return None
    is_same = other.kind == "move" and other.visit_ids == tuple(visit_ids) and other.asked.get("request") == asked
    return Undecided(other.visit_ids, other.standing.stage, other.outcome) if is_same else Refusal((UNDECIDED_CHANGE,))


def begin_relocation(
    work: UnitOfWork, wanted: Wanted, connection: str, request: Mapping[str, Any], made_way: Sequence[Reassignment] = ()
) -> int | Lacking:
    """Hold the new places and write down what the vendor is asked; gives the change's number.

    The claims' table is the caller's alone. Where something is lacking, nothing is held.
    """
    note = wanted.note
    asked = {
        "actor": note.actor,
        "role": note.role,
        "reason": note.reason,
        "note": {"action": note.action, "event": dict(note.event_data), "audit": dict(note.audit_detail)},
        "request": dict(request),
        "relocations": RELOCATIONS.dump_python(wanted.relocations, mode="json"),
        "yielding": list(wanted.yielding),
        "proposal": wanted.proposal_id,
    }
    ids = tuple(one.visit_id for one in wanted.relocations)
    try:
        with work.bookings.attempt() as attempt:
            new = NewPending(
                kind="move",
                standing=begin(pays=False, asks_vendor=True),
                connection=connection,
                deadline_at=work.now + timedelta(days=1),
                next_try_at=work.now + patience(len(ids)),
                asked=asked,
                visit_ids=ids,
            )
            pending_id = work.pendings.begin(new)
            lacking = work.relocations.hold(pending_id, wanted.relocations, wanted.yielding, made_way)
            if not lacking:
                return pending_id
            attempt.take_back()
    except Conflict:  # who would make way would have to go where the visit still is
        lacking = ids
    return Lacking(lacking)
