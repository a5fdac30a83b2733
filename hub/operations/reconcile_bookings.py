"""Settle what was left undecided: somebody died while asking, or whoever was asked gave no answer that can be trusted.

They are asked by the key what became of it, and the book follows: what stands there is booked, what does not is free.
What a person settled is looked at once more: who says the opposite is put before a person.
The server calls it often, and so may Dagster and a person; several at once share the work.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from hub.operations.ask_outside import Outside
from hub.operations.settle_by_hand import look_again
from hub.operations.settle_pending import Manner, settle_pending
from hub.ports import Pending, Store
from hub.scheduling.pending import Stage, patience


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """What became of the changes that were due."""

    done: int = 0
    """They came about."""
    released: int = 0
    """They did not; their time is free."""
    waiting: int = 0
    """Somebody gave no answer yet; they are asked again later."""


def reconcile_bookings(store: Store, outside: Outside, *, push_to: Collection[str] = ()) -> ReconcileResult:
    """Take up everything that is due, the longest first. Doing it again at once changes nothing."""
    result = ReconcileResult()
    while (pending := _lease(store)) is not None:
        if pending.by_hand is not None and pending.standing.is_settled:
            look_again(pending, store, outside)
            continue
        settled = settle_pending(pending.id, store, outside, Manner(push_to, is_resumed=True))
        result = _counted(result, settled)
    return result


def _lease(store: Store) -> Pending | None:
    with store.begin("reconcile_bookings") as work:
        return work.pendings.lease(patience(4))


def _counted(result: ReconcileResult, settled: Pending) -> ReconcileResult:
    if not settled.standing.is_settled:
        return replace(result, waiting=result.waiting + 1)
    if settled.standing.stage is Stage.DONE:
        return replace(result, done=result.done + 1)
    return replace(result, released=result.released + 1)
