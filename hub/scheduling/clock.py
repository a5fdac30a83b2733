"""The wall clock of a zone: local dates and times of the day as minutes, clock changes included."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.canonical.time import instant_of
from hub.scheduling.timeline import MINUTES_PER_DAY, Span, instant_at, minute_of, span_bits

_ONE_DAY = timedelta(days=1)
_MARGIN = timedelta(days=2)


class WallClock:
    """One zone's clock. Remembers what it worked out; holds no other state."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._starts: dict[date, int] = {}
        self._regular: dict[date, bool] = {}

    def date_at(self, minute: int) -> date:
        """The local date of a minute."""
        return instant_at(minute).astimezone(self.zone).date()

    def day_start(self, day: date) -> int:
        """The first minute of a local date."""
        start = self._starts.get(day)
        if start is None:
            start = self._starts[day] = self.minute(datetime.combine(day, time()))
        return start

    def minute(self, wall: datetime) -> int:
        """The minute of a wall time; a skipped one moves forward, of a repeated one the earlier is meant."""
        return minute_of(instant_of(wall, self.zone))

    def span_of(self, day: date, starts: int, ends: int) -> Span:
        """The minutes between two minutes of a local date's clock. Turned around by a clock change: an empty span."""
        start = self.day_start(day)
        if self._is_regular(day):
            return start + starts, start + ends
        return self._irregular(day, starts), self._irregular(day, ends)

    def dates_bits(self, first: date | None, last: date | None, window: Span) -> int:
        """The minutes of the window that lie on the local dates from `first` to `last`; None is unbounded."""
        begin, end = window
        earliest, latest = self.date_at(begin) - _MARGIN, self.date_at(end) + _MARGIN
        first = max(first or earliest, earliest)
        last = min(last or latest, latest)
        if last < first:
            return 0
        return span_bits(self.day_start(first) - begin, min(self.day_start(last + _ONE_DAY), end) - begin)

    def grid_bits(self, first: date, last: date, grid_minutes: int, window: Span) -> int:
        """The minutes of these local dates at which the minute of the day is a multiple of `grid_minutes`."""
        pattern = sum(1 << minute for minute in range(0, MINUTES_PER_DAY, grid_minutes))
        bits = 0
        for number in range((last - first).days + 1):
            day = first + number * _ONE_DAY
            start = self.day_start(day)
            day_bits = pattern if self._is_regular(day) else self._irregular_grid(day, grid_minutes)
            bits |= day_bits << (start - window[0])
        return bits

    def is_on_grid(self, minute: int, grid_minutes: int) -> bool:
        """Whether the clock shows a multiple of `grid_minutes` at that minute."""
        wall = instant_at(minute).astimezone(self.zone)
        return (wall.hour * 60 + wall.minute) % grid_minutes == 0

    def _is_regular(self, day: date) -> bool:
        """Whether the date has 24 hours that start at 00:00."""
        regular = self._regular.get(day)
        if regular is None:
            start, end = self.day_start(day), self.day_start(day + _ONE_DAY)
            wall = instant_at(start).astimezone(self.zone)
            regular = self._regular[day] = end - start == MINUTES_PER_DAY and (wall.hour, wall.minute) == (0, 0)
        return regular

    def _irregular(self, day: date, minute_of_day: int) -> int:
        return self.minute(datetime.combine(day, time()) + timedelta(minutes=minute_of_day))

    def _irregular_grid(self, day: date, grid_minutes: int) -> int:
        start, end = self.day_start(day), self.day_start(day + _ONE_DAY)
        return sum(1 << (minute - start) for minute in range(start, end) if self.is_on_grid(minute, grid_minutes))


@lru_cache(maxsize=64)
def wall_clock(zone: ZoneInfo) -> WallClock:
    """The clock of a zone; the same one each time, so that dates are worked out once."""
    return WallClock(zone)
