"""What must come out of the actions on stock."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from hub.canonical.practice import Entry
from hub.canonical.wall import LocalDate, Quantity, WallTime, Word, parse_decimal

Difference = Annotated[object, BeforeValidator(parse_decimal)]
"""A number that may be below zero."""


class ReorderEntry(Entry):
    """What must be ordered; only the keys given are compared."""

    product: Word
    location: Word | None = None
    date: LocalDate
    quantity: Quantity


class StockExpectation(Entry):
    """The keys that actions on stock answer."""

    on_hand: Quantity | None = None
    opened: Quantity | None = None
    """What is left in open vials."""
    received: Quantity | None = None
    used: Quantity | None = None
    wasted: Quantity | None = None
    adjusted: Difference | None = None
    book: Quantity | None = None
    variance: Difference | None = None
    unexplained: Difference | None = None
    providers: dict[Word, dict[Literal["used", "wasted"], Quantity]] | None = None
    """Exactly these; what is nothing is left out."""
    closes: WallTime | None = None
    reorders: tuple[ReorderEntry, ...] | None = None
    """Exactly these, in any order."""
