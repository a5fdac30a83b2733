"""Phone numbers as E.164. The usual North American forms take a fast path; the library sees the others, once each."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import phonenumbers

from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable, text_of
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

_NANP_REGIONS = frozenset({"US", "CA"})
_COMMON = re.compile(r"\(?([2-9][0-9]{2})\)?[-. ]?([2-9][0-9]{2})[-. ]?([0-9]{4})")
_NANP = re.compile(r"\+?1[-. ]?\(?([2-9][0-9]{2})\)?[-. ]?([2-9][0-9]{2})[-. ]?([0-9]{4})")
_NORMAL = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")


def _phone(_: NoOptions, __: Mapping[str, CodeTable]) -> Codec:
    return Codec(_normal, _normal)


def _normal(raw: Json, context: Context) -> str:
    text = text_of(raw)
    if _NORMAL.fullmatch(text):
        return text
    match = (_COMMON.fullmatch(text) or _NANP.fullmatch(text)) if context.region in _NANP_REGIONS else None
    number = f"+1{match[1]}{match[2]}{match[3]}" if match else parsed(text, context.region)
    if number is None:
        raise _unreadable()
    return number


@lru_cache(maxsize=65536)
def parsed(text: str, region: str) -> str | None:
    """The number by the library, if it can be one at all. An extension is dropped."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class PhonePartsOptions(NoOptions):
    """Options of `phone_parts`."""

    table: str | None = None
    """A code table from calling codes (`"1"`) to what the vendor calls the country; else the calling code itself."""
    written: Literal["text", "number"] = "text"
    """How the country is written."""


Parts = tuple[Json, Json]


def _phone_parts(options: PhonePartsOptions, tables: Mapping[str, CodeTable]) -> Codec:
    table = tables.get(options.table) if options.table is not None else None
    if options.table is not None and table is None:
        raise ValueError(f"unknown code table {options.table!r}; known: {', '.join(sorted(tables)) or 'none'}")

    def calling(raw: Json) -> str:
        text = text_of(raw)
        code = table.meanings.get(table.key_of(text), "") if table else text.removeprefix("+")
        if not (code.isdecimal() and code.isascii() and len(code) <= 3):
            raise Unreadable("names a country without a known calling code", "bad_phone")
        return code

    def decode(raw: Parts, context: Context) -> str:
        country, number = raw
        if number is None:
            raise _unreadable()
        text = text_of(number)
        if country is None or text.startswith("+"):
            return _normal(number, context)
        return _normal(f"+{calling(country)} {text}", context)

    def encode(value: str, context: Context) -> Parts:
        code, number = split(_normal(value, context))
        word = table.words.get(code) if table else code
        if word is None:
            raise Unreadable("has no word for its country in the code table", "bad_phone")
        return int(word) if options.written == "number" and word.isdecimal() else word, number

    return Codec(decode, encode)


@lru_cache(maxsize=65536)
def split(number: str) -> tuple[str, str]:
    """Calling code and national number of an E.164 number."""
    if number.startswith("+1"):
        return "1", number[2:]
    found = phonenumbers.parse(number)
    return str(found.country_code), phonenumbers.national_significant_number(found)


def _unreadable() -> Unreadable:
    return Unreadable("is not a phone number", "bad_phone")


PHONE = CodecKind("phone", _phone, sample="+15125550100")
PHONE_PARTS = CodecKind(
    "phone_parts", _phone_parts, PhonePartsOptions, parts=("country", "number"), sample="+15125550100"
)
