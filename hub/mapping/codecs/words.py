"""Codes by table, yes and no, whole numbers."""

import re
from collections.abc import Mapping
from typing import Literal

from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Policy, Unreadable, text_of
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,14}")


class CodeOptions(NoOptions):
    """Options of `code`."""

    table: str
    """The name of a file in `mappings/codes/`."""
    unknown: Literal["problem", "keep", "default", "stop"] = "problem"
    """A word that is not in the table: a problem; kept (trimmed) and written back as it is; read as the field's default
    with a warning; or reason to stop the whole run, for a person to say what it means."""
    written: Literal["text", "json"] = "text"
    """`json`: a word that spells a whole number, `true` or `false` is written as one. Either is read."""


def _table(name: str, tables: Mapping[str, CodeTable]) -> CodeTable:
    if name not in tables:
        raise ValueError(f"unknown code table {name!r}; known: {', '.join(sorted(tables)) or 'none'}")
    return tables[name]


def _code(options: CodeOptions, tables: Mapping[str, CodeTable]) -> Codec:
    table = _table(options.table, tables)
    meanings, words, keep = table.meanings, table.words, options.unknown == "keep"
    policy: Policy = options.unknown if options.unknown in ("default", "stop") else "field"

    def decode(raw: Json, _: Context) -> str:
        text = str(raw).lower() if isinstance(raw, bool) else text_of(raw)
        found = meanings.get(text) or meanings.get(table.key_of(text))
        if found is None and keep and _storable(text):
            return text
        if found is None:
            hint = f"Add it to the code table {options.table!r} if it has a meaning"
            raise Unreadable("is a code that nobody has given a meaning", "unknown_code", hint, policy)
        return found

    def encode(value: str, _: Context) -> Json:
        found = words.get(str(value), str(value) if keep else None)
        if found is None:
            raise Unreadable("has no word for it in the code table", "unknown_code")
        return _spelled(found) if options.written == "json" else found

    return Codec(decode, encode)


def _spelled(word: str) -> str | int | bool:
    """The JSON value that a word spells."""
    if word in ("true", "false"):
        return word == "true"
    return int(word) if _WHOLE.fullmatch(word) else word


def _storable(text: str) -> bool:
    return bool(text) and "\x00" not in text and text.isprintable()


class BooleanOptions(NoOptions):
    """Options of `boolean`."""

    table: str | None = None
    """A code table with the codes `true` and `false`, for systems that write words; without it JSON's own."""
    inverse: bool = False
    """The vendor says the opposite: `archived` for `active`."""


def _boolean(options: BooleanOptions, tables: Mapping[str, CodeTable]) -> Codec:
    straight = _straight_boolean(options, tables)
    if not options.inverse:
        return straight
    return Codec(
        lambda raw, context: not straight.decode(raw, context),
        lambda value, context: straight.encode(not value, context),
    )


def _straight_boolean(options: BooleanOptions, tables: Mapping[str, CodeTable]) -> Codec:
    if options.table is None:
        return Codec(_json_boolean, lambda value, _: value)
    table = _table(options.table, tables)
    if set(table.codes) != {"true", "false"}:
        raise ValueError(f"the code table {options.table!r} needs the codes 'true' and 'false', and no other")
    word = _code(CodeOptions(table=options.table), tables)

    def decode(raw: Json, context: Context) -> bool:
        if isinstance(raw, bool):
            return raw
        return bool(word.decode(raw, context) == "true")

    def encode(value: object, context: Context) -> Json:
        return word.encode("true" if value else "false", context)

    return Codec(decode, encode)


def _json_boolean(raw: Json, _: Context) -> bool:
    if not isinstance(raw, bool):
        raise Unreadable("is neither true nor false", "unknown_code")
    return raw


def _integer(_: NoOptions, __: Mapping[str, CodeTable]) -> Codec:
    def decode(raw: Json, _: Context) -> int:
        text = text_of(raw)
        if len(text) > 15 or not text.removeprefix("-").isdecimal() or not text.isascii():
            raise Unreadable("is not a whole number", "bad_number")
        return int(text)

    return Codec(decode, lambda value, _: value)


CODE = CodecKind("code", _code, CodeOptions, recurs=True)
BOOLEAN = CodecKind("boolean", _boolean, BooleanOptions, recurs=True, sample=True)
INTEGER = CodecKind("integer", _integer, sample=30)
