"""Count a lot, and explain what was not as the book said."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from hub.canonical.ids import Kind
from hub.operations.apply_practice import load_practice
from hub.operations.note_stock import UNKNOWN_RESOURCE, StockNote, is_known, lock_lots, note_stock
from hub.ports import AuditEntry, Issue, Store, UnitOfWork
from hub.scheduling.counts import NO_LOT, NO_REASON, NO_VARIANCE, Counted, CountRequest, decide_count
from hub.scheduling.decision import Refusal
from hub.scheduling.ledger import LotKey, key_of

VARIANCE = "stock_variance"


def count_stock(store: Store, request: CountRequest, *, actor: str) -> Counted | Refusal:
    """Compare with the book, which follows at once. A variance without a reason stays open as an issue for a person.

    `unknown_resource`, `unknown_lot`.

    Raises:
        InvalidInput: the product or location is not declared.
    """
    with store.begin("count_stock") as work:
        practice = load_practice(work)
        if not is_known(practice, request.provider_id):
            return UNKNOWN_RESOURCE
        lots = lock_lots(work, practice, request.lot[0], request.lot[1])
        counted = decide_count(practice, lots, work.stock.load_ledger(*request.lot), request, work.now)
        if isinstance(counted, Refusal):
            return counted
        detail = {"book": str(counted.book), "variance": str(counted.variance), "counted_by": request.provider_id}
        note = StockNote("stock_counted", "count_stock", actor, request.lot, request.reason, detail)
        note_stock(work, practice, counted.movements, note)
        if counted.is_open:
            _open(work, request.lot, counted)
        return counted


def explain_variance(store: Store, lot: LotKey, reason: str | None, provider_id: str, *, actor: str) -> Refusal | None:
    """Close the issue with its reason; None: done. `unknown_resource`, `unknown_lot`, `reason_missing`, `no_variance`.

    Raises:
        InvalidInput: the product or location is not declared.
    """
    with store.begin("explain_variance") as work:
        practice = load_practice(work)
        if not is_known(practice, provider_id):
            return UNKNOWN_RESOURCE
        if all(key_of(one) != lot for one in lock_lots(work, practice, lot[0], lot[1])):
            return NO_LOT
        if not (reason or "").strip():
            return NO_REASON
        subject = "/".join(lot)
        if all(one.subject_id != subject for one in work.issues.find_open(VARIANCE)):
            return NO_VARIANCE
        work.issues.close(VARIANCE, "lot", [subject], by=actor)
        detail = {"explained_by": provider_id}
        work.journal.record_event("variance_explained", Kind.LOT, subject, detail)
        work.journal.record_audit(
            AuditEntry(actor, "explain_variance", Kind.LOT, subject, reason=reason, detail=detail)
        )
        return None


def find_unexplained(work: UnitOfWork) -> dict[LotKey, Decimal]:
    """Lot → what counts found too much or too little of it in all, and nobody has said why."""
    issues = (issue.detail for issue in work.issues.find_open(VARIANCE))
    return {(one["product"], one["location"], one["lot"]): Decimal(one["variance"]) for one in issues}


def _open(work: UnitOfWork, lot: LotKey, counted: Counted) -> None:
    before = find_unexplained(work).get(lot, Decimal())
    providers = {
        one: {what: str(quantity) for what, quantity in asdict(handled).items()}
        for one, handled in counted.providers.items()
    }
    variance = before + counted.variance
    said = f"Lot {lot[2]} of {lot[0]} at {lot[1]}: {variance:+} against the book"
    detail: dict[str, Any] = {"product": lot[0], "location": lot[1], "lot": lot[2], "providers": providers}
    detail |= {"variance": str(variance), "problems": [said]}
    work.issues.open([Issue(VARIANCE, "lot", "/".join(lot), detail=detail)])
