"""Phone numbers as E.164. The usual North American forms take a fast path; the library sees the others, once each."""

import re
from collections.abc import Mapping
from functools import lru_cache

import phonenumbers

from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable, text_of
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

_NANP_REGIONS = frozenset({"US", "CA"})
_COMMON = re.compile(r"\(?([2-9][0-9]{2})\)?[-. ]?([2-9][0-9]{2})[-. ]?([0-9]{4})")
_NANP = re.compile(r"\+?1[-. ]?\(?([2-9][0-9]{2})\)?[-. ]?([2-9][0-9]{2})[-. ]?([0-9]{4})")


def _phone(_: NoOptions, __: Mapping[str, CodeTable]) -> Codec:
    def normal(raw: Json, context: Context) -> str:
        text = text_of(raw)
        match = (_COMMON.fullmatch(text) or _NANP.fullmatch(text)) if context.region in _NANP_REGIONS else None
        number = f"+1{match[1]}{match[2]}{match[3]}" if match else parsed(text, context.region)
        if number is None:
            raise Unreadable("is not a phone number", "bad_phone")
        return number

    return Codec(normal, normal)


@lru_cache(maxsize=4096)
def parsed(text: str, region: str) -> str | None:
    """The number by the library, if it can be one at all. An extension is dropped."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


PHONE = CodecKind("phone", _phone)
