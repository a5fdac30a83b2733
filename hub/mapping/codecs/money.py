"""Money, as people write it: `$1,225.00`, ` 750.00 USD`, `700`, `(25.00)`."""

import re
from collections.abc import Mapping

from hub.canonical.money import Money
from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable, text_of
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

_MONEY = re.compile(
    r"(?P<minus>-)?(?P<open>\()?(?P<sign>\$|(?P<before>[A-Z]{3}))?\s*(?P<inner>-)?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.(?P<part>[0-9]{1,3}))?"
    r"\s*(?P<after>[A-Z]{3})?(?P<close>\))?"
)
_PLACES = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "BHD": 3, "KWD": 3, "TND": 3, "JOD": 3, "OMR": 3}
"""Minor digits of currencies that do not have two. Source: ISO 4217."""


def _money(_: NoOptions, __: Mapping[str, CodeTable]) -> Codec:
    return Codec(_decode, _encode)


def _decode(raw: Json, context: Context) -> Money:
    match = _MONEY.fullmatch(text_of(raw))
    if match is None or (match["open"] is None) != (match["close"] is None):
        raise _unreadable("is not an amount of money")
    minuses = sum(match[name] is not None for name in ("minus", "inner", "open"))
    if minuses > 1 or (match["before"] and match["after"]):
        raise _unreadable("is not an amount of money")
    currency = match["before"] or match["after"] or context.currency
    places, part = _PLACES.get(currency, 2), (match["part"] or "").rstrip("0")
    if len(part) > places:
        raise _unreadable("has more decimals than its currency")
    amount = int(match["whole"].replace(",", "") + part.ljust(places, "0"))
    return Money(amount_minor=-amount if minuses else amount, currency=currency)


def _encode(value: Money, context: Context) -> str:
    places = _PLACES.get(value.currency, 2)
    digits = str(abs(value.amount_minor)).rjust(places + 1, "0")
    if len(digits) - places > 12:
        raise _unreadable("is too large an amount")
    number = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    text = f"-{number}" if value.amount_minor < 0 else number
    return text if value.currency == context.currency else f"{text} {value.currency}"


def _unreadable(message: str) -> Unreadable:
    return Unreadable(message, "bad_money", "Expected: 225.00, $225.00 or 225.00 USD")


MONEY = CodecKind("money", _money)
