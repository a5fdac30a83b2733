"""Throw units away, with a witness."""

from hub.operations.apply_practice import load_practice
from hub.operations.note_stock import UNKNOWN_RESOURCE, StockNote, is_known, lock_lots, note_stock
from hub.ports import Store
from hub.scheduling.counts import WasteRequest, decide_waste
from hub.scheduling.decision import Refusal
from hub.scheduling.ledger import Movement


def record_waste(store: Store, request: WasteRequest, *, actor: str) -> tuple[Movement, ...] | Refusal:
    """What was written. `unknown_resource`, and as `decide_waste`; a refusal changes nothing.

    Raises:
        InvalidInput: the product or location is not declared.
    """
    with store.begin("record_waste") as work:
        practice = load_practice(work)
        if not is_known(practice, request.provider_id, request.witness_id):
            return UNKNOWN_RESOURCE
        lots = lock_lots(work, practice, request.lot[0], request.lot[1])
        decided = decide_waste(lots, request, work.now)
        if isinstance(decided, Refusal):
            return decided
        detail = {"quantity": str(request.quantity), "provider": request.provider_id, "witness": request.witness_id}
        note = StockNote("stock_wasted", "record_waste", actor, request.lot, request.reason, detail)
        note_stock(work, practice, decided, note)
        return decided
