"""What a codec is: a pair of closures between a vendor's value and the hub's, made once from its options."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

Json = Any
Policy = Literal["field", "default", "stop"]
"""As the field's `problem` says; its default with a warning; the whole run stops."""


class Unreadable(Exception):
    """A value that the codec cannot decode or encode. The message never holds the value."""

    def __init__(self, message: str, code: str = "invalid", hint: str | None = None, policy: Policy = "field") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        """The reason code, unless the field names its own."""
        self.hint = hint
        self.policy = policy
        """What follows, where the codec says it instead of the field."""


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
    append: Callable[[Any, Any], Any] | None = None
    """For `write: append`: what the vendor means and ours, as one value; theirs, if it holds ours already."""


@dataclass(frozen=True, slots=True)
class CodecKind:
    """A named codec of the grammar."""

    name: str
    build: Callable[[Any, Mapping[str, CodeTable]], Codec]
    """From valid options. Raises ValueError where the options do not fit together."""
    options: type[NoOptions] = NoOptions
    parts: tuple[str, ...] = field(default=())
    """The names of its paths where it takes several; none: it takes one path."""
    any_parts: bool = False
    """It takes as many paths as its field names, two at least; its options learn how many (`parts`)."""
    fields: int = 1
    """How many canonical fields it fills; of several, the field's key is `given_name + family_name`."""
    recurs: bool = False
    """Few values come again and again, and mean the same whoever is linked: what was read is kept in mind."""
    sample: Any = "a text"
    """A value as it decodes: a canonical field that cannot hold it cannot be read by this codec."""


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
