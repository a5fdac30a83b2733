"""Text, e-mail addresses and postal codes."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Literal

from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable, text_of
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context


class TextOptions(NoOptions):
    """Options of `text`."""

    case: Literal["keep", "lower", "upper"] = "keep"
    """The case that the hub keeps."""
    prefix: str = ""
    """Stands before the value at the vendor and not in the hub: `urn:blvd:Client:`. What lacks it is unreadable."""
    suffix: str = ""
    """Likewise behind it."""


_CASES: Mapping[str, Callable[[str], str]] = {"keep": str, "lower": str.lower, "upper": str.upper}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def plain_text(raw: Json) -> str | None:
    """Trimmed and composed, None where nothing is left.

    Raises:
        Unreadable: neither text nor a number, or characters that no database stores.
    """
    text = text_of(raw)
    if text.isascii() and "\x00" not in text:
        return text or None
    if _UNSTORABLE.search(text):
        raise Unreadable("holds characters that are no text")
    return unicodedata.normalize("NFC", text).strip() or None


def _text(options: TextOptions, _: Mapping[str, CodeTable]) -> Codec:
    in_case = _CASES[options.case]
    prefix, suffix = options.prefix, options.suffix

    def normal(raw: Json, _: Context) -> str | None:
        text = plain_text(raw)
        return text if in_case is str or text is None else plain_text(in_case(text))

    def within(raw: Json, context: Context) -> str | None:
        text = text_of(raw)
        if not (text.startswith(prefix) and text.endswith(suffix) and len(text) >= len(prefix) + len(suffix)):
            raise Unreadable(f"does not read {prefix}…{suffix}")
        return normal(text[len(prefix) : len(text) - len(suffix)], context)

    def framed(value: str, context: Context) -> str | None:
        text = normal(value, context)
        return text and f"{prefix}{text}{suffix}"

    if prefix or suffix:
        return Codec(within, framed, append=appended_lines)
    return Codec(normal, normal, append=appended_lines)


def appended_lines(theirs: str, ours: str) -> str:
    """Our lines behind theirs; theirs alone, if ours stand there as they are."""
    return theirs if f"\n{ours}\n" in f"\n{theirs}\n" else f"{theirs}\n{ours}"


_EMAIL = re.compile(r"[^@\s\x00\ud800-\udfff]+@[^@\s\x00\ud800-\udfff]+")


def _email(_: NoOptions, __: Mapping[str, CodeTable]) -> Codec:
    def normal(raw: Json, _: Context) -> str | None:
        text = unicodedata.normalize("NFC", text_of(raw).lower())
        if text and not _EMAIL.fullmatch(text):
            raise Unreadable("is not an e-mail address")
        return text or None

    return Codec(normal, normal)


_US_POSTAL = re.compile(r"([0-9]{5})(?:[- ]?([0-9]{4}))?")


def _postal_code(_: NoOptions, __: Mapping[str, CodeTable]) -> Codec:
    def normal(raw: Json, _: Context) -> str | None:
        text = " ".join(text_of(raw).upper().split())
        if _UNSTORABLE.search(text):
            raise Unreadable("holds characters that are no text")
        match = _US_POSTAL.fullmatch(text)
        if match is None:
            return unicodedata.normalize("NFC", text) or None
        return f"{match[1]}-{match[2]}" if match[2] else match[1]

    return Codec(normal, normal)


TEXT = CodecKind("text", _text, TextOptions)
EMAIL = CodecKind("email", _email)
"""Lower case, one @."""
POSTAL_CODE = CodecKind("postal_code", _postal_code)
"""Capitals, single spaces; nine digits of the United States as `78701-1234`."""
