"""Wall times, dates, days of the week and plain numbers as people write them in practice and scenario files."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

MINUTES_PER_DAY = 24 * 60
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2199, 12, 31)
LONGEST_WORD = 200
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_ILLEGIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLOCK = re.compile(r"(\d{2}):(\d{2})")
_WALL = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::00)?(Z|[+-]\d{2}:\d{2})?")


def parse_date(value: Any) -> Any:
    """`2026-03-02` as a date; a date passes through."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("not a date; write it as 2026-03-02")
    return _day(value)


def parse_wall(value: Any) -> Any:
    """A wall time in whole minutes; naive unless an offset is written; 24:00 is the next midnight."""
    if isinstance(value, datetime):
        return value
    match = _WALL.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("not a wall time; write it as 2026-03-02T09:00, with an offset (-06:00) where it is needed")
    day, clock, offset = match.groups()
    require_near(_day(day))
    midnight = datetime.fromisoformat(f"{day}T00:00{offset or ''}")
    return midnight + timedelta(minutes=parse_clock(clock))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such date; the month has fewer days, or the year fewer months") from None


def parse_clock(value: Any) -> Any:
    """`"09:30"` as the minute of the day, 0 to 1440."""
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    minute = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else MINUTES_PER_DAY + 1
    if minute > MINUTES_PER_DAY:
        raise ValueError('not a time of the day; write it in quotes as "09:30"; midnight at the end is "24:00"')
    return minute


def parse_days(value: Any) -> Any:
    """`mon-fri`, `sat` or a list of such as the numbers of the days, Monday 0, sorted. Ranges may pass Sunday."""
    if isinstance(value, tuple | frozenset):
        return value
    words = value if isinstance(value, list) and value else [value]
    return tuple(sorted({day for word in words for day in _days_of(word)}))


def _days_of(word: Any) -> list[int]:
    first, _, last = word.partition("-") if isinstance(word, str) else ("", "", "")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError("not days; write mon-fri, sat or a list of such")
    start = DAYS.index(first)
    count = (DAYS.index(last or first) - start) % 7
    return [(start + i) % 7 for i in range(count + 1)]


def parse_decimal(value: Any) -> Any:
    """A number as it was written: 0.1 is one tenth."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, Decimal):
        return value
    raise ValueError("not a number")


def require_later(starts: datetime, ends: datetime) -> None:
    """Reject a stretch written backwards. With an offset on one side only, nobody can say before the zone is known."""
    if (starts.tzinfo is None) == (ends.tzinfo is None) and ends <= starts:
        raise ValueError("`to` is later than `from`")


def require_near(day: date) -> date:
    """Reject a date at the ends of the calendar, where no zone has a clock: days are added to it and taken from it."""
    if not FIRST_DATE.year <= day.year <= LAST_DATE.year:
        raise ValueError(f"the year is from {FIRST_DATE.year} to {LAST_DATE.year}")
    return day


def require_legible(word: str) -> str:
    """Reject what nobody could read, or a database keep: a control character, or more than a line of text."""
    if len(word) > LONGEST_WORD or _ILLEGIBLE.search(word):
        raise ValueError(f"at most {LONGEST_WORD} characters, none of them a control character")
    return word


def require_some(value: Any) -> Any:
    """Reject an empty list. After its items: one that is wrong is one problem, not two."""
    if value is not None and not value:
        raise ValueError("at least one stands here")
    return value


LocalDate = Annotated[date, BeforeValidator(parse_date)]
"""A bound such as 9999-12-31 is one, too."""
NearDate = Annotated[LocalDate, AfterValidator(require_near)]
"""A date that is made into instants."""
WallTime = Annotated[datetime, BeforeValidator(parse_wall)]
"""Naive: in the zone of its place. Aware: taken at its word."""
MinuteOfDay = Annotated[int, BeforeValidator(parse_clock)]
WeekDays = Annotated[tuple[int, ...], BeforeValidator(parse_days)]
Quantity = Annotated[Decimal, BeforeValidator(parse_decimal), Field(ge=0, le=10**9, allow_inf_nan=False)]
Share = Annotated[Decimal, BeforeValidator(parse_decimal), Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0, le=10**13)]
"""At most what a sum of money in minor units may come to."""
Minutes = Annotated[int, Field(strict=True, ge=0, le=527_040)]
"""At most a year of 366 days."""
DayCount = Annotated[int, Field(strict=True, ge=0, le=36_525)]
"""At most a century."""
Positive = Annotated[int, Field(strict=True, ge=1)]
Flag = Annotated[bool, Field(strict=True)]
Word = Annotated[str, Field(strict=True, min_length=1), AfterValidator(require_legible)]
Some = AfterValidator(require_some)
"""Marks a list that is not empty."""
