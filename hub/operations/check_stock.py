"""What time alone does to stock: hours of open vials end, lots expire, holds are over."""

from dataclasses import dataclass

from hub.operations.apply_practice import load_practice
from hub.operations.note_shortages import note_shortages
from hub.ports import Store
from hub.scheduling.vials import find_lapsed


@dataclass(frozen=True, slots=True)
class StockCheck:
    """What was found."""

    lapsed: int
    """Vials whose rest was written off."""
    reorders: int
    """Products and locations that are short now."""


def check_stock(store: Store, *, actor: str = "system:hub") -> StockCheck:
    """Write off what is left in vials whose hours have ended, and bring all reorder tasks up to date. Twice is once."""
    with store.begin("check_stock") as work:
        practice = load_practice(work)
        products = [product.id for product in practice.products]
        places = [(product, location.id) for product in products for location in practice.locations]
        work.bookings.lock([("stock", *place) for place in places])
        lots = [lot for location in practice.locations for lot in work.stock.load_lots(location.id, products)]
        lapsed = find_lapsed(lots, work.now)
        work.stock.record(lapsed, actor=actor)
        return StockCheck(len(lapsed), note_shortages(work, practice, places, always=True))
