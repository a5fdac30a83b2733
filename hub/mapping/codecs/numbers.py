"""Lengths of time in whole minutes, and quantities."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal

from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable, text_of
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

MOST_MINUTES = 366 * 24 * 60
_MOST = Decimal(10**12)

_ISO = re.compile(r"P(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,7})M)?(?:0+(?:\.0+)?S)?)?")
_CLOCK = re.compile(r"([0-9]{1,4}):([0-5][0-9])(?::00)?")
_WORDS = re.compile(
    r"(?:([0-9]{1,4}) ?h(?:ours?|rs?|r)?\.?)? ?(?:([0-9]{1,7}) ?(?:m(?:in(?:ute)?s?)?)?\.?)?", re.IGNORECASE
)


class MinutesOptions(NoOptions):
    """Options of `minutes`."""

    unit: Literal["minutes", "seconds", "milliseconds", "hours", "iso", "clock", "words"] = "minutes"
    """A number of them; `PT1H30M`; `01:30`; `1 hr 30 min` (written `90 min`)."""


def _minutes(options: MinutesOptions, _: Mapping[str, CodeTable]) -> Codec:
    read, write = _UNITS[options.unit]

    def decode(raw: Json, _: Context) -> int:
        found = read(text_of(raw))
        if found is None or not 0 <= found <= MOST_MINUTES:
            raise Unreadable("is not a length of whole minutes", "bad_duration", f"Expected: {options.unit}")
        return found

    def encode(value: int, _: Context) -> Json:
        if not 0 <= value <= MOST_MINUTES:
            raise Unreadable("is not a length that can be meant", "bad_duration")
        return write(value)

    return Codec(decode, encode)


def _counted(seconds: Decimal) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        number = number_of(text)
        found = number * seconds / 60 if number is not None else None
        whole = round(found) if found is not None else 0
        return whole if found is not None and abs(found - whole) < Decimal("0.01") else None

    return read


def _matched(pattern: re.Pattern[str], factors: tuple[int, ...]) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        match = pattern.fullmatch(text)
        if match is None or not any(match.groups()):
            return None
        return sum(int(part) * factor for part, factor in zip(match.groups(), factors, strict=True) if part)

    return read


def _hours(value: int) -> int | float:
    return value // 60 if value % 60 == 0 else round(value / 60, 4)


def _iso(value: int) -> str:
    hours, rest = divmod(value, 60)
    return f"PT{hours}H{rest}M" if hours and rest else f"PT{hours}H" if hours else f"PT{rest}M"


_UNITS: Mapping[str, tuple[Callable[[str], int | None], Callable[[int], Json]]] = {
    "minutes": (_counted(Decimal(60)), lambda value: value),
    "seconds": (_counted(Decimal(1)), lambda value: value * 60),
    "milliseconds": (_counted(Decimal("0.001")), lambda value: value * 60_000),
    "hours": (_counted(Decimal(3600)), _hours),
    "iso": (_matched(_ISO, (1440, 60, 1)), _iso),
    "clock": (_matched(_CLOCK, (60, 1)), lambda value: f"{value // 60:02d}:{value % 60:02d}"),
    "words": (_matched(_WORDS, (60, 1)), lambda value: f"{value} min"),
}


class QuantityOptions(NoOptions):
    """Options of `quantity`."""

    written: Literal["number", "text"] = "number"
    """As the vendor takes it; both are read."""


def _quantity(options: QuantityOptions, _: Mapping[str, CodeTable]) -> Codec:
    def decode(raw: Json, _: Context) -> Decimal:
        found = number_of(text_of(raw))
        if found is None:
            raise Unreadable("is not a number", "bad_number")
        return found

    def encode(value: Decimal, _: Context) -> Json:
        if abs(value) >= _MOST:
            raise Unreadable("is not a quantity that can be meant", "bad_number")
        if options.written == "text":
            return f"{value:f}"
        return int(value) if value == int(value) else float(value)

    return Codec(decode, encode)


_NUMBER = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.[0-9]{1,6})?")


def number_of(text: str) -> Decimal | None:
    """A decimal number of ordinary size; None for anything else."""
    if not _NUMBER.fullmatch(text):
        return None
    try:
        found = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    if found >= _MOST:
        return None
    return found.to_integral_value() + 0 if found == found.to_integral_value() else found.normalize()


MINUTES = CodecKind("minutes", _minutes, MinutesOptions, recurs=True, sample=30)
QUANTITY = CodecKind("quantity", _quantity, QuantityOptions, sample=Decimal("1.5"))
