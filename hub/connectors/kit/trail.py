"""The way through a list whose pages count by position, so that it can be gone back on."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Mark = TypeVar("Mark")

MOST_STEPS_BACK = 100
"""Without getting any further."""


@dataclass(slots=True)
class Trail(Generic[Mark]):
    """The pages that a round has taken, in their order.

    A record that changes or goes pulls those behind it forward: what was to begin the next page ends this one then,
    unseen. So a careful round asks for a page again after the one behind it, and goes back where it ends otherwise.
    """

    pages: list[tuple[Mark, str | None]] = field(default_factory=list)
    """Each with the key of its last record."""
    furthest: int = 0
    returns: int = 0
    """How often it went back since it was never as far."""

    @property
    def is_restless(self) -> bool:
        """Whether records move faster than they can be read."""
        return self.returns >= MOST_STEPS_BACK

    def add(self, mark: Mark, end: str | None) -> None:
        """One more page."""
        self.pages.append((mark, end))
        if len(self.pages) > self.furthest:
            self.furthest, self.returns = len(self.pages), 0

    def go_back(self) -> Mark:
        """To the last one, as if it had not been taken."""
        self.returns += 1
        mark, _ = self.pages.pop()
        return mark
