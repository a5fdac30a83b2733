"""Instants, wall times and spans. Instants are aware; wall times are naive and never leave this vocabulary's edges."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The half-open stretch [start, end) between two aware instants."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a span needs instants with a zone")
        if self.end <= self.start:
            raise ValueError("a span ends after it starts")

    def overlaps(self, other: "Span") -> bool:
        """Whether they share an instant; spans that only touch do not."""
        return self.start < other.end and other.start < self.end


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall time in `zone`.

    A wall time that a clock change skips moves forward by the gap; of a repeated one the earlier is meant; one that
    carries an offset is taken at its word.
    """
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    if wall.fold:
        wall = wall.replace(fold=0)
    return datetime.combine(wall, wall.time(), zone).astimezone(UTC)  # `replace` takes five times as long


def is_skipped(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether no clock in `zone` ever showed this wall time."""
    return instant_of(wall, zone).astimezone(zone).replace(tzinfo=None) != wall


def is_repeated(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks in `zone` showed this wall time twice."""
    first = wall.replace(tzinfo=zone, fold=0).utcoffset()
    second = wall.replace(tzinfo=zone, fold=1).utcoffset()
    return first != second and not is_skipped(wall, zone)


def minutes(count: int) -> timedelta:
    """A length of elapsed minutes."""
    return timedelta(minutes=count)
