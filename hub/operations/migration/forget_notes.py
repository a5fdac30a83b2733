"""End the time in which batches may be taken back: what rows said before them is personal, and is not kept for ever."""

from datetime import datetime, timedelta

from hub.canonical.ids import Kind
from hub.operations.migration.frozen import last_step
from hub.operations.migration.judge_history import signer
from hub.ports import AuditEntry, Store, UnitOfWork
from hub.ports.cutovers import Step

BY_RULE = "hub"
"""Who answers for what is forgotten because its time was over."""


def forget_notes(store: Store, by: str, after: timedelta) -> int:
    """Forget what the batches changed that ended longer ago than this; gives how many can be taken back no more.

    Raises:
        InvalidInput: there is no name.
    """
    by = signer(by, "--by")
    with store.begin("forget_notes") as work:
        return _forget(work, by, after)


def forget_what_is_over(store: Store, after: timedelta) -> int:
    """The same by rule: nothing while a cut-over is on its way or may still be gone back on."""
    with store.begin("forget_notes") as work:
        return (
            0
            if any(_is_open(work, head.system) for head in work.migrations.find_heads())
            else _forget(work, BY_RULE, after)
        )


def _forget(work: UnitOfWork, by: str, after: timedelta) -> int:
    forgotten = work.rollbacks.forget_notes(work.now - after)
    if forgotten:
        detail = {"batches": forgotten, "days": after.days}
        work.journal.record_audit(AuditEntry(by, "forget_notes", Kind.PATIENT, "migrations", detail=detail))
    return forgotten


def _is_open(work: UnitOfWork, system: str) -> bool:
    steps = work.cutovers.find_steps(system)
    last = last_step(steps)
    if last is Step.SWITCH:
        return work.now <= datetime.fromisoformat(steps[last].detail["until"])
    return last is not None
