"""End the time in which batches may be taken back: what rows said before them is personal, and is not kept for ever."""

from datetime import timedelta

from hub.canonical.ids import Kind
from hub.operations.migration.judge_history import signer
from hub.ports import AuditEntry, Store


def forget_notes(store: Store, by: str, after: timedelta) -> int:
    """Forget what the batches changed that ended longer ago than this; gives how many can be taken back no more.

    Raises:
        InvalidInput: there is no name.
    """
    by = signer(by, "--by")
    with store.begin("forget_notes") as work:
        forgotten = work.rollbacks.forget_notes(work.now - after)
        if forgotten:
            detail = {"batches": forgotten, "days": after.days}
            work.journal.record_audit(AuditEntry(by, "forget_notes", Kind.PATIENT, "migrations", detail=detail))
        return forgotten
