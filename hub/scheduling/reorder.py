"""What must be ordered: promises, however far ahead, that the lots cannot keep."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hub.canonical.practice import Practice
from hub.scheduling.diary import LotOnHand, Promise
from hub.scheduling.stock import supply_of


@dataclass(frozen=True, slots=True)
class Shortage:
    """So much of a product is promised at a location and not there."""

    product_id: str
    location_id: str
    needed_on: date
    """The first local date on which somebody would go without."""
    quantity: Decimal
    """In all, that day and later."""


def find_shortage(
    practice: Practice, lots: Iterable[LotOnHand], promises: Iterable[Promise], product_id: str, location_id: str
) -> Shortage | None:
    """What is short when the promises are kept in order of their dates, first expiry first; None: nothing."""
    product = practice.find_product(product_id)
    if product is None:
        return None
    its = (one for one in promises if (one.product_id, one.location_id) == (product_id, location_id))
    wanted = ((one.promised_on, one.quantity, one.visits) for one in its)
    short = supply_of(practice, lots, product, location_id).unserved(wanted)
    if not short:
        return None
    return Shortage(product_id, location_id, min(short), sum(short.values(), Decimal()))
