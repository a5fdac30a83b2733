"""A timeline is an integer: one bit for each minute of a window, counted from its first minute.

A step of n minutes is an erosion (`erode`), a chain of steps is shifts and ANDs, a pool of resources is an OR. Minutes
are whole minutes since 1970 in UTC, so a clock change is nothing special here.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

MINUTES_PER_DAY = 24 * 60
Span = tuple[int, int]
"""Half-open, in minutes."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_DAY_BYTES = MINUTES_PER_DAY // 8
_SOME = re.compile(rb"[^\0]", re.DOTALL)
"""An octet in which a bit is set."""
_BITS = {bytes([octet]): [bit for bit in range(8) if octet >> bit & 1] for octet in range(256)}
"""Octet → its bits that are set."""


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
    if offset == 0:  # a shift by nothing copies all of it
        return timeline
    return timeline >> offset if offset > 0 else timeline << -offset


def set_minutes(timeline: int) -> list[int]:
    """The bits that are set, in order."""
    octets = octets_of(timeline)
    return [8 * found.start() + bit for found in _SOME.finditer(octets) for bit in _BITS[found[0]]]


def octets_of(timeline: int) -> bytes:
    """Eight bits an octet, the first bit lowest: to go through bit by bit without copying the rest each time."""
    return timeline.to_bytes(-(-timeline.bit_length() // 8), "little")


def first_minute(octets: bytes, start: int) -> int | None:
    """The first bit set from `start` on, 0 or later; None: there is none."""
    place, bit = divmod(start, 8)
    rest = octets[place] >> bit << bit if place < len(octets) else 0
    if rest:
        return 8 * place + _BITS[bytes([rest])][0]
    later = _SOME.search(octets, place + 1)
    return 8 * later.start() + _BITS[later[0]][0] if later else None


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same minutes in order, with spans that touch or overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def stacked(spans: Iterable[Span], window: Span, depth: int = 1) -> tuple[int, ...]:
    """`depth` timelines over `window`: in the k-th (from 1) are the minutes that at least k spans hold.

    Works day by day, so that ten thousand spans over months cost little.
    """
    first, length = window[0], window[1] - window[0]
    layers = [[0] * -(-length // MINUTES_PER_DAY) for _ in range(depth)]
    bottom = layers[0]
    for begin, until in spans:
        start, end = begin - first, until - first
        day, bit = divmod(start, MINUTES_PER_DAY)
        if 0 <= start < end <= length and bit + end - start <= MINUTES_PER_DAY:  # most lie within one day
            bits = ((1 << (end - start)) - 1) << bit
            if bottom[day] & bits:
                _lay(layers, day, bits)
            else:
                bottom[day] |= bits
        else:
            _lay_long(layers, max(start, 0), min(end, length))
    return tuple(_joined(layer) for layer in layers)


def restacked(
    layers: tuple[int, ...], spans: Collection[Span], window: Span, changed: Iterable[Span]
) -> tuple[int, ...]:
    """What `stacked` makes of these spans, given what it made of others that differ only within `changed`."""
    first, last = window
    inside = ((max(start, first), min(end, last)) for start, end in changed if start < last and first < end)
    for start, end in joined(inside):
        touching = [span for span in spans if span[0] < end and start < span[1]]
        mask, at = span_bits(start - first, end - first), start - first
        parts = zip(layers, stacked(touching, (start, end), len(layers)), strict=True)
        layers = tuple(layer & ~mask | part << at for layer, part in parts)
    return layers


def _lay_long(layers: list[list[int]], start: int, end: int) -> None:
    """Add one span, bits `start` to `end` of the window, day by day."""
    while start < end:
        day, bit = divmod(start, MINUTES_PER_DAY)
        length = min(end - start, MINUTES_PER_DAY - bit)
        _lay(layers, day, ((1 << length) - 1) << bit)
        start += length


def _lay(layers: list[list[int]], day: int, bits: int) -> None:
    """Add bits of one day to the first layer, and to each next one what was there before."""
    for layer in layers:
        layer[day], bits = layer[day] | bits, layer[day] & bits


def _joined(days: list[int]) -> int:
    return int.from_bytes(b"".join([day.to_bytes(_DAY_BYTES, "little") for day in days]), "little")
