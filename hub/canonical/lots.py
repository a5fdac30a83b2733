"""A lot of a product, as another system counts it; what the hub counts is its own ledger (docs/decisions/0014)."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from hub.canonical.ids import LocationId, LotId
from hub.canonical.record import Record


class Lot(Record):
    """Units of a product that came together and expire together."""

    id: LotId
    product_id: str
    """Of the practice file, where it has the product."""
    location_id: LocationId
    name: str
    """What is printed on it."""
    expires_on: date
    """Usable up to and on that day."""
    on_hand: Annotated[Decimal, Field(ge=0)]
    unit: str | None = None
    """`unit`, `syringe`, `vial` …"""
