"""Open a vial of a lot."""

from hub.canonical.ids import mint_vial
from hub.operations.apply_practice import load_practice
from hub.operations.note_stock import UNKNOWN_RESOURCE, StockNote, is_known, lock_lots, note_stock
from hub.ports import Store
from hub.scheduling.counts import decide_opening
from hub.scheduling.decision import Refusal
from hub.scheduling.ledger import Movement


def open_vial(
    store: Store, product_id: str, location_id: str, provider_id: str, *, actor: str, lot: str | None = None
) -> Movement | Refusal:
    """The opening, with its vial, what it held and when it closes. Of the first lot to expire, if none is named.

    `unknown_resource`, `unknown_lot`, `no_stock`.

    Raises:
        InvalidInput: the product or location is not declared, or the product does not come in vials.
    """
    with store.begin("open_vial") as work:
        practice = load_practice(work)
        if not is_known(practice, provider_id):
            return UNKNOWN_RESOURCE
        lots = lock_lots(work, practice, product_id, location_id)
        wanted = (product_id, location_id, lot)
        decided = decide_opening(practice, lots, wanted, provider_id, work.now, new_vial_id=mint_vial)
        if isinstance(decided, Refusal):
            return decided
        opening = decided[-1]
        detail = {"vial": opening.vial_id, "provider": provider_id}
        note_stock(work, practice, decided, StockNote("vial_opened", "open_vial", actor, opening.lot, detail=detail))
        return opening
