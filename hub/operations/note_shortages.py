"""Keep the reorder tasks true: one open issue for each product and location where promises cannot be kept."""

from collections.abc import Collection, Iterable

from hub.canonical.practice import Practice
from hub.ports import Issue, StandingVisit, UnitOfWork
from hub.scheduling.decision import Booking
from hub.scheduling.reorder import find_shortage

REORDER = "reorder"
NO_STOCK = "no_stock"
"""The code that a role may pass over: then a shortage is brought about on purpose."""
Place = tuple[str, str]
"""(product, location)."""


def note_shortages(
    work: UnitOfWork,
    practice: Practice,
    places: Iterable[Place],
    *,
    opened: Collection[str] = (),
    always: bool = False,
) -> int:
    """Open, change or close the issue `reorder` of each place; gives how many are open among them.

    A booking that was judged brings about a shortage only of a product with `strict_days`; others are passed by unless
    `always`. What gives promises back may mend any: it names the tasks that are `opened` (`InForce.reorders`). Whoever
    calls has locked `("stock", product, location)`.
    """
    short = 0
    for product_id, location_id in sorted(set(places)):
        product = practice.find_product(product_id)
        if product is None:
            continue
        if product.strict_days is None and not always and f"{product_id}@{location_id}" not in opened:
            continue
        lots = work.stock.load_lots(location_id, [product_id])
        promises = work.stock.load_promises(location_id, [product_id])
        shortage = find_shortage(practice, lots, promises, product_id, location_id)
        subject = f"{product_id}@{location_id}"
        if shortage is None:
            work.issues.close(REORDER, "stock", [subject])
            continue
        short += 1
        detail = {"product": product_id, "location": location_id}
        detail |= {"needed_on": shortage.needed_on.isoformat(), "quantity": str(shortage.quantity)}
        said = f"{shortage.quantity} {product.unit} of {product_id} short at {location_id} from {shortage.needed_on}"
        work.issues.open([Issue(REORDER, "stock", subject, detail={**detail, "problems": [said]})])
    return short


def places_of(booking: Booking) -> set[Place]:
    """Where a booking promises what."""
    return {(one.product_id, one.location_id) for visit in booking.visits for one in visit.promises}


def places_held(standing: Iterable[StandingVisit]) -> set[Place]:
    """Where visits have been promised what."""
    return {(product, one.visit.location_id) for one in standing for product in one.promised}
