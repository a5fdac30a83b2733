"""Note that a resource is away: nobody is offered or booked with it any more; what is booked with it stays."""

from hub.canonical.ids import Kind
from hub.canonical.time import Span
from hub.operations.apply_practice import load_practice
from hub.operations.place_facts import recheck_facts
from hub.ports import AuditEntry, Store
from hub.scheduling.absences import Absence
from hub.scheduling.decision import Refusal


def add_away(store: Store, resource_id: str, span: Span, *, actor: str, reason: str | None = None) -> Absence | Refusal:
    """In force for whoever asks after it; `unknown_resource` where the practice has no such one.

    Args:
        store: where the book is.
        resource_id: a provider, room or device of the practice file.
        span: when it is away.
        actor: who says so: a login, or `system:<name>`.
        reason: a word of the practice's (`leave`, `repair`); nothing personal.

    Raises:
        NeedsAttention: no practice file is in force.
    """
    with store.begin("add_away") as work:
        resource = load_practice(work).find_resource(resource_id)
        if resource is None:
            return Refusal(("unknown_resource",))
        absence = Absence(resource_id, span.start, span.end)
        work.practices.save_absence(absence, reason)
        kind = Kind.PROVIDER if resource.kind in ("provider", "assistant") else Kind.RESOURCE
        data = {"from": span.start.isoformat(), "to": span.end.isoformat()}
        work.journal.record_event("resource_away", kind, resource_id, data)
        work.journal.record_audit(AuditEntry(actor, "add_away", kind, resource_id, reason=reason, detail=data))
        concerned = work.facts.find_to_come(resource_id, span)
        has_flagged = work.facts.has_flagged()
    if concerned or has_flagged:
        recheck_facts(store, concerned)
    return absence
