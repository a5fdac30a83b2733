"""The pause that a server asks for."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from time import time

import httpx

from hub.connectors.kit.http.answers import http_date
from hub.connectors.kit.spec.limits import Wait

_TOLD = re.compile(rb"wait\s+(\d{1,7})\s*ms", re.IGNORECASE)


def pause_asked(response: httpx.Response, content: bytes = b"", waits: Sequence[Wait] = ()) -> float | None:
    """In seconds: `Retry-After` (a number, or a date by the server's clock), `Retry-After-Ms`, a declared header, or
    the words `wait 250ms` in what it says.
    """
    headers = response.headers
    found = (
        _milliseconds(headers.get("retry-after-ms")),
        _seconds(headers.get("retry-after")),
        _until(headers.get("retry-after"), headers),
        *(_declared(wait, headers) for wait in waits),
        _milliseconds(told[1].decode()) if (told := _TOLD.search(content)) else None,
    )
    return next((seconds for seconds in found if seconds is not None), None)


def _declared(wait: Wait, headers: httpx.Headers) -> float | None:
    value = headers.get(wait.header)
    if wait.unit == "milliseconds":
        return _milliseconds(value)
    seconds = _seconds(value)
    if wait.unit == "seconds" or seconds is None:
        return seconds
    now = http_date(headers.get("date"))
    return max(0.0, seconds - (now.timestamp() if now else time()))


def _until(value: str | None, headers: httpx.Headers) -> float | None:
    until, now = http_date(value), http_date(headers.get("date"))
    if until is None:
        return None
    return max(0.0, (_aware(until) - _aware(now)).total_seconds()) if now else max(0.0, until.timestamp() - time())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _milliseconds(value: str | None) -> float | None:
    seconds = _seconds(value)
    return None if seconds is None else seconds / 1000


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value) if value else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds < float("inf") else None
