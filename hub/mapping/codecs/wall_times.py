"""Instants in two values: a date and a wall time of the zone. What clock changes do to them: instants.py."""

from collections.abc import Callable, Mapping
from datetime import datetime, time
from functools import lru_cache
from typing import Any

from pydantic import Field, field_validator

from hub.canonical.time import instant_of
from hub.mapping.codecs.codec import Codec, CodecKind, Json, Unreadable, text_of
from hub.mapping.codecs.dates import ISO, PlausibleOptions
from hub.mapping.codecs.formats import date_reader, time_reader, written
from hub.mapping.codecs.instants import SAMPLE, local, remark_on_wall
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

_KEPT = 4096
"""Times of day whose text is kept in mind: rows name the same ones over and over."""


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
    shortest = lru_cache(_KEPT)(lambda clock: _shortest(clock, options.times, time_of))

    def wall(raw: Parts, context: Context) -> datetime:
        day, clock = raw
        on, at = day_of("" if day is None else text_of(day)), time_of("" if clock is None else text_of(clock))
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
        at = local(value, context)
        return written(at.date(), options.dates[0]), shortest(at.time())

    def remark(value: Any, raw: Parts, context: Context) -> Unreadable | None:
        return remark_on_wall(value, lambda: wall(raw, context), context.zone)

    return Codec(decode, encode, remark)


def _shortest(clock: time, formats: tuple[str, ...], read: Callable[[str], time | None]) -> str:
    """In the first format that loses nothing of it; in the first of all if every one does."""
    for form in formats:
        if read(text := written(clock, form)) == clock:
            return text
    return written(clock, formats[0])


WALL_TIME = CodecKind("wall_time", _wall_time, WallTimeOptions, parts=("date", "time"), recurs=True, sample=SAMPLE)
