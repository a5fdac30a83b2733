"""How a practice weighs the times it could offer."""

from typing import Annotated

from pydantic import Field

from hub.canonical.practice_places import Entry
from hub.canonical.wall import Count, Word


class Ranking(Entry):
    """What makes a time a worse offer, in points."""

    short_rest_minutes: Annotated[Count, Field(le=480)] = 30
    """Idle rests shorter than this cost: nobody can be booked into them."""
    kinds: tuple[Word, ...] = ("provider", "device")
    """Whose rests cost."""
    per_rest_minute: Count = 1
    per_wish: Count = 30
    """For each wish of the patient's that is not met."""
    per_day: Count = 10
    """For each local date after that of the earliest opening."""
