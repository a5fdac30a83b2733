"""Take time of resources for something that is no visit: cleaning, a delivery, maintenance."""

from collections.abc import Sequence

from hub.canonical.ids import Kind
from hub.canonical.time import Span
from hub.operations.apply_practice import load_practice
from hub.operations.place_facts import recheck_flagged
from hub.ports import AuditEntry, FactClaim, Placed, Store
from hub.scheduling.decision import Refusal


def block_time(
    store: Store, block_id: str, resource_ids: Sequence[str], span: Span, *, actor: str, reason: str | None = None
) -> Placed | Refusal:
    """Take one unit of each, or `unknown_resource`; the same block again takes what it takes now in place of before.

    What is booked there stays: the block is then contested, with an open issue for a person.

    Args:
        store: where the book is.
        block_id: the caller's own id.
        resource_ids: providers, rooms or devices of one location of the practice file.
        span: what is taken.
        actor: who does it: a login, or `system:<name>`.
        reason: a word of the practice's; nothing personal.

    Raises:
        NeedsAttention: no practice file is in force.
    """
    with store.begin("block_time") as work:
        practice = load_practice(work)
        resources = [practice.find_resource(one) for one in dict.fromkeys(resource_ids)]
        known = [one for one in resources if one is not None]
        if not known or len(known) < len(resources):
            return Refusal(("unknown_resource",))
        work.claims.save_block(block_id, practice.location_of(known[0]), span, reason=reason)
        placed = work.claims.place([FactClaim("resource", one.id, span, block_id=block_id) for one in known])
        data = {"block": block_id, "from": span.start.isoformat(), "to": span.end.isoformat()}
        for one in known:
            kind = Kind.PROVIDER if one.kind in ("provider", "assistant") else Kind.RESOURCE
            work.journal.record_event("resource_blocked", kind, one.id, data)
            work.journal.record_audit(AuditEntry(actor, "block_time", kind, one.id, reason=reason, detail=data))
    recheck_flagged(store)  # a block that takes less than before may be what somebody waited for
    return placed
