"""Cancel a visit that is still to come: its time, stock and credit are free at once, and everybody is told."""

from collections.abc import Collection

from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.ports import AuditEntry, Store
from hub.scheduling.decision import Refusal


def cancel_visit(
    store: Store, visit_id: str, *, actor: str, reason: str | None = None, push_to: Collection[str] = ()
) -> Visit | Refusal:
    """The visit as it stands now, or `not_booked`: unknown, over or cancelled already.

    Facts that were contested because of it become firm.

    Args:
        store: where the book is.
        visit_id: the canonical id.
        actor: who asks: a login, or `system:<name>`.
        reason: a word of the practice's; nothing personal.
        push_to: the systems that must be told.
    """
    with store.begin("cancel_visit") as work:
        visit = work.bookings.cancel(visit_id)
        if visit is None:
            return Refusal(("not_booked",))
        work.journal.record_event("visit_cancelled", Kind.VISIT, visit_id)
        work.journal.record_audit(
            AuditEntry(actor, "cancel_visit", Kind.VISIT, visit_id, patient_id=visit.patient_id, reason=reason)
        )
        for connection in sorted(push_to):
            work.outbox.enqueue(connection, Kind.VISIT, visit_id)
        return visit
