"""Money, as people write it (`$1,225.00`, ` 750.00 USD`, `(25.00)`, `€ 22,50`), or as numbers of cents or dollars."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from hub.canonical.money import Money
from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable, text_of
from hub.mapping.codecs.words import CODE, CodeOptions
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

_MONEY = re.compile(
    r"(?P<minus>-)?(?P<open>\()?(?P<sign>[$€£]|(?P<before>[A-Z]{3}))?\s*(?P<inner>-)?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.(?P<part>[0-9]{1,3}))?"
    r"\s*(?P<after>[A-Z]{3}|[€£])?(?P<close>\))?"
)
_SIGNS = {"€": "EUR", "£": "GBP"}
"""`$` is the practice's own."""
_DECIMAL_COMMA = re.compile(r"(?<![0-9.,])([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,12}),([0-9]{2})(?![0-9.,])")
"""`22,50`, `1.225,00`; never `1,225`, where the comma stands between thousands."""
_PLACES = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "BHD": 3, "KWD": 3, "TND": 3, "JOD": 3, "OMR": 3}
"""Minor digits of currencies that do not have two. Source: ISO 4217."""
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST = 10**14


class MoneyOptions(NoOptions):
    """Options of `money`."""

    form: Literal["text", "minor", "major"] = "text"
    """Text as people write it; a whole number of cents; a number of dollars."""
    signed: bool = True
    """Whether an amount below nothing can be meant. False: it is `bad_money`."""


class MoneyPartsOptions(NoOptions):
    """Options of `money_parts`."""

    form: Literal["minor", "major", "text"] = "minor"
    """Of the part `amount`."""


class SignedMoneyOptions(NoOptions):
    """Options of `signed_money`."""

    table: str
    """The code table of the words that say what the money was for."""
    back: tuple[str, ...] = ("refund",)
    """The codes that mean that it goes back: of them any sign is read, and none is written."""


def _money(options: MoneyOptions, _: Mapping[str, CodeTable]) -> Codec:
    form = options.form

    def checked(value: Money) -> Money:
        if value.amount_minor < 0 and not options.signed:
            raise _unreadable("is below nothing")
        return value

    def decode(raw: Json, context: Context) -> Money:
        return checked(
            _decode(raw, context) if form == "text" else _amount(raw, context.currency, minor=form == "minor")
        )

    def encode(value: Money, context: Context) -> str | int | float:
        if form == "text":
            return _encode(checked(value), context)
        if value.currency != context.currency:
            raise _unreadable("is in a currency that the field cannot say")
        return _number(checked(value), minor=form == "minor")

    return Codec(decode, encode)


def _money_parts(options: MoneyPartsOptions, _: Mapping[str, CodeTable]) -> Codec:
    form = options.form

    def decode(raw: tuple[Json, Json], context: Context) -> Money:
        amount, named = raw
        currency = context.currency if named is None else text_of(named).upper()
        if amount is None or not _CURRENCY.fullmatch(currency):
            raise _unreadable("is not an amount and a currency")
        if form != "text":
            return _amount(amount, currency, minor=form == "minor")
        found = _decode(amount, context)
        return Money(amount_minor=_rescaled(found, currency), currency=currency)

    def encode(value: Money, _: Context) -> tuple[Any, str]:
        if form != "text":
            return _number(value, minor=form == "minor"), value.currency
        return _digits(value), value.currency

    return Codec(decode, encode)


def _signed_money(options: SignedMoneyOptions, tables: Mapping[str, CodeTable]) -> Codec:
    word = CODE.build(CodeOptions(table=options.table), tables)
    if unknown := set(options.back) - set(tables[options.table].codes):
        raise ValueError(f"the code table {options.table!r} has no code {min(unknown)!r}")

    def decode(raw: tuple[Json, Json], context: Context) -> tuple[str, Money]:
        said, written = raw
        if said is None:
            raise Unreadable("says not what the money was for", "unknown_code")
        if written is None:
            raise _unreadable("is not an amount of money")
        code, amount = word.decode(said, context), _decode(written, context)
        return code, _backwards(amount) if code in options.back else amount

    def encode(value: tuple[str, Money], context: Context) -> tuple[Json, Json]:
        code, amount = value
        shown = Money(amount_minor=abs(amount.amount_minor), currency=amount.currency)
        return word.encode(code, context), _encode(shown if code in options.back else amount, context)

    return Codec(decode, encode)


def _balance(_: NoOptions, __: Mapping[str, CodeTable]) -> Codec:
    def decode(raw: tuple[Json, Json, Json], context: Context) -> tuple[Money, Money]:
        value, spent, left = (None if one is None else _decode(one, context) for one in raw)
        if value is None or (spent is None and left is None):
            raise _unreadable("is not what was loaded and what is left of it")
        reckoned = _less(value, spent) if spent is not None else left
        if reckoned is None or (left is not None and left != reckoned):
            hint = "What was loaded less what was spent is what is left"
            raise Unreadable("does not add up", "bad_balance", hint)
        return value, reckoned

    def encode(amounts: tuple[Money, Money], context: Context) -> tuple[Json, Json, Json]:
        value, left = amounts
        spent = _less(value, left)
        if spent is None:
            raise _unreadable("is in two currencies")
        return _encode(value, context), _encode(spent, context), _encode(left, context)

    return Codec(decode, encode)


def _less(value: Money, spent: Money) -> Money | None:
    """The rest; None: the currencies differ."""
    if value.currency != spent.currency:
        return None
    return Money(amount_minor=value.amount_minor - spent.amount_minor, currency=value.currency)


def _backwards(amount: Money) -> Money:
    return Money(amount_minor=-abs(amount.amount_minor), currency=amount.currency)


def _rescaled(found: Money, currency: str) -> int:
    """Minor units of an amount whose currency stands beside it."""
    scaled = Decimal(found.amount_minor).scaleb(_places(currency) - _places(found.currency))
    if scaled != int(scaled):
        raise _unreadable("has more decimals than its currency")
    return int(scaled)


def _amount(raw: Json, currency: str, *, minor: bool) -> Money:
    try:
        number = Decimal(text_of(raw))
    except InvalidOperation:
        raise _unreadable("is not an amount of money") from None
    if not number.is_finite() or abs(number) >= _MOST:
        raise _unreadable("is not an amount of money")
    scaled = number if minor else number.scaleb(_places(currency))
    if scaled != int(scaled):
        raise _unreadable("has more decimals than its currency")
    return Money(amount_minor=int(scaled), currency=currency)


def _number(value: Money, *, minor: bool) -> int | float:
    if abs(value.amount_minor) >= _MOST:
        raise _unreadable("is too large an amount")
    if minor:
        return value.amount_minor
    number = Decimal(value.amount_minor).scaleb(-_places(value.currency))
    return int(number) if number == int(number) else float(number)


def _places(currency: str) -> int:
    return _PLACES.get(currency, 2)


def _decode(raw: Json, context: Context) -> Money:
    match = _MONEY.fullmatch(_DECIMAL_COMMA.sub(_with_point, text_of(raw)))
    if match is None or (match["open"] is None) != (match["close"] is None):
        raise _unreadable("is not an amount of money")
    minuses = sum(match[name] is not None for name in ("minus", "inner", "open"))
    named = match["before"] or _SIGNS.get(match["sign"] or ""), match["after"]
    if minuses > 1 or all(named):
        raise _unreadable("is not an amount of money")
    written = named[0] or named[1] or context.currency
    currency = _SIGNS.get(written, written)
    places, part = _places(currency), (match["part"] or "").rstrip("0")
    if len(part) > places:
        raise _unreadable("has more decimals than its currency")
    amount = int(match["whole"].replace(",", "") + part.ljust(places, "0"))
    return Money(amount_minor=-amount if minuses else amount, currency=currency)


def _with_point(found: re.Match[str]) -> str:
    return f"{found[1].replace('.', '')}.{found[2]}"


def _encode(value: Money, context: Context) -> str:
    text = _digits(value)
    return text if value.currency == context.currency else f"{text} {value.currency}"


def _digits(value: Money) -> str:
    places = _places(value.currency)
    digits = str(abs(value.amount_minor)).rjust(places + 1, "0")
    if len(digits) - places > 12:
        raise _unreadable("is too large an amount")
    number = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{number}" if value.amount_minor < 0 else number


def _unreadable(message: str) -> Unreadable:
    return Unreadable(message, "bad_money", "Expected: 225.00, $225.00 or 225.00 USD")


_SAMPLE = Money(amount_minor=22500)
MONEY = CodecKind("money", _money, MoneyOptions, recurs=True, sample=_SAMPLE)
MONEY_PARTS = CodecKind(
    "money_parts", _money_parts, MoneyPartsOptions, parts=("amount", "currency"), recurs=True, sample=_SAMPLE
)
SIGNED_MONEY = CodecKind(
    "signed_money",
    _signed_money,
    SignedMoneyOptions,
    parts=("kind", "amount"),
    fields=2,
    recurs=True,
    sample=("payment", _SAMPLE),
)
BALANCE = CodecKind("balance", _balance, parts=("value", "spent", "left"), fields=2, sample=(_SAMPLE, _SAMPLE))
