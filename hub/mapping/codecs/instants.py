"""Instants in one value: with their offset, as a wall time of the zone, in UTC, or as a count of seconds.

A wall time that a clock change skips moves forward by the gap, of a repeated one the earlier is meant; both are read
with a remark. A vendor that writes wall times cannot say the later one: it is written as it looks, and read back as the
earlier.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import field_validator, model_validator

from hub.canonical.time import instant_of, is_repeated, is_skipped
from hub.mapping.codecs.codec import Codec, CodecKind, Json, Unreadable, text_of
from hub.mapping.codecs.dates import PlausibleOptions
from hub.mapping.codecs.formats import moment_reader, written
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

Form = Literal["offset", "naive", "utc", "utc_millis", "naive_utc", "unix", "unix_ms"]
_COUNT = re.compile(r"(-?[0-9]{1,15})(?:\.[0-9]*)?")
"""A fraction is dropped."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class InstantOptions(PlausibleOptions):
    """Options of `instant`."""

    form: Form = "offset"
    """`2026-03-02T09:00:00-06:00`; `…T09:00:00` (wall time of the zone); `…T15:00:00Z`; `…T15:00:00.000Z`;
    `…T15:00:00` that means UTC; seconds or milliseconds since 1970. Those of text read each other; without an offset it
    is the zone's wall time, or UTC where the form is of UTC."""
    formats: tuple[str, ...] = ()
    """Instead of a form: formats of a wall time (`%m/%d/%Y %I:%M %p`), tried in turn; the first is the one written."""

    @field_validator("formats")
    @classmethod
    def _known(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        moment_reader(formats)
        return formats

    @model_validator(mode="after")
    def _one_way_to_write(self) -> Self:
        if self.formats and self.form != "offset":
            raise ValueError("give 'form' or 'formats', not both")
        return self


def _instant(options: InstantOptions, _: Mapping[str, CodeTable]) -> Codec:
    if options.form in ("unix", "unix_ms"):
        return _counted(options, 1 if options.form == "unix" else 1000)
    wall_of = _by_format(options.formats) if options.formats else _by_iso
    write = _writer(options)
    in_utc, millis = "utc" in options.form, options.form == "utc_millis"
    plausible = options.not_before is None and options.days_ahead is None

    def decode(raw: Json, context: Context) -> datetime:
        wall = wall_of(raw)
        try:
            found = wall.replace(tzinfo=UTC) if in_utc and wall.tzinfo is None else instant_of(wall, context.zone)
        except OverflowError:
            raise _unreadable() from None
        if not plausible:
            options.check(wall.date(), context)
        return found.replace(microsecond=found.microsecond // 1000 * 1000) if millis else found

    def remark(value: datetime, raw: Json, context: Context) -> Unreadable | None:
        if in_utc or not _changes_around(value.date(), context.zone):
            return None
        wall = wall_of(raw)
        return clock_remark(wall, context.zone) if wall.tzinfo is None else None

    return Codec(decode, write, remark)


def _by_iso(raw: Json) -> datetime:
    try:
        return datetime.fromisoformat(text_of(raw))
    except ValueError:
        raise _unreadable() from None


def _by_format(formats: tuple[str, ...]) -> Callable[[Json], datetime]:
    read = moment_reader(formats)

    def wall_of(raw: Json) -> datetime:
        found = read(text_of(raw))
        if found is None:
            raise Unreadable("is not a date and time", "bad_date", f"Expected: {' or '.join(formats)}")
        return found

    return wall_of


def _writer(options: InstantOptions) -> Callable[[datetime, Context], Json]:
    if options.formats:
        first = options.formats[0]
        return lambda value, context: written(local(value, context), first)
    return {
        "offset": lambda value, context: local(value, context).isoformat(),
        "naive": lambda value, context: local(value, context).replace(tzinfo=None).isoformat(),
        "utc": lambda value, _: _naive_utc(value).isoformat() + "Z",
        "utc_millis": lambda value, _: _naive_utc(value).isoformat(timespec="milliseconds") + "Z",
        "naive_utc": lambda value, _: _naive_utc(value).isoformat(),
    }[options.form]


def _naive_utc(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None)


def _counted(options: InstantOptions, a_second: int) -> Codec:
    def decode(raw: Json, context: Context) -> datetime:
        match = _COUNT.fullmatch(text_of(raw))
        if match is None:
            raise Unreadable("is not a count of seconds since 1970", "bad_date")
        count = int(match[1])
        try:
            found = EPOCH + timedelta(milliseconds=count * (1000 // a_second))
        except OverflowError:
            raise _unreadable() from None
        options.check(local(found, context).date(), context)
        return found

    def encode(value: datetime, _: Context) -> int:
        return (value - EPOCH) // timedelta(milliseconds=1000 // a_second)

    return Codec(decode, encode)


def _unreadable() -> Unreadable:
    return Unreadable("is not an instant", "bad_date", "Expected: 2026-03-02T09:00:00-06:00")


def local(value: datetime, context: Context) -> datetime:
    """In the zone.

    Raises:
        Unreadable: there it lies outside the calendar.
    """
    try:
        return value.astimezone(context.zone)
    except OverflowError:
        raise Unreadable("lies outside the calendar in the zone", "implausible_date") from None


def remark_on_wall(value: datetime, wall_of: Callable[[], datetime], zone: ZoneInfo) -> Unreadable | None:
    """What a clock change did to a wall time that was read as `value`; `wall_of` is asked near such days only."""
    return clock_remark(wall_of(), zone) if _changes_around(value.date(), zone) else None


def clock_remark(wall: datetime, zone: ZoneInfo) -> Unreadable | None:
    """What a clock change did to a wall time."""
    if is_skipped(wall, zone):
        return Unreadable("is a wall time that a clock change skipped; taken as that much later", "skipped_time")
    if is_repeated(wall, zone):
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


SAMPLE = datetime(2026, 3, 2, 15, tzinfo=UTC)
INSTANT = CodecKind("instant", _instant, InstantOptions, sample=SAMPLE)
