"""What must come out of the actions on stock."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from hub.canonical.practice import Entry
from hub.canonical.wall import LocalDate, Quantity, WallTime, Word, parse_decimal

Difference = Annotated[object, BeforeValidator(parse_decimal)]
"""A number that may be below zero."""


class ReorderEntry(Entry):
    """What must be ordered."""

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
    reorders: tuple[ReorderEntry, ...] | None = Field(default=None)
    """Exactly these, in any order."""


def same_reorders(expected: tuple[ReorderEntry, ...], got: list[dict[str, object]]) -> bool:
    """Compared by what the expectation gives."""
    wanted = sorted((one.product, one.location or "", str(one.date), one.quantity) for one in expected)
    named = any(one.location for one in expected)
    found = sorted((one["product"], one["location"] if named else "", one["date"], one["quantity"]) for one in got)
    return wanted == found
