"""What the store knows of visits to come, whoever made them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.scheduling.config_change import BookedVisit


class BookedVisits(Protocol):
    """The visits that are booked, as they stand committed."""

    def load(self, now: datetime) -> Sequence[BookedVisit]:
        """Those that arrive after `now`, in order of arrival."""
        ...
