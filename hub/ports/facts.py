"""Visits that others made, as the store knows them."""

from collections.abc import Collection
from typing import Protocol

from hub.canonical.time import Span
from hub.scheduling.facts import Fact

BREAKS_RULES = "breaks_rules"
"""The kind of issue that a fact which breaks rules leaves open, with the codes of the rules."""


class Facts(Protocol):
    """Visits that have not begun, with what their records name and what they take."""

    def load(self, visit_ids: Collection[str]) -> tuple[Fact, ...]:
        """Those of them that are booked and still to come, in order of arrival."""
        ...

    def find_flagged(self) -> tuple[str, ...]:
        """The visits to come with an open issue `breaks_rules`, in order of arrival."""
        ...

    def close_ended(self) -> None:
        """Close the issues of visits that do not take place. Those that began keep theirs."""
        ...

    def has_flagged(self) -> bool:
        """Whether there is one; next to nothing where there is none."""
        ...

    def find_to_come(self, resource_id: str | None = None, span: Span | None = None) -> tuple[str, ...]:
        """Visits from outside that are still to come; with a resource and a span: those that take it then."""
        ...
