"""Values between a database's types and JSON's."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hub.canonical.time import instant_of
from hub.connectors.kit.engine.instants import repeated
from hub.errors import InvalidInput, Problem, RecordRejected

_TAGS: Mapping[type, tuple[str, Callable[[Any], Any]]] = {
    datetime: ("datetime", datetime.fromisoformat),
    date: ("date", date.fromisoformat),
    Decimal: ("decimal", Decimal),
    UUID: ("uuid", UUID),
}
_BY_TAG = dict(_TAGS.values())
_TRUE, _FALSE = {"true", "yes", "y", "1", "t"}, {"false", "no", "n", "0", "f"}


def kept(value: Any) -> Any:
    """As a cursor keeps it: with its type, so that the database compares it as its own."""
    tag = _TAGS.get(type(value))
    return {tag[0]: value.isoformat() if isinstance(value, date) else str(value)} if tag else value


def unkept(value: Any) -> Any:
    """Back again."""
    if not isinstance(value, dict):
        return value
    try:
        [(tag, text)] = value.items()
        return _BY_TAG[tag](text)
    except (ValueError, KeyError, TypeError):
        raise InvalidInput(Problem("not a place in a table", field="cursor")) from None


def earlier(value: Any, by: timedelta) -> Any:
    """A moment further back; text as it is written; a number stays."""
    if isinstance(value, datetime):
        return value - by
    if isinstance(value, date):
        return value - max(by, timedelta(days=1))
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value) - by
        except ValueError:
            return value
        return moment.isoformat("T" if "T" in value else " ") if len(value) > 10 else moment.date().isoformat()
    return value


def repeated_at(value: Any, zone: ZoneInfo) -> timedelta:
    """How much earlier a later row may be stamped because clocks go back; of wall times without an offset."""
    try:
        local = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return timedelta()
    if not isinstance(local, datetime) or local.tzinfo is not None:
        return timedelta()
    return repeated(instant_of(local, zone), zone)


def typed(value: Any, column: sa.Column[Any]) -> Any:
    """What a mapping wrote as the column's type.

    Raises:
        RecordRejected: it is none of that type. The value is not shown.
    """
    if value is None or (value == "" and not isinstance(column.type, sa.String)):
        return None
    try:
        wanted = column.type.python_type
    except NotImplementedError:
        return value
    try:
        return _as(wanted, value)
    except (ValueError, TypeError, InvalidOperation):
        hint = "Correct the mapping, or the record"
        problem = Problem(f"no {wanted.__name__} as the column is", "bad_value", field=column.name, hint=hint)
        raise RecordRejected(problem) from None


def _as(wanted: type, value: Any) -> Any:
    if wanted is bool and isinstance(value, str):
        if value.lower() not in _TRUE | _FALSE:
            raise ValueError
        return value.lower() in _TRUE
    if wanted in (datetime, date, time) and isinstance(value, str):
        read: Callable[[str], Any] = getattr(wanted, "fromisoformat")  # noqa: B009 - one of three
        return read(value)
    if wanted is Decimal:
        return Decimal(str(value))
    return value if isinstance(value, wanted) else wanted(value)
