"""The moments that systems write beside their records, in the forms that connections declare."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hub.canonical.time import instant_of
from hub.connectors.kit.spec.reading import InstantFormat, says_time
from hub.mapping.codecs.formats import date_reader, moment_reader, written

_SOON = timedelta(hours=3)
"""No clock goes back by more."""


def read_instant(value: Any, form: InstantFormat, zone: ZoneInfo) -> datetime | None:
    """In UTC; None where nothing readable stands there."""
    try:
        if form in ("unix", "unix_ms"):
            return datetime.fromtimestamp(float(value) / (1000 if form == "unix_ms" else 1), UTC)
        text = str(value).strip() if isinstance(value, str) else ""
        if "%" in form:
            return _read_as(form, text, zone)
        if form == "date":
            return instant_of(datetime.combine(date.fromisoformat(text), time()), zone)
        return instant_of(datetime.fromisoformat(text), zone).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _read_as(pattern: str, text: str, zone: ZoneInfo) -> datetime | None:
    local = _reader(pattern)(text)
    return None if local is None else instant_of(local, zone)


@cache
def _reader(pattern: str) -> Callable[[str], datetime | None]:
    if says_time(pattern):
        return moment_reader([pattern])
    read = date_reader([pattern])
    return lambda text: None if (day := read(text)) is None else datetime.combine(day, time())


def write_instant(moment: datetime, form: InstantFormat, zone: ZoneInfo) -> str | int:
    """As the system asks for it; a day is the one in the zone."""
    if form == "unix":
        return int(moment.timestamp())
    if form == "unix_ms":
        return int(moment.timestamp() * 1000)
    local = moment.astimezone(zone)
    if form == "date":
        return local.date().isoformat()
    if "%" in form:
        return written(local, form)
    if form == "local":
        return local.replace(tzinfo=None).isoformat(timespec="seconds")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_since(moment: datetime, form: InstantFormat, zone: ZoneInfo) -> str | int:
    """As `write_instant`, of what changed since: no later change is stamped before it. Of a day, the one before."""
    if not says_time(form):
        return write_instant(moment - timedelta(days=1), form, zone)
    if form == "local" or "%" in form:
        moment -= repeated(moment, zone)
    return write_instant(moment, form, zone)


def repeated(moment: datetime, zone: ZoneInfo) -> timedelta:
    """By how much clocks go back soon after: a later change may be stamped so much earlier, by wall time."""
    now, later = (each.astimezone(zone).utcoffset() or timedelta() for each in (moment, moment + _SOON))
    return max(now - later, timedelta())
