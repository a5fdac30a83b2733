"""The grammar of a mapping table, and what is wrong with one, by file, line and key."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from hub.canonical import records
from hub.canonical.ids import Kind
from hub.documents import Document, Path, parse
from hub.errors import InvalidInput, Problem
from hub.mapping.codecs import KINDS
from hub.mapping.codecs.codec import Codec, CodecKind
from hub.mapping.codes import CodeTable
from hub.mapping.paths import BadPath, Place, parse_column, parse_place

MODELS: Mapping[Kind, type[records.Record]] = {
    Kind.PATIENT: records.Patient,
    Kind.PROVIDER: records.Provider,
    Kind.LOCATION: records.Location,
    Kind.RESOURCE: records.Resource,
    Kind.SERVICE: records.Service,
    Kind.VISIT: records.Visit,
}


class Direction(StrEnum):
    """Which way a field runs."""

    BOTH = "both"
    READ = "read"
    WRITE = "write"
    CREATE = "create"
    """Read, and written only when the record is made."""


class FieldSpec(BaseModel):
    """One canonical field. Keys beyond these are its codec's options."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    path: str | None = None
    """Where the value stands; alternatives divided by ` | `: the first that holds something is read."""
    paths: dict[str, str] = {}
    """For a codec of several parts: part → path."""
    codec: str = "text"
    direction: Direction = Direction.BOTH
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

    @model_validator(mode="after")
    def _one_way_to_say_where(self) -> Self:
        if self.path is not None and self.paths:
            raise ValueError("give 'path' or 'paths', not both")
        if self.path is None and not self.paths and self.default is None:
            raise ValueError("give 'path', 'paths' or a 'default'")
        return self


class TableSpec(BaseModel):
    """A file `mappings/<system>/<record>.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    about: str = ""
    """What the record is, and where the vendor describes it."""
    record: Kind
    """The canonical kind."""
    shape: Literal["tree", "row"] = "tree"
    """A tree of objects and lists (JSON), or a row of text by column (then a path is a column's name)."""
    constants: dict[str, Any] = {}
    """Path → what every record that we make says there."""
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
    spec: FieldSpec
    kind: CodecKind
    codec: Codec
    places: tuple[tuple[Place, ...], ...]
    """For each part the alternatives, in order; none at all for a field that is its default."""


@dataclass(frozen=True, slots=True)
class Table:
    """A checked table, not yet compiled."""

    spec: TableSpec
    file: str
    constants: tuple[tuple[Place, Any], ...]
    fields: tuple[FieldPlan, ...]


def read_codes(text: str, file: str) -> CodeTable:
    """A file of `mappings/codes/`.

    Raises:
        InvalidInput: with a problem for each place that is wrong.
    """
    return parse(text, file).read_as(CodeTable)


def read_table(text: str, file: str, codes: Mapping[str, CodeTable]) -> Table:
    """A mapping file and the code tables it may name, checked whole.

    Raises:
        InvalidInput: with a problem for each place that is wrong.
    """
    document = parse(text, file)
    spec = document.read_as(TableSpec)
    check = _Check(document, spec, codes)
    fields = tuple(plan for name, field in spec.fields.items() if (plan := check.field(name, field)))
    constants = tuple((place, value) for key, value in spec.constants.items() if (place := check.constant(key)))
    if check.problems:
        raise InvalidInput(*check.problems)
    return Table(spec, file, constants, fields)


class _Check:
    """Goes through a table and collects every problem."""

    def __init__(self, document: Document, spec: TableSpec, codes: Mapping[str, CodeTable]) -> None:
        self.document = document
        self.spec = spec
        self.codes = codes
        self.problems: list[Problem] = []
        self.known = [name for name in MODELS[spec.record].model_fields if name != "id"]

    def constant(self, text: str) -> Place | None:
        return self._place(text, ("constants", text))

    def field(self, name: str, spec: FieldSpec) -> FieldPlan | None:
        at: Path = ("fields", name)
        before = len(self.problems)
        if name not in self.known:
            self._problem(at, f"a {self.spec.record} has no field {name!r}", _known(name, self.known))
        kind = KINDS.get(spec.codec)
        if kind is None:
            self._problem((*at, "codec"), f"unknown codec {spec.codec!r}", _known(spec.codec, KINDS))
            return None
        codec = self._codec(spec, kind, at)
        places = self._places(spec, kind, at)
        self._fits(name, spec, at)
        if codec is None or len(self.problems) > before:
            return None
        return FieldPlan(name, spec, kind, codec, places)

    def _fits(self, name: str, spec: FieldSpec, at: Path) -> None:
        """The default and every code of a code table must be values that the canonical field can have."""
        table = self.codes.get(str((spec.model_extra or {}).get("table"))) if spec.codec == "code" else None
        given = [("default", spec.default)] if spec.default is not None else []
        given += [("table", code) for code in (table.codes if table else ())]
        if name not in self.known or not given:
            return
        field: TypeAdapter[Any] = TypeAdapter(MODELS[self.spec.record].model_fields[name].annotation or Any)
        for key, value in given:
            try:
                field.validate_python(value)
            except ValidationError as error:
                hint = error.errors(include_url=False)[0]["msg"]
                self._problem((*at, key), f"{value!r} is no {name} of a {self.spec.record}", hint)

    def _codec(self, spec: FieldSpec, kind: CodecKind, at: Path) -> Codec | None:
        try:
            options = kind.options.model_validate(spec.model_extra or {})
        except ValidationError as error:
            for found in error.errors(include_url=False):
                self._wrong_option(found["type"], found["msg"], (*at, *found["loc"]), kind)
            return None
        try:
            codec = kind.build(options, self.codes)
        except ValueError as error:
            self._problem((*at, "table"), str(error))
            return None
        if self.spec.shape == "row" and spec.codec == "boolean" and "table" not in (spec.model_extra or {}):
            self._problem((*at, "codec"), "a column holds words: 'boolean' needs a 'table' here")
        return codec

    def _wrong_option(self, kind_of_error: str, message: str, at: Path, kind: CodecKind) -> None:
        key = str(at[-1])
        if kind_of_error == "extra_forbidden":
            known = [*FieldSpec.model_fields, *kind.options.model_fields]
            self._problem(at, f"unknown key {key!r} of a field with the codec {kind.name!r}", _known(key, known))
        elif kind_of_error == "missing":
            self._problem(at, f"the codec {kind.name!r} needs {key!r}", "Add it")
        else:
            self._problem(at, message.removeprefix("Value error, "))

    def _places(self, spec: FieldSpec, kind: CodecKind, at: Path) -> tuple[tuple[Place, ...], ...]:
        if spec.path is None and not spec.paths:
            return ()
        parts = tuple(spec.paths)
        if set(parts) != set(kind.parts):
            wanted = f"'paths' with {', '.join(kind.parts)}" if kind.parts else "one 'path'"
            self._problem(at, f"the codec {kind.name!r} takes {wanted}")
            return ()
        if spec.path is not None:
            return (self._alternatives(spec.path, (*at, "path"), spec),)
        return tuple(self._alternatives(spec.paths[part], (*at, "paths", part), spec) for part in kind.parts)

    def _alternatives(self, text: str, at: Path, spec: FieldSpec) -> tuple[Place, ...]:
        return tuple(place for part in text.split(" | ") if (place := self._place(part, at, spec)))

    def _place(self, text: str, at: Path, spec: FieldSpec | None = None) -> Place | None:
        if self.spec.shape == "row":
            return parse_column(text)
        try:
            return parse_place(text.strip(), spec.also, spec.forget) if spec else parse_place(text)
        except BadPath as error:
            self._problem(at, str(error), "mappings/README.md shows the paths")
            return None

    def _problem(self, at: Path, message: str, hint: str | None = None) -> None:
        self.problems.append(self.document.problem(at, message, hint))


def _known(wrong: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    return f"{guess}Known: {', '.join(names)}"
