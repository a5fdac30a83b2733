"""Visits that others made, as the store knows them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from hub.canonical.time import Span
from hub.scheduling.config_change import BookedVisit
from hub.scheduling.decision import PlannedPromise
from hub.scheduling.facts import Fact

BREAKS_RULES = "breaks_rules"
"""The kind of issue that a visit which breaks rules leaves open, with the codes of the rules."""


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

    def has_movable(self) -> bool:
        """Whether any visit to come has claims that the engine chose and may choose anew."""
        ...

    def find_to_come(self, resource_id: str | None = None, span: Span | None = None) -> tuple[str, ...]:
        """Visits that are still to come; with a resource and a span: those that take it then."""
        ...

    def find_outside(self, visit_ids: Collection[str]) -> tuple[str, ...]:
        """Those of them that others made."""
        ...

    def find_beside(self, visit_ids: Collection[str]) -> tuple[str, ...]:
        """What was booked here and is still to come of the patients of these visits, these visits aside."""
        ...

    def load_booked(self, visit_ids: Collection[str]) -> tuple[BookedVisit, ...]:
        """Those of them that were booked here and are still to come, in order of arrival."""
        ...

    def promise(self, promises: Mapping[str, Sequence[PlannedPromise]]) -> None:
        """Let these visits promise so much of stock, in place of what they did. Nobody else books meanwhile."""
        ...
