"""The grammar of a mapping table; `checking.py` says what is wrong with one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS
from hub.documents import parse
from hub.mapping.codecs.codec import Codec, CodecKind
from hub.mapping.codes import CodeTable
from hub.mapping.filters import Condition, Filter
from hub.mapping.paths import Place


class Direction(StrEnum):
    """Which way a field runs."""

    BOTH = "both"
    READ = "read"
    WRITE = "write"


class WriteMode(StrEnum):
    """What writing does to what stands there."""

    OVERWRITE = "overwrite"
    """It says the hub's value, and nothing where the hub holds nothing."""
    IF_EMPTY = "if_empty"
    """It stays, if it holds anything; nothing is ever taken away."""
    IF_NEW = "if_new"
    """It is written when the record is made, and then never."""
    APPEND = "append"
    """The hub's value is added to it, once; nothing is ever taken away."""


class FieldSpec(BaseModel):
    """One canonical field. Keys beyond these are its codec's options."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    path: str | None = None
    """Where the value stands; alternatives divided by ` | `: the first that holds something is read."""
    paths: dict[str, str] = {}
    """For a codec of several parts: part → path."""
    codec: str = "text"
    direction: Direction = Direction.BOTH
    write: WriteMode = WriteMode.OVERWRITE
    required: bool = False
    """Nothing there is a problem (`missing`)."""
    default: Any = None
    """The canonical value where nothing stands there; without a path: always."""
    problem: Literal["reject", "blank"] = "reject"
    """What an unreadable value does: the record is rejected, or the field stays empty and a warning says so."""
    code: str | None = None
    """The reason code of this field's problems, instead of the codec's own."""
    also: dict[str, Any] = {}
    """What a list element made for this path says besides: `{status: accepted}`."""
    forget: tuple[str, ...] = ()
    """Keys beside the value that go when it changes: `[display]` beside a reference."""
    zone: str | None = None
    """The path of the IANA zone that this field's wall times are in; where nothing stands there, the connection's."""

    @model_validator(mode="after")
    def _one_way_to_say_where(self) -> Self:
        if self.path is not None and self.paths:
            raise ValueError("give 'path' or 'paths', not both")
        if self.path is None and not self.paths and self.default is None:
            raise ValueError("give 'path', 'paths' or a 'default'")
        return self


class ConstantSpec(BaseModel):
    """A constant that is not written always."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    value: Any
    write: Literal["overwrite", "if_new"] = "overwrite"


class EachSpec(BaseModel):
    """Of one record several are made: one an element of a list."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    path: str
    """The list, ending in `[*]`; the fields' paths name its element by the same words."""
    id: str | None = None
    """The path of what tells the elements apart, best an id of their own; without it their place in the list."""


class JoinSpec(BaseModel):
    """The record is no record of its own here: it says more of one that another connection makes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    path: str
    """Where the id of that other record stands."""
    prefix: str = ""
    """Stands before the id, as of a `reference`."""
    written: Literal["text", "number"] = "text"


class TableSpec(BaseModel):
    """A file `mappings/<system>/<record>.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    about: str = ""
    """What the record is, and where the vendor describes it."""
    record: Kind
    """The canonical kind."""
    shape: Literal["tree", "row"] = "tree"
    """A tree of objects and lists (JSON), or a row of text by column (then a path is a column's name)."""
    only: tuple[dict[str, Condition], ...] = ()
    """Which of the stream's records are of this kind: path → what must stand there, all of it; of a list of such
    tables one is enough. Nothing: every one."""
    each: EachSpec | None = None
    joins: JoinSpec | None = None
    """Whose record it adds to: the path of that record's id in the system that the connection `joins`."""
    constants: dict[str, Any] = {}
    """Path → what every record that we write says there; `{value: …, write: if_new}`: that we make."""
    invalid: str = "invalid"
    """The reason code of a record whose fields are each right and do not fit together."""
    fields: dict[str, FieldSpec] = Field(min_length=1)
    """Canonical field → where and how; a bare text is the path of a `text`."""

    @field_validator("record")
    @classmethod
    def _is_canonical(cls, kind: Kind) -> Kind:
        if kind not in MODELS:
            raise ValueError(f"the hub has no canonical {kind} yet; known: {', '.join(MODELS)}")
        return kind

    @field_validator("only", mode="before")
    @classmethod
    def _one_table_is_a_list_of_one(cls, only: Any) -> Any:
        return [only] if isinstance(only, dict) else only

    @field_validator("each", mode="before")
    @classmethod
    def _bare_text_is_the_list(cls, each: Any) -> Any:
        return {"path": each} if isinstance(each, str) else each

    @field_validator("joins", mode="before")
    @classmethod
    def _bare_text_is_the_id(cls, joins: Any) -> Any:
        return {"path": joins} if isinstance(joins, str) else joins

    @field_validator("fields", mode="before")
    @classmethod
    def _bare_text_is_a_path(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        return {name: {"path": field} if isinstance(field, str) else field for name, field in fields.items()}


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A field, checked: its places parsed, its codec built."""

    name: str
    """As the table calls it."""
    names: tuple[str, ...]
    """The canonical fields: one, or as many as its codec fills."""
    spec: FieldSpec
    kind: CodecKind
    codec: Codec
    places: tuple[tuple[Place, ...], ...]
    """For each part the alternatives, in order; none at all for a field that is its default."""
    zone: Place | None
    shows_value: bool
    """Whether a problem may hold the value: never a personal field's, nor free text."""

    @property
    def in_parts(self) -> bool:
        """Whether its codec takes and gives a tuple of parts."""
        return bool(self.spec.paths)


@dataclass(frozen=True, slots=True)
class Table:
    """A checked table, not yet compiled."""

    spec: TableSpec
    file: str
    constants: tuple[tuple[Place, ConstantSpec], ...]
    fields: tuple[FieldPlan, ...]
    only: Filter | None
    each: tuple[Place, Place | None] | None
    """Where the elements stand, and what tells them apart."""
    joins: FieldPlan | None = None
    """The id of the record that it adds to, read and written as a reference."""

    @property
    def plans(self) -> tuple[FieldPlan, ...]:
        """Its fields, before them the id of the record that it adds to."""
        return (self.joins, *self.fields) if self.joins is not None else self.fields


def read_codes(text: str, file: str) -> CodeTable:
    """A file of `mappings/codes/`.

    Raises:
        InvalidInput: with a problem for each place that is wrong.
    """
    return parse(text, file).read_as(CodeTable)
