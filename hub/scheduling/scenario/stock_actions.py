"""What a scenario asks of stock: vials opened, deliveries, waste, counts."""

from typing import Annotated

from pydantic import Field

from hub.canonical.practice import Entry
from hub.canonical.wall import Flag, LocalDate, Quantity, Word

Some = Annotated[Quantity, Field(gt=0)]


class StockEntry(Entry):
    """A product at a location, which must be given where there are several."""

    product: Word
    location: Word | None = None


class OpenVialOf(StockEntry):
    """A vial is opened; without `lot` of the first to expire."""

    lot: Word | None = None
    by: Word


class Receive(StockEntry):
    """A delivery."""

    lot: Word
    quantity: Some
    expires: LocalDate
    by: Word | None = None


class Waste(StockEntry):
    """Units are thrown away, and somebody sees it."""

    lot: Word
    quantity: Some
    by: Word
    witness: Word | None = None
    reason: str | None = None
    sealed: Flag = False
    """Only what is not opened."""


class CountLot(StockEntry):
    """So much was found."""

    lot: Word
    counted: Quantity
    by: Word
    reason: str | None = None


class Explain(StockEntry):
    """Why the last counts of a lot were not what the book said."""

    lot: Word
    by: Word
    reason: str | None = None


class Ledger(StockEntry):
    """What became of a product, or of one lot of it."""

    lot: Word | None = None


class Reorders(Entry):
    """What must be ordered."""
