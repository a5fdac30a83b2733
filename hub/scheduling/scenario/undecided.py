"""A change in which others have a say, in a run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from hub.scheduling.pending import Standing


@dataclass(slots=True)
class Undecided:
    """A change that was begun."""

    kind: Literal["book", "move", "cancel"]
    ids: tuple[str, ...]
    """The visits that it is about."""
    standing: Standing
    asked_at: datetime
    deadline_at: datetime
    come_about: Callable[[], dict[str, Any]]
    fall_through: Callable[[], None]
    is_there: bool = False
    """The vendor did what it was asked, whether it said so or not."""
    is_reserved: bool = False
    """The same of the amount."""
    told: dict[str, Any] | None = None
    """What came of it."""
