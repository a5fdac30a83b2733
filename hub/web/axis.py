"""The time axis: one local date in elapsed minutes, so that a day of a clock change has its 23 or 25 hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.canonical.time import Span, instant_of
from hub.web.words import hour_words

HALF_HOUR = timedelta(minutes=30)
"""Days start on a whole hour and clocks change by half hours at least, so every hour and half hour is met."""
USUAL_HOURS = (time(8), time(18))
"""What is shown where neither hours nor visits say more."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the board, `minute` elapsed minutes from the top."""

    minute: int
    label: str | None
    """None on the half hour."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The part of the day that is drawn."""

    span: Span
    zone: ZoneInfo

    @property
    def length(self) -> int:
        """In elapsed minutes."""
        return elapsed_minutes(self.span.start, self.span.end)

    def minute(self, at: datetime) -> int:
        """Elapsed minutes from the top, held within the axis."""
        return min(max(elapsed_minutes(self.span.start, at), 0), self.length)

    def ticks(self) -> tuple[Tick, ...]:
        """The hours, labelled, and the half hours, as the zone's clocks show them."""
        lines = (at for at in _half_hours(self.span) if at.astimezone(self.zone).minute in (0, 30))
        return tuple(Tick(self.minute(at), self._label(at)) for at in lines)

    def _label(self, at: datetime) -> str | None:
        return hour_words(at, self.zone) if at.astimezone(self.zone).minute == 0 else None


def elapsed_minutes(start: datetime, end: datetime) -> int:
    """Whole minutes from `start` to `end`, whatever the clocks on the wall did meanwhile."""
    return (end.astimezone(UTC) - start.astimezone(UTC)) // timedelta(minutes=1)


def day_span(on: date, zone: ZoneInfo) -> Span:
    """The local date from its first instant to the next date's first."""
    midnight = datetime.combine(on, time())
    return Span(instant_of(midnight, zone), instant_of(midnight + timedelta(days=1), zone))


def fit_axis(on: date, zone: ZoneInfo, shown: Iterable[Span]) -> Axis:
    """The axis of whole hours that holds all of `shown`, and the usual hours where nothing is to be shown."""
    day = day_span(on, zone)
    inside = [span for span in shown if span.overlaps(day)] or [_usual(on, zone)]
    first = max(min(span.start for span in inside), day.start)
    last = min(max(span.end for span in inside), day.end)
    hours = [at for at in _half_hours(day) if at.astimezone(zone).minute == 0]
    start = max((at for at in hours if at <= first), default=day.start)
    end = min((at for at in hours if at >= last), default=day.end)
    return Axis(Span(start, end), zone)


def _usual(on: date, zone: ZoneInfo) -> Span:
    start, end = (instant_of(datetime.combine(on, at), zone) for at in USUAL_HOURS)
    return Span(start, end)


def _half_hours(span: Span) -> Iterable[datetime]:
    at = span.start
    while at < span.end:
        yield at
        at += HALF_HOUR
