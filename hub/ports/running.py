"""What the store knows of a visit while it runs, and of all that stands around it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.canonical.time import Span
from hub.scheduling.knock_on import Standing
from hub.scheduling.running import Turn


@dataclass(frozen=True, slots=True)
class TakenBy:
    """What a visit takes."""

    standing: Standing
    steps: Mapping[str, Span]
    """Step → over which stretch it takes something. A fact from outside has none."""


class Running(Protocol):
    """Visits that run otherwise than planned. Nobody else may write claims meanwhile (`Visits.lock`)."""

    def load(self, visit_id: str) -> TakenBy:
        """What the visit takes as it stands."""
        ...

    def load_others(self, visit_ids: Collection[str], since: datetime, until: datetime) -> tuple[Standing, ...]:
        """Everything but these visits that takes something in that time, in the order in which it came into the book.

        With all it takes, also outside of that time. Holds that are over are not in it.
        """
        ...

    def follow(self, visit_id: str, turn: Turn, displaced: Collection[str]) -> None:
        """Let the visit's times and claims follow, firm; the claims that are displaced become contested for it.

        The arrival that a fee is reckoned from stays.
        """
        ...
