"""Which records of a stream are of a table's kind: what must stand where. Decided on the vendor's own record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

Json = Any
Scalar = StrictBool | StrictInt | StrictStr


class _Asked(BaseModel):
    """What must stand at a path. Where lists stand in its way, one of their elements is enough."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    present: StrictBool | None = None
    """Something stands there, or nothing does."""
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = Field(default=None, alias="in", min_length=1)
    not_in: tuple[Scalar, ...] | None = Field(default=None, min_length=1)
    """None of these stands there; nothing at all may."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say 'present', 'equals', 'in' or 'not_in'")
        return self

    def holds(self, found: Sequence[Json]) -> bool:
        """Whether what stands there is what is asked."""
        said = [_word(value) for value in found]
        if self.present is not None and self.present != bool(found):
            return False
        if self.equals is not None and _word(self.equals) not in said:
            return False
        if self.one_of is not None and not any(_word(one) in said for one in self.one_of):
            return False
        return self.not_in is None or not any(_word(one) in said for one in self.not_in)


def _asked(value: Any) -> Any:
    if isinstance(value, list):
        return {"in": value}
    return value if isinstance(value, dict) else {"equals": value}


Condition = Annotated[_Asked, BeforeValidator(_asked)]
"""A bare value is `equals`, a bare list is `in`."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Takes a record if all conditions of one of its tables hold."""

    tables: tuple[tuple[tuple[Callable[[Json], list[Json]], _Asked], ...], ...]

    def takes(self, payload: Mapping[str, Json]) -> bool:
        """Whether the record is of the kind. Raises nothing, whatever the payload holds."""
        return any(all(asked.holds(read(payload)) for read, asked in table) for table in self.tables)


def compile_filter(only: Sequence[Mapping[str, _Asked]], *, row: bool) -> Filter | None:
    """None where every record is taken."""
    if not only:
        return None
    return Filter(tuple(tuple((_finder(path, row=row), asked) for path, asked in table.items()) for table in only))


def is_filter_path(text: str) -> bool:
    """Keys divided by dots; a list on the way, with `[*]` or without, means any of its elements."""
    return all(key and not set("[]=|") & set(key) for key in _keys(text))


def _keys(text: str) -> list[str]:
    return [part.strip().removesuffix("[*]") for part in text.split(".")]


def _finder(path: str, *, row: bool) -> Callable[[Json], list[Json]]:
    keys = [path] if row else _keys(path)

    def found(payload: Json) -> list[Json]:
        nodes = [payload]
        for key in keys:
            nodes = [node.get(key) for node in nodes if isinstance(node, dict)]
            nodes = [each for node in nodes for each in (node if isinstance(node, list) else [node])]
        return [node for node in nodes if _holds(node)]

    return found


def _holds(node: Json) -> bool:
    return node is not None and node != {} and not (isinstance(node, str) and not node.strip())


def _word(value: Json) -> str:
    """In the form in which values are compared: a column says `1` and `true` as text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip() if isinstance(value, (str, int, float)) else ""
