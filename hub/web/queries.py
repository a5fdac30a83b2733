"""What the pages need to read, as a protocol; the store implements it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from hub.canonical.board import BoardDay, BoardIssue, BoardLocation
from hub.canonical.practice import Practice


class BoardQueries(Protocol):
    """Reads for the pages. Every call is one consistent look at the database; none of them writes."""

    def now(self) -> datetime:
        """The database's clock, so that all servers draw the same now line."""
        ...

    def load_locations(self) -> Sequence[BoardLocation]:
        """Active locations, in the practice's own order."""
        ...

    def find_practice(self) -> tuple[int, Practice] | None:
        """The practice file in force with the number of its version; None: none was applied yet."""
        ...

    def load_day(self, location: BoardLocation, on: date) -> BoardDay:
        """What stands in the book of `location` on the local date `on`."""
        ...

    def find_busy_date(self, location: BoardLocation, since: date) -> date | None:
        """The first local date on or after `since` with a visit that occupies time; None if there is none."""
        ...

    def count_issues(self) -> int:
        """How many review issues are open."""
        ...

    def load_issues(self, limit: int) -> Sequence[BoardIssue]:
        """Open review issues: what is about days to come, the nearest first; then the rest, the oldest first."""
        ...
