"""What values look like: which codec would read them, and how sure that is."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hub.mapping.codecs.formats import date_reader, moment_reader, time_reader
from hub.mapping.codecs.numbers import number_of
from hub.mapping.codecs.phone import parsed
from hub.mapping.codes import loose
from hub.mapping.proposal.columns import Column

ENOUGH = 0.6
"""So many of the values must fit a shape: real columns hold nonsense, too."""
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%d-%b-%Y", "%d/%m/%Y", "%Y/%m/%d", "%m-%d-%Y", "%d.%m.%Y", "%b %d, %Y", "%Y%m%d")
_TIMES = ("%H:%M", "%I:%M %p", "%H:%M:%S", "%I:%M%p")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MONEY = re.compile(r"\(?-?[$€£]?\s?[0-9][0-9,]*(\.[0-9]{1,2})?( [A-Z]{3})?\)?")
_PREFIX = re.compile(r"(.*[:/])[^:/]+")
_YES_NO = frozenset({"y", "n", "yes", "no", "true", "false", "t", "f", "1", "0"})


@dataclass(frozen=True, slots=True)
class Shape:
    """A codec with its options, how many of the values fit, and what a person should look at."""

    codec: str
    options: dict[str, Any] = field(default_factory=dict)
    fits: float = 1.0
    remark: str | None = None


def share(values: Sequence[str], fits: Callable[[str], object]) -> float:
    """How many of the values fit."""
    return sum(bool(fits(value)) for value in values) / len(values) if values else 0.0


def email(column: Column) -> Shape | None:
    """Text with one @."""
    return _enough(Shape("email", fits=share(column.texts, _EMAIL.fullmatch)))


def phone(column: Column) -> Shape | None:
    """Numbers that can be dialled; not those that are dates."""
    return _enough(Shape("phone", fits=share(column.texts, _is_phone)))


def _is_phone(text: str) -> bool:
    digits = sum(letter.isdigit() for letter in text)
    return 7 <= digits <= 15 and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", text) and bool(parsed(text, "US"))


def day(column: Column) -> Shape | None:
    """A date, in one format or several; one with a time behind it counts by its date."""
    stamped = [f"{_DATES[0]}T%H:%M:%S", f"{_DATES[0]}T%H:%M:%SZ", f"{_DATES[0]} %H:%M:%S"]
    formats, fits = _formats(column.texts, [*_DATES, *stamped], date_reader)
    if not formats:
        return None
    remark = "day and month may be the other way round" if _is_ambiguous(column.texts, formats) else None
    options = {} if formats == ["%Y-%m-%d"] else {"formats": formats}
    return _enough(Shape("date", options, fits, remark))


def _formats(
    texts: Sequence[str], known: Sequence[str], reader: Callable[[Sequence[str]], Callable[[str], object]]
) -> tuple[list[str], float]:
    """The fewest formats that read the most, the most frequent first."""
    left, chosen = list(texts), []
    reads = {form: _reader_of(reader, form) for form in known}
    while left:
        counts = [(sum(reads[form](text) is not None for text in left), -n, form) for n, form in enumerate(known)]
        most, _, form = max(counts)
        if most == 0 or most < len(texts) * 0.02:
            break
        chosen.append(form)
        left = [text for text in left if reads[form](text) is None]
    return chosen, 1 - len(left) / len(texts) if texts else 0.0


@cache
def _reader_of(reader: Callable[[Sequence[str]], Callable[[str], object]], form: str) -> Callable[[str], object]:
    """Of the few forms that are known; to make one takes longer than to read with it."""
    return reader([form])


def _is_ambiguous(texts: Sequence[str], formats: Sequence[str]) -> bool:
    turned = {"%m/%d/%Y": "%d/%m/%Y", "%d/%m/%Y": "%m/%d/%Y"}
    mine = [form for form in formats if form in turned]
    return any(share(texts, date_reader([turned[form]])) >= share(texts, date_reader([form])) for form in mine)


def instant(column: Column) -> Shape | None:
    """A moment: ISO text with or without an offset, a count since 1970, or a date and time in a format."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in column.values):
        return _counted(column)
    walls = [_iso(text) for text in column.texts]
    read = [wall for wall in walls if wall is not None]
    fits = len(read) / len(walls)
    if fits < ENOUGH:
        formats, fits = _formats(column.texts, [f"{d} {t}" for d in _DATES for t in _TIMES], moment_reader)
        return _enough(Shape("instant", {"formats": formats}, fits, _NAIVE)) if formats else None
    if all(wall.tzinfo is None for wall in read):
        if "utc" in column.keys[-1]:
            return Shape("instant", {"form": "naive_utc"}, fits)
        return Shape("instant", {"form": "naive"}, fits, _NAIVE)
    if all(text.endswith("Z") for text in column.texts):
        millis = share(column.texts, re.compile(r".*\.[0-9]{3}Z").fullmatch) > ENOUGH
        return Shape("instant", {"form": "utc_millis" if millis else "utc"}, fits)
    return Shape("instant", {}, fits)


_NAIVE = "no offset: read as wall time of the connection's zone; if it is UTC, say form: naive_utc"


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if len(text) > 10 else None
    except ValueError:
        return None


_FIRST, _LAST = datetime(1990, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def _counted(column: Column) -> Shape | None:
    for form, a_second in (("unix", 1), ("unix_ms", 1000)):
        if all(_FIRST <= value / a_second <= _LAST for value in column.values):
            return Shape("instant", {"form": form})
    return None


def money(column: Column) -> Shape | None:
    """Amounts: text, cents, or dollars as numbers."""
    if all(isinstance(value, int) and not isinstance(value, bool) for value in column.values):
        cents = share(column.texts, lambda text: int(text) >= 1000 or text == "0") > ENOUGH
        remark = "whole numbers: taken as cents; if they are dollars, say form: major"
        return Shape("money", {"form": "minor"}, 1.0, remark) if cents else Shape("money", {"form": "major"}, 0.8)
    if all(isinstance(value, (int, float)) for value in column.values):
        return Shape("money", {"form": "major"})
    return _enough(Shape("money", fits=share(column.texts, _MONEY.fullmatch)))


def minutes(column: Column) -> Shape | None:
    """Lengths of time."""
    if all(text.removesuffix(".0").isdecimal() for text in column.texts):
        numbers = [int(float(text)) for text in column.texts]
        if min(numbers) >= 60_000 and all(number % 60_000 == 0 for number in numbers):
            return Shape("minutes", {"unit": "milliseconds"})
        if min(numbers) >= 600 and all(number % 60 == 0 for number in numbers):
            return Shape("minutes", {"unit": "seconds"}, 0.8, "large numbers: taken as seconds")
        return Shape("minutes")
    shapes = {
        "iso": re.compile(r"P.*T.*"),
        "clock": re.compile(r"[0-9]{1,2}:[0-9]{2}(:00)?"),
        "words": re.compile(r"[0-9]+ ?[hm].*", re.IGNORECASE),
    }
    fits, unit = max((share(column.texts, pattern.fullmatch), unit) for unit, pattern in shapes.items())
    return _enough(Shape("minutes", {"unit": unit}, fits))


def integer(column: Column) -> Shape | None:
    """Counts."""
    return _enough(Shape("integer", fits=share(column.texts, str.isdecimal)))


def quantity(column: Column) -> Shape | None:
    """Numbers that may have decimals."""
    options = {"written": "text"} if any(isinstance(value, str) for value in column.values) else {}
    return _enough(Shape("quantity", options, share(column.texts, number_of)))


def boolean(column: Column) -> Shape | None:
    """Yes and no: JSON's own, or in words."""
    if all(isinstance(value, bool) for value in column.values):
        return Shape("boolean")
    return _enough(Shape("boolean", {"table": "yes-no"}, share(column.texts, lambda text: loose(text) in _YES_NO)))


def code(column: Column) -> Shape | None:
    """Few short words, repeated."""
    words = set(column.texts)
    short = all(len(word) <= 40 for word in words) and not any(isinstance(value, float) for value in column.values)
    few = len(words) <= max(3, min(20, len(column.values) // 3 + 3))
    return Shape("code") if short and few else None


def reference(column: Column) -> Shape | None:
    """Ids, with what stands before all of them."""
    if any(isinstance(value, (bool, float, dict, list)) for value in column.values):
        return None
    numbers = all(isinstance(value, int) for value in column.values)
    options: dict[str, Any] = {"written": "number"} if numbers else {}
    prefixes = {match[1] if (match := _PREFIX.fullmatch(text)) else "" for text in column.texts}
    if len(prefixes) == 1 and prefixes != {""}:
        options["prefix"] = prefixes.pop()
    spaced = share(column.texts, lambda text: " " in text) > 0.3
    return Shape("reference", {**options, "by": "name"} if spaced else options, 1.0, "by name" if spaced else None)


def clock(column: Column) -> Shape | None:
    """A time of day, beside a date in another column."""
    formats, fits = _formats(column.texts, _TIMES, time_reader)
    return _enough(Shape("wall_time", {"times": formats}, fits)) if formats else None


def plain(column: Column) -> Shape | None:
    """Any text."""
    is_text = all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in column.values)
    return Shape("text") if is_text else None


def _enough(shape: Shape) -> Shape | None:
    return shape if shape.fits >= ENOUGH else None
