"""Take a delivery into stock."""

from datetime import date
from decimal import Decimal

from hub.operations.apply_practice import load_practice
from hub.operations.note_stock import UNKNOWN_RESOURCE, StockNote, is_known, lock_lots, note_stock
from hub.ports import Store
from hub.scheduling.counts import OTHER_EXPIRY, receive
from hub.scheduling.decision import Refusal
from hub.scheduling.ledger import LotKey, Movement, key_of


def receive_stock(
    store: Store, lot: LotKey, quantity: Decimal, expires_on: date, *, actor: str, provider_id: str | None = None
) -> Movement | Refusal:
    """More of a lot, or a new one. `unknown_resource`; `other_expiry`: the lot is there with another.

    Raises:
        InvalidInput: the product or location is not declared.
    """
    with store.begin("receive_stock") as work:
        practice = load_practice(work)
        if not is_known(practice, provider_id):
            return UNKNOWN_RESOURCE
        lots = lock_lots(work, practice, lot[0], lot[1])
        if any(key_of(one) == lot and one.expires_on != expires_on for one in lots):
            return OTHER_EXPIRY
        movement = receive(lot, quantity, expires_on, work.now, provider_id)
        detail = {"quantity": str(quantity), "expires_on": expires_on.isoformat()}
        note_stock(work, practice, [movement], StockNote("stock_received", "receive_stock", actor, lot, detail=detail))
        return movement
