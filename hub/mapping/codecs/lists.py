"""Lists of words: tags, codes."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable
from hub.mapping.codecs.text import plain_text
from hub.mapping.codecs.words import CODE, CodeOptions
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context


class ListOptions(NoOptions):
    """Options of `list`."""

    separator: str | None = Field(default=None, min_length=1)
    """The list is one text, divided by this; without it JSON's own list. A tree's text is read with commas, too."""
    table: str | None = None
    """A code table of its words."""
    unknown: Literal["problem", "keep"] = "problem"
    """As for `code`."""


def _list(options: ListOptions, tables: Mapping[str, CodeTable]) -> Codec:
    word = CODE.build(CodeOptions(table=options.table, unknown=options.unknown), tables) if options.table else None
    separator = options.separator or ","

    def decode(raw: Json, context: Context) -> tuple[str, ...] | None:
        parts = raw.split(separator) if isinstance(raw, str) else raw
        if not isinstance(parts, list):
            raise Unreadable("is not a list")
        texts = [text for part in parts if part is not None and (text := plain_text(part))]
        found = [str(word.decode(text, context)) for text in texts] if word else texts
        return tuple(dict.fromkeys(found)) or None

    def encode(value: tuple[str, ...], context: Context) -> Json:
        words = [word.encode(each, context) for each in value] if word else list(value)
        if options.separator is None:
            return words
        if any(separator in each or each != each.strip() for each in words):
            raise Unreadable("holds a word with the separator in it")
        return (separator if separator.isspace() else f"{separator} ").join(words)

    return Codec(decode, encode, append=_together)


def _together(theirs: tuple[str, ...], ours: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*theirs, *ours)))


LIST = CodecKind("list", _list, ListOptions, sample=("a word",))
