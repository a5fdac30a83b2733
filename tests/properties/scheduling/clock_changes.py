"""Every clock change of every IANA zone from 2020 to 2035, as the zone database of this Python tells it."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)


@cache
def zones_by_changes():
    """Changes → the zones that have just these and the same time between them: what one shows, all show."""
    found = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        found.setdefault((FIRST.astimezone(zone).utcoffset(), changes(zone)), []).append(name)
    return found


def changes(zone):
    """((instant, offset from then on) …), to the minute."""
    found = []
    day = FIRST
    while day < LAST:
        after = day + timedelta(days=1)
        found += _within(zone, day, after)
        day = after
    return tuple(found)


def _within(zone, start, end):
    """The change between two instants, by halving: none of these years changes twice within a day."""
    if start.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
        return []
    if end - start == timedelta(minutes=1):
        return [(end, end.astimezone(zone).utcoffset())]
    middle = start + timedelta(minutes=(end - start) // timedelta(minutes=2))
    return [*_within(zone, start, middle), *_within(zone, middle, end)]
