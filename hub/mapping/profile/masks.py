"""The shape of a text: digits as 9, each word as one a. What dates and amounts look like among shapes."""

import re
from collections.abc import Mapping
from functools import lru_cache

_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = str.maketrans("012345678", "999999999")
LONGEST = 40
"""Longer texts have one shape: prose."""
PROSE = "(text)"

_DATES: Mapping[re.Pattern[str], str] = {
    re.compile(r"9999-99-99"): "YYYY-MM-DD",
    re.compile(r"9999/99?/99?"): "YYYY/MM/DD",
    re.compile(r"99999999"): "YYYYMMDD",
    re.compile(r"99?-a-9999"): "D-Mon-YYYY",
    re.compile(r"99? a 9999"): "D Mon YYYY",
    re.compile(r"a 99?, 9999"): "Mon D, YYYY",
    re.compile(r"99?/99?/9999"): "?/?/YYYY",
    re.compile(r"99?/99?/99"): "?/?/YY",
    re.compile(r"99?\.99?\.9999"): "?.?.YYYY",
    re.compile(r"99?-99?-9999"): "?-?-YYYY",
}
"""A question mark: day and month, in an order that only numbers above 12 can tell."""
_CLOCK = re.compile(r"[aT ]99?:99(:99)?([.,]9+)?( ?a| ?[+-]99:?99)?$")
_NUMBERS: Mapping[re.Pattern[str], str] = {
    re.compile(r"[-+(]?[^\w\s]? ?9+\)?"): "whole",
    re.compile(r"[-+(]?[^\w\s]? ?9{1,3}(,999)+\)?"): "1,234",
    re.compile(r"[-+(]?[^\w\s]? ?9+\.9+\)?"): "1234.56",
    re.compile(r"[-+(]?[^\w\s]? ?9{1,3}(,999)+\.9+\)?"): "1,234.56",
    re.compile(r"[-+]?9+,9{1,2}( ?[^\w\s])?"): "1234,56",
    re.compile(r"[-+]?9{1,3}(\.999)+,9+( ?[^\w\s])?"): "1.234,56",
}
PHONE = re.compile(r"\+?[9 ().-]{7,20}")


def mask_of(text: str) -> str:
    """The shape; blanks around it do not count."""
    text = text.strip()
    return _mask(text) if len(text) <= LONGEST else PROSE


@lru_cache(maxsize=1 << 15)
def _mask(text: str) -> str:
    """Days, times of day and ids stand in rows again and again."""
    return _LETTERS.sub("a", text.translate(_DIGITS))


@lru_cache(maxsize=4096)
def date_form(mask: str) -> str | None:
    """Which way of writing a date this is, with `+ time` where a time of day follows."""
    day, clock = _CLOCK.subn("", mask)
    form = next((form for pattern, form in _DATES.items() if pattern.fullmatch(day)), None)
    return f"{form} + time" if form and clock else form


@lru_cache(maxsize=4096)
def number_form(mask: str) -> str | None:
    """Which way of writing a number."""
    return next((form for pattern, form in _NUMBERS.items() if pattern.fullmatch(mask)), None)
