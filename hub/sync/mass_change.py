"""When a feed changes or loses so much at once that a person is asked first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MassChangeLimit:
    """How many of a system's linked records of a kind one pull may change or lose."""

    share: float = 0.2
    at_least: int = 50
    """So many are always let through but for one: fewer are no mass."""

    def most(self, linked: int) -> int:
        """The number that is still let through, of so many linked records."""
        return max(int(linked * self.share), self.at_least - 1)


@dataclass(frozen=True, slots=True)
class Upheaval:
    """What a feed says of records that the hub knows from it."""

    linked: int
    """All that are linked."""
    changed: int = 0
    gone: int = 0

    def is_mass(self, limit: MassChangeLimit) -> bool:
        """Whether a person is asked."""
        return self.changed + self.gone > limit.most(self.linked)
