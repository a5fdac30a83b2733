"""A timeline is an integer: one bit for each minute of a window, counted from its first minute.

A step of n minutes is an erosion (`erode`), a chain of steps is shifts and ANDs, a pool of resources is an OR. Minutes
are whole minutes since 1970 in UTC, so a clock change is nothing special here.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

MINUTES_PER_DAY = 24 * 60
Span = tuple[int, int]
"""Half-open, in minutes."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_DAY_BYTES = MINUTES_PER_DAY // 8


def minute_of(instant: datetime) -> int:
    """The minute that holds an aware instant."""
    return (instant - _EPOCH) // _MINUTE


def minute_from(instant: datetime) -> int:
    """The first minute that starts at an aware instant or after it."""
    return -((_EPOCH - instant) // _MINUTE)


def instant_at(minute: int) -> datetime:
    """The UTC instant at which a minute starts."""
    return _EPOCH + minute * _MINUTE


def span_bits(start: int, end: int) -> int:
    """Bits `start` to `end`, without `end`; nothing where that is empty. Bits before 0 are cut off."""
    start = max(start, 0)
    return ((1 << (end - start)) - 1) << start if end > start else 0


def erode(timeline: int, length: int) -> int:
    """The minutes at which `length` minutes in a row begin, all of them in the timeline. `length` is at least 1."""
    reached = 1
    while reached < length:
        step = min(reached, length - reached)
        timeline &= timeline >> step
        reached += step
    return timeline


def moved(timeline: int, offset: int) -> int:
    """The minutes t for which t + `offset` is in the timeline."""
    return timeline >> offset if offset >= 0 else timeline << -offset


def set_minutes(timeline: int) -> Iterator[int]:
    """The bits that are set, in order."""
    digits = format(timeline, "b")[::-1]
    at = digits.find("1")
    while at >= 0 and timeline:
        yield at
        at = digits.find("1", at + 1)


def stacked(spans: Iterable[Span], window: Span, depth: int = 1) -> tuple[int, ...]:
    """`depth` timelines over `window`: in the k-th (from 1) are the minutes that at least k spans hold.

    Works day by day, so that ten thousand spans over months cost little.
    """
    first, last = window
    days = -(-(last - first) // MINUTES_PER_DAY)
    layers = [[0] * days for _ in range(depth)]
    for start, end in spans:
        _lay(layers, max(start, first) - first, min(end, last) - first)
    return tuple(_joined(layer) for layer in layers)


def _lay(layers: list[list[int]], start: int, end: int) -> None:
    """Add one span, bits `start` to `end` of the window, to the layers."""
    while start < end:
        day, bit = divmod(start, MINUTES_PER_DAY)
        length = min(end - start, MINUTES_PER_DAY - bit)
        bits = ((1 << length) - 1) << bit
        for layer in layers:
            layer[day], bits = layer[day] | bits, layer[day] & bits
        start += length


def _joined(days: list[int]) -> int:
    return int.from_bytes(b"".join(day.to_bytes(_DAY_BYTES, "little") for day in days), "little")
