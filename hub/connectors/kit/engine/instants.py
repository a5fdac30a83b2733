"""The moments that systems write beside their records, in the forms that connections declare."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hub.canonical.time import instant_of
from hub.connectors.kit.spec.reading import InstantFormat


def read_instant(value: Any, form: InstantFormat, zone: ZoneInfo) -> datetime | None:
    """In UTC; None where nothing readable stands there."""
    try:
        if form in ("unix", "unix_ms"):
            return datetime.fromtimestamp(float(value) / (1000 if form == "unix_ms" else 1), UTC)
        text = str(value).strip() if isinstance(value, str) else ""
        if form == "date":
            return instant_of(datetime.combine(date.fromisoformat(text), time()), zone)
        return instant_of(datetime.fromisoformat(text), zone).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def write_instant(moment: datetime, form: InstantFormat, zone: ZoneInfo) -> str | int:
    """As the system asks for it; a day is the one in the zone."""
    if form == "unix":
        return int(moment.timestamp())
    if form == "unix_ms":
        return int(moment.timestamp() * 1000)
    local = moment.astimezone(zone)
    if form == "date":
        return local.date().isoformat()
    if form == "local":
        return local.replace(tzinfo=None).isoformat(timespec="seconds")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
