"""Date and time formats (`%m/%d/%Y`, `%I:%M %p`) as patterns: many times faster than trying strptime in turn.

English month names, whatever the process's locale; one or two digits where strptime takes them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

KEPT = 4096
"""Texts that a reader keeps in mind: a history's rows name the same days and times of day over and over."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PATTERNS = {
    "Y": r"(?P<Y>[0-9]{4})",
    "m": r"(?P<m>[0-9]{1,2})",
    "d": r"(?P<d>[0-9]{1,2})",
    "b": r"(?P<b>[A-Za-z]{3})",
    "H": r"(?P<H>[0-9]{1,2})",
    "I": r"(?P<I>[0-9]{1,2})",
    "M": r"(?P<M>[0-9]{2})",
    "S": r"(?P<S>[0-9]{2})",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
}
_DATE = {"Y", "d"}
_DIRECTIVE = re.compile(r"%(.)")


def pattern_of(text: str) -> re.Pattern[str]:
    """The pattern of a format.

    Raises:
        ValueError: a directive that is not known, or one that stands twice.
    """
    parts = _DIRECTIVE.split(text)
    unknown = [f"%{name}" for name in parts[1::2] if name not in _PATTERNS]
    if unknown:
        known = " ".join(f"%{name}" for name in _PATTERNS)
        raise ValueError(f"{unknown[0]} is not known in a format; known: {known}")
    if len(set(parts[1::2])) < len(parts[1::2]):
        raise ValueError(f"a directive stands twice in {text!r}")
    return re.compile("".join(_PATTERNS[p] if i % 2 else _spaced(p) for i, p in enumerate(parts)))


def _spaced(literal: str) -> str:
    return re.escape(literal).replace(r"\ ", r"\s+")


def date_reader(formats: Sequence[str]) -> Callable[[str], date | None]:
    """Text to a date by the first format that fits; None where none does.

    Raises:
        ValueError: a format that is no date's.
    """
    patterns = [pattern_of(text) for text in formats]
    for text, pattern in zip(formats, patterns, strict=True):
        if not pattern.groupindex.keys() >= _DATE or not {"m", "b"} & pattern.groupindex.keys():
            raise ValueError(f"{text!r} does not say day, month and year")
    return lru_cache(KEPT)(lambda text: _first(text, patterns, _date))


def time_reader(formats: Sequence[str]) -> Callable[[str], time | None]:
    """Text to a time of day by the first format that fits; None where none does.

    Raises:
        ValueError: a format that is no time's.
    """
    patterns = [pattern_of(text) for text in formats]
    for text, pattern in zip(formats, patterns, strict=True):
        if "M" not in pattern.groupindex or not {"H", "I"} & pattern.groupindex.keys():
            raise ValueError(f"{text!r} does not say hours and minutes")
        if ("I" in pattern.groupindex) != ("p" in pattern.groupindex):
            raise ValueError(f"{text!r}: %I and %p go together")
    return lru_cache(KEPT)(lambda text: _first(text, patterns, _time))


def moment_reader(formats: Sequence[str]) -> Callable[[str], datetime | None]:
    """Text to a wall time by the first format that fits; None where none does.

    Raises:
        ValueError: a format that does not say both date and time.
    """
    date_reader(formats)
    time_reader(formats)
    patterns = [pattern_of(text) for text in formats]
    return lambda text: _first(text, patterns, lambda found: datetime.combine(_date(found), _time(found)))


def written(value: date | time | datetime, text: str) -> str:
    """The value in a format, months in English and years in four digits."""
    if "%b" in text and isinstance(value, date):
        text = text.replace("%b", MONTHS[value.month - 1].title())
    if "%Y" in text and isinstance(value, date):
        text = text.replace("%Y", f"{value.year:04d}")
    if "%p" in text and not isinstance(value, date):
        text = text.replace("%p", "AM" if value.hour < 12 else "PM")
    return value.strftime(text)


def _first(text: str, patterns: Sequence[re.Pattern[str]], make: Callable[[Mapping[str, str]], T]) -> T | None:
    for pattern in patterns:
        match = pattern.fullmatch(text)
        if match is not None:
            try:
                return make(match.groupdict())
            except ValueError:
                continue
    return None


def _date(found: Mapping[str, str]) -> date:
    month = int(found["m"]) if "m" in found else MONTHS.index(found["b"].lower()) + 1
    return date(int(found["Y"]), month, int(found["d"]))


def _time(found: Mapping[str, str]) -> time:
    seconds = int(found.get("S", 0))
    if "H" in found:
        return time(int(found["H"]), int(found["M"]), seconds)
    hour = int(found["I"])
    if not 1 <= hour <= 12:
        raise ValueError("not an hour of a twelve-hour clock")
    return time(hour % 12 + (12 if found["p"][0] in "pP" else 0), int(found["M"]), seconds)
