"""What all blocks of a connection share, and the small words they are written in."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from hub.mapping.paths import BadPath, parse_place

T = TypeVar("T")
Where = tuple[str | int, ...]
Wrong = tuple[Where, str, str | None]
"""Where in the file, what is wrong, and what to do."""


class Declared(BaseModel):
    """Frozen, and closed against unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def find_problems(self) -> Iterator[Wrong]:
        """What is wrong although each key by itself is right, places counted from this block."""
        return iter(())


def within(where: Where, block: Declared | None) -> Iterator[Wrong]:
    """The problems of a block that stands at `where`."""
    if block is not None:
        yield from (((*where, *inner), message, hint) for inner, message, hint in block.find_problems())


def _is_path(text: str) -> str:
    try:
        parse_place(text)
    except BadPath as error:
        raise ValueError(f"not a path: {error}") from None
    return text


JsonPath = Annotated[str, AfterValidator(_is_path)]
"""Where a value stands in an answer or a record, in the grammar of mappings/README.md: `data.items`, `meta.next[0]`."""


def _one_is_a_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


OneOrMore = Annotated[tuple[T, ...], BeforeValidator(_one_is_a_list)]
"""A list, or one thing for a list of one."""

_DURATION = re.compile(r"([1-9][0-9]{0,4})\s*(ms|s|m|h|d)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if value == 0:
        return timedelta()
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("not a span of time; write it as 30s, 2m, 1h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


Duration = Annotated[timedelta, BeforeValidator(_duration)]

Template = Any
"""Any YAML; a text `{name}` by itself stands for the value of that name, inside a longer text for its text."""
NAME = re.compile(r"\{([a-z][A-Za-z0-9_.]*)\}")


def names_in(template: Template) -> set[str]:
    """The names that a template uses."""
    if isinstance(template, str):
        return set(NAME.findall(template))
    parts = template.values() if isinstance(template, dict) else template if isinstance(template, list) else ()
    return {name for part in parts for name in names_in(part)}
