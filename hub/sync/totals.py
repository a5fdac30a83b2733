"""Control totals of what has value: what the source says, what the hub holds, and how much of the rest is explained.

The numbers come from elsewhere: the source's from its rows' own text, the hub's from its records, by two paths that
share no code. Here they are only compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

Key = tuple[str, ...]
"""Such as `("2026-03", "refund")`."""
Sums = Mapping[Key, Decimal | int]

MUST_AGREE = frozenset({"sessions", "deposits", "gift_cards", "memberships"})
"""Of these nothing is explained away: a difference blocks, whatever waits in quarantine."""


@dataclass(frozen=True, slots=True)
class Total:
    """One number, told twice."""

    measure: str
    """`payments`, `sessions`, `units` …"""
    key: Key
    source: Decimal
    """Of all rows, those in quarantine among them."""
    hub: Decimal
    quarantined: Decimal = Decimal(0)
    """Of the rows in quarantine, as far as they can be read."""

    @property
    def difference(self) -> Decimal:
        """What the hub has more than the source says; below nothing what it lacks."""
        return self.hub - self.source

    @property
    def unexplained(self) -> Decimal:
        """The difference that no row in quarantine stands for."""
        return self.difference + self.quarantined

    @property
    def blocks(self) -> bool:
        """Whether nobody may go on with it."""
        return self.unexplained != 0 or (self.measure in MUST_AGREE and self.difference != 0)


def compare_totals(measure: str, source: Sums, hub: Sums, quarantined: Sums) -> tuple[Total, ...]:
    """A total for each key that either side knows, in the order of the keys; what a side does not know is nothing."""
    keys = sorted({*source, *hub, *quarantined})
    sides = (source, hub, quarantined)
    return tuple(Total(measure, key, *(Decimal(side.get(key, 0)) for side in sides)) for key in keys)
