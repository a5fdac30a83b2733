"""What a codec is: a pair of closures between a vendor's value and the hub's, made once from its options."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

Json = Any


class Unreadable(Exception):
    """A value that the codec cannot decode or encode. The message never holds the value."""

    def __init__(self, message: str, code: str = "invalid", hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        """The reason code, unless the field names its own."""
        self.hint = hint


class NoOptions(BaseModel):
    """The options of a codec that has none; those of the others derive from it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Codec:
    """decode(encode(x)) is x's normal form; encode(decode(v)) is stable. Both raise only Unreadable.

    A codec of several parts takes and gives a tuple, in the order of its kind's `parts`.
    """

    decode: Callable[[Json, Context], Any]
    encode: Callable[[Any, Context], Json]
    remark: Callable[[Any, Json, Context], Unreadable | None] | None = None
    """What a person should know about a value that was read all the same: (decoded, raw, context)."""


@dataclass(frozen=True, slots=True)
class CodecKind:
    """A named codec of the grammar."""

    name: str
    build: Callable[[Any, Mapping[str, CodeTable]], Codec]
    """From valid options. Raises ValueError where the options do not fit together."""
    options: type[NoOptions] = NoOptions
    parts: tuple[str, ...] = field(default=())
    """The names of its paths where it takes several; none: it takes one path."""
    words: bool = True
    """Whether it writes text or numbers, which a column can hold; the others need a tree."""


def text_of(raw: Json) -> str:
    """A vendor's value as trimmed text; numbers are taken as written.

    Raises:
        Unreadable: neither text nor a number.
    """
    if isinstance(raw, str):
        return raw.strip()
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return str(raw)
    raise Unreadable("is not text")
