"""Instants: with their offset in one value, or as a date and a wall time of the context's zone.

A wall time that a clock change skips moves forward by the gap, of a repeated one the earlier is meant; both are read
with a remark. A vendor that writes wall times cannot say the later one: it is written as it looks, and read back as the
earlier.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from hub.canonical.time import instant_of, is_repeated, is_skipped
from hub.mapping.codecs.codec import Codec, CodecKind, Json, Unreadable, text_of
from hub.mapping.codecs.dates import ISO, PlausibleOptions
from hub.mapping.codecs.formats import date_reader, time_reader, written
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context


def _instant(options: PlausibleOptions, _: Mapping[str, CodeTable]) -> Codec:
    def decode(raw: Json, context: Context) -> datetime:
        try:
            wall = datetime.fromisoformat(text_of(raw))
            found = instant_of(wall, context.zone)
        except (ValueError, OverflowError):
            raise Unreadable("is not an instant", "bad_date", "Expected: 2026-03-02T09:00:00-06:00") from None
        options.check(wall.date(), context)
        return found

    def encode(value: datetime, context: Context) -> str:
        return _local(value, context).isoformat()

    return Codec(decode, encode)


class WallTimeOptions(PlausibleOptions):
    """Options of `wall_time`."""

    dates: tuple[str, ...] = Field(default=(ISO,), min_length=1)
    """Formats of the date part, tried in turn; the first is the one written."""
    times: tuple[str, ...] = Field(default=("%H:%M", "%H:%M:%S"), min_length=1)
    """Formats of the time part, likewise."""

    @field_validator("dates")
    @classmethod
    def _dates_known(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        date_reader(formats)
        return formats

    @field_validator("times")
    @classmethod
    def _times_known(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        time_reader(formats)
        return formats


Parts = tuple[Json, Json]


def _wall_time(options: WallTimeOptions, _: Mapping[str, CodeTable]) -> Codec:
    day_of, time_of = date_reader(options.dates), time_reader(options.times)

    def wall(raw: Parts, context: Context) -> datetime:
        day, clock = (text_of(part) if part is not None else "" for part in raw)
        on, at = day_of(day), time_of(clock)
        if on is None:
            raise Unreadable("is not a date", "bad_date", f"Expected: {' or '.join(options.dates)}")
        options.check(on, context)
        if at is None:
            raise Unreadable("is not a time of day", "bad_times", f"Expected: {' or '.join(options.times)}")
        return datetime.combine(on, at)

    def decode(raw: Parts, context: Context) -> datetime:
        try:
            return instant_of(wall(raw, context), context.zone)
        except OverflowError:
            raise Unreadable("is a date that cannot be meant", "implausible_date") from None

    def encode(value: datetime, context: Context) -> Parts:
        local = _local(value, context)
        return written(local.date(), options.dates[0]), _shortest(local.time(), options.times)

    def remark(value: Any, raw: Parts, context: Context) -> Unreadable | None:
        return _remark(value, wall, raw, context)

    return Codec(decode, encode, remark)


def _local(value: datetime, context: Context) -> datetime:
    try:
        return value.astimezone(context.zone)
    except OverflowError:
        raise Unreadable("lies outside the calendar in the zone", "implausible_date") from None


def _shortest(clock: time, formats: tuple[str, ...]) -> str:
    """In the first format that loses nothing of it; in the first of all if every one does."""
    read = time_reader(formats)
    for form in formats:
        if read(text := written(clock, form)) == clock:
            return text
    return written(clock, formats[0])


def _remark(value: datetime, wall: Any, raw: Parts, context: Context) -> Unreadable | None:
    zone = context.zone
    if not _changes_around(value.date(), zone):
        return None
    local = wall(raw, context)
    if is_skipped(local, zone):
        return Unreadable("is a wall time that a clock change skipped; taken as that much later", "skipped_time")
    if is_repeated(local, zone):
        return Unreadable("is a wall time that stood twice on the clock; taken as the earlier", "repeated_time")
    return None


@lru_cache(maxsize=4096)
def _changes_around(day: date, zone: ZoneInfo) -> bool:
    """Whether clocks change near a date: only then is a wall time worth a second look."""
    noon = datetime.combine(day, time(12), UTC)
    try:
        before, after = ((noon + timedelta(days=days)).astimezone(zone).utcoffset() for days in (-2, 2))
    except OverflowError:
        return False
    return before != after


INSTANT = CodecKind("instant", _instant, PlausibleOptions)
WALL_TIME = CodecKind("wall_time", _wall_time, WallTimeOptions, parts=("date", "time"))
