"""When locations are open and resources on duty, as spans of minutes."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from hub.canonical.practice import Dated, Hours, PracticeLocation, PracticeResource, Stretch
from hub.scheduling.clock import WallClock
from hub.scheduling.timeline import Span, stacked

_ONE_DAY = timedelta(days=1)


def open_timeline(location: PracticeLocation, clock: WallClock, window: Span) -> int:
    """The minutes of the window at which the location is open."""
    closed = ((clock.day_start(day), clock.day_start(day + _ONE_DAY)) for day in location.closed)
    return _within(location.hours, (), clock, window) & ~stacked(closed, window)[0] & _dates_of(location, clock, window)


def duty_timeline(resource: PracticeResource, clock: WallClock, window: Span) -> int:
    """The minutes of the window at which the resource is on duty, busy or not: hours and extra, without away.

    Nothing outside the dates from which and until which it works.
    """
    away = stacked(stretches(resource.away, clock), window)[0]
    return _within(resource.hours, resource.extra, clock, window) & ~away & _dates_of(resource, clock, window)


def stretches(entries: Iterable[Stretch], clock: WallClock) -> Iterator[Span]:
    """Stretches of wall time as spans; some may be empty."""
    return ((clock.minute(entry.starts), clock.minute(entry.ends)) for entry in entries)


def _dates_of(place: Dated, clock: WallClock, window: Span) -> int:
    """The minutes of its dates; -1, every bit, of what has none."""
    return clock.dates_bits(place.since, place.until, window) if place.is_dated else -1


def _within(hours: tuple[Hours, ...] | None, extra: tuple[Stretch, ...], clock: WallClock, window: Span) -> int:
    if hours is None:
        return stacked([window], window)[0]
    return stacked([*_weekly(hours, clock, window), *stretches(extra, clock)], window)[0]


def _weekly(hours: tuple[Hours, ...], clock: WallClock, window: Span) -> Iterator[Span]:
    # A day more on both sides: the local dates of the window's ends may lie outside its UTC days.
    day, last = clock.date_at(window[0]) - _ONE_DAY, clock.date_at(window[1]) + _ONE_DAY
    while day <= last:
        for entry in hours:
            if day.weekday() in entry.days and entry.holds_on(day):
                yield clock.span_of(day, entry.starts, entry.ends)
        day += _ONE_DAY
