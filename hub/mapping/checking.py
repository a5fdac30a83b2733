"""What is wrong with a mapping table, by file, line and key."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hub.canonical.ids import Kind
from hub.canonical.phi import phi_classes
from hub.canonical.records import MODELS
from hub.documents import Document, Path, meant, parse, what_is_wrong
from hub.errors import InvalidInput, Problem
from hub.mapping.codecs import KINDS
from hub.mapping.codecs.codec import Codec, CodecKind
from hub.mapping.codes import CodeTable
from hub.mapping.filters import compile_filter, is_filter_path
from hub.mapping.joins import AWAITED, JOINABLE
from hub.mapping.paths import BadPath, Place, Step, parse_column, parse_place
from hub.mapping.spec import ConstantSpec, EachSpec, FieldPlan, FieldSpec, JoinSpec, Table, TableSpec, WriteMode

GRAMMAR = "mappings/README.md shows the paths"


def read_table(text: str, file: str, codes: Mapping[str, CodeTable]) -> Table:
    """A mapping file and the code tables it may name, checked whole.

    Raises:
        InvalidInput: with a problem for each place that is wrong.
    """
    document = parse(text, file)
    spec = document.read_as(TableSpec)
    check = _Check(document, spec, codes)
    each = check.each(spec.each) if spec.each else None
    fields = tuple(plan for name, field in spec.fields.items() if (plan := check.field(name, field)))
    joins = check.joins(spec.joins) if spec.joins else None
    constants = tuple(found for key, value in spec.constants.items() if (found := check.constant(key, value)))
    check.only()
    check.names()
    if check.problems:
        raise InvalidInput(*check.problems)
    only = compile_filter(spec.only, row=spec.shape == "row")
    return Table(spec, file, constants, fields, only, each, joins)


class _Check:
    """Goes through a table and collects every problem."""

    def __init__(self, document: Document, spec: TableSpec, codes: Mapping[str, CodeTable]) -> None:
        self.document = document
        self.spec = spec
        self.codes = codes
        self.problems: list[Problem] = []
        self.known = [name for name in MODELS[spec.record].model_fields if name != "id"]
        self.personal = phi_classes(MODELS[spec.record])
        self.elements: tuple[Step, ...] = ()

    def each(self, each: EachSpec) -> tuple[Place, Place | None] | None:
        at: Path = ("each",) if "path" not in self.document.value["each"] else ("each", "path")
        if self.spec.shape == "row":
            self._problem(at, "a row holds no list")
            return None
        try:
            place = parse_place(each.path, in_each=True)
        except BadPath as error:
            self._problem(at, str(error), GRAMMAR)
            return None
        if not place.steps[-1].each or any(step.in_list and not step.each for step in place.steps):
            self._problem(at, "'each' is the path of a list and ends in [*]", "Such as appointmentServices[*]")
            return None
        self.elements = place.steps
        return place, self._place(each.id, ("each", "id")) if each.id else None

    def joins(self, joins: JoinSpec) -> FieldPlan | None:
        """The key, as a reference that is written once; a table of parts has none."""
        at: Path = ("joins",) if isinstance(self.document.value["joins"], str) else ("joins", "path")
        if self.spec.record not in JOINABLE:
            message = f"a {self.spec.record} is not put together of several records: only patients are"
            self._problem(("joins",), message, "Remove it, and let each record say all of one")
        if self.spec.each is not None:
            self._problem(("joins",), "'each' takes records apart, 'joins' puts them together", "Say one of the two")
        options = {"kind": self.spec.record, "prefix": joins.prefix, "written": joins.written, "unknown": AWAITED}
        spec = FieldSpec(path=joins.path, codec="reference", required=True, write=WriteMode.IF_NEW)
        kind = KINDS["reference"]
        codec = kind.build(kind.options.model_validate(options), {})
        places = self._alternatives(joins.path, at, spec)
        return FieldPlan("joins", ("id",), spec, kind, codec, (places,), None, shows_value=True) if places else None

    def only(self) -> None:
        for number, table in enumerate(self.spec.only):
            for path in table:
                if self.spec.shape != "row" and not is_filter_path(path):
                    at: Path = (
                        ("only", path) if isinstance(self.document.value["only"], dict) else ("only", number, path)
                    )
                    hint = "Keys divided by dots; any element of a list on the way counts"
                    self._problem(at, "not a path of a filter", hint)

    def names(self) -> None:
        """A canonical field is filled once."""
        seen: dict[str, str] = {}
        for key in self.spec.fields:
            for name in _names(key):
                if seen.setdefault(name, key) != key:
                    self._problem(("fields", key), f"{name!r} is filled by {seen[name]!r} already")

    def constant(self, text: str, value: Any) -> tuple[Place, ConstantSpec] | None:
        at: Path = ("constants", text)
        place = self._place(text, at)
        if not isinstance(value, dict) or "value" not in value:
            return (place, ConstantSpec(value=value)) if place else None
        try:
            constant = ConstantSpec.model_validate(value)
        except ValidationError as error:
            for found in error.errors(include_url=False):
                self._problem((*at, *found["loc"]), *what_is_wrong(dict(found)))
            return None
        return (place, constant) if place else None

    def field(self, name: str, spec: FieldSpec) -> FieldPlan | None:
        at: Path = ("fields", name)
        before = len(self.problems)
        names = _names(name)
        for one in names:
            if one not in self.known:
                self._problem(at, f"a {self.spec.record} has no field {one!r}", meant(one, self.known))
        kind = KINDS.get(spec.codec)
        if kind is None:
            self._problem((*at, "codec"), f"unknown codec {spec.codec!r}", meant(spec.codec, KINDS))
            return None
        codec = self._codec(spec, kind, at)
        places = self._places(spec, kind, at)
        zone = self._place(spec.zone, (*at, "zone")) if spec.zone else None
        self._fits(names, spec, kind, at)
        if codec is not None:
            self._goes_together(spec, codec, at)
        if codec is None or len(self.problems) > before:
            return None
        return FieldPlan(name, names, spec, kind, codec, places, zone, shows_value=self._shows(names, spec))

    def _shows(self, names: tuple[str, ...], spec: FieldSpec) -> bool:
        options = spec.model_extra or {}
        of_patient = options.get("kind") == Kind.PATIENT and options.get("by") == "name"
        free_text = spec.codec in ("text", "joined", "list")
        return not free_text and not of_patient and not any(name in self.personal for name in names)

    def _goes_together(self, spec: FieldSpec, codec: Codec, at: Path) -> None:
        options = spec.model_extra or {}
        if spec.write is WriteMode.APPEND and codec.append is None:
            self._problem(
                (*at, "write"), f"nothing can be appended by the codec {spec.codec!r}", "Such as text or list"
            )
        if options.get("unknown") == "default" and spec.codec == "code" and spec.default is None:
            self._problem((*at, "unknown"), "'unknown: default' needs a 'default'", "Add it")
        if self.spec.shape != "row":
            return
        if spec.codec == "boolean" and "table" not in options:
            self._problem((*at, "codec"), "a column holds words: 'boolean' needs a 'table' here")
        if spec.codec == "list" and "separator" not in options:
            self._problem((*at, "codec"), "a column holds text: 'list' needs a 'separator' here")

    def _fits(self, names: tuple[str, ...], spec: FieldSpec, kind: CodecKind, at: Path) -> None:
        """What the codec reads, the default and every code of a code table must be values that the field can have."""
        if len(names) != kind.fields:
            how = (
                "fills one field" if kind.fields == 1 else f"fills {kind.fields} fields, named given_name + family_name"
            )
            self._problem(at, f"the codec {kind.name!r} {how}")
            return
        if any(name not in self.known for name in names):
            return
        if kind.fields > 1:
            if spec.default is not None:
                self._problem((*at, "default"), "several fields together have no default")
            return
        self._fits_one(names[0], spec, kind, at)

    def _fits_one(self, name: str, spec: FieldSpec, kind: CodecKind, at: Path) -> None:
        table = self.codes.get(str((spec.model_extra or {}).get("table"))) if spec.codec == "code" else None
        given = [("default", spec.default)] if spec.default is not None else []
        given += [("table", code) for code in (table.codes if table else ())]
        field: TypeAdapter[Any] = TypeAdapter(MODELS[self.spec.record].model_fields[name].annotation or Any)
        for key, value in given:
            try:
                field.validate_python(value)
            except ValidationError as error:
                hint = error.errors(include_url=False)[0]["msg"]
                self._problem((*at, key), f"{value!r} is no {name} of a {self.spec.record}", hint)
        if spec.path is None and not spec.paths:
            return
        try:
            field.validate_python(kind.sample)
        except ValidationError as error:
            if spec.codec != "code":
                hint = error.errors(include_url=False)[0]["msg"]
                message = f"the codec {kind.name!r} reads no {name} of a {self.spec.record}"
                self._problem((*at, "codec") if "codec" in spec.model_fields_set else at, message, hint)

    def _codec(self, spec: FieldSpec, kind: CodecKind, at: Path) -> Codec | None:
        given = dict(spec.model_extra or {})
        if kind.any_parts:
            if "parts" in given:
                self._wrong_option("extra_forbidden", ("", None), (*at, "parts"), kind)
                return None
            given["parts"] = len(spec.paths)
        try:
            options = kind.options.model_validate(given)
        except ValidationError as error:
            for found in error.errors(include_url=False):
                self._wrong_option(found["type"], what_is_wrong(dict(found)), (*at, *found["loc"]), kind)
            return None
        try:
            return kind.build(options, self.codes)
        except ValueError as error:
            self._problem((*at, "table"), str(error))
            return None

    def _wrong_option(self, kind_of_error: str, said: tuple[str, str | None], at: Path, kind: CodecKind) -> None:
        key = str(at[-1])
        if kind_of_error == "extra_forbidden":
            known = [*FieldSpec.model_fields, *kind.options.model_fields]
            self._problem(at, f"unknown key {key!r} of a field with the codec {kind.name!r}", meant(key, known))
        elif kind_of_error == "missing":
            self._problem(at, f"the codec {kind.name!r} needs {key!r}", "Add it")
        else:
            self._problem(at, *said)

    def _places(self, spec: FieldSpec, kind: CodecKind, at: Path) -> tuple[tuple[Place, ...], ...]:
        if spec.path is None and not spec.paths:
            return ()
        parts = tuple(spec.paths)
        right = len(parts) > 1 if kind.any_parts else set(parts) == set(kind.parts)
        if not right:
            several = "two parts or more" if kind.any_parts else ", ".join(kind.parts)
            self._problem(
                at, f"the codec {kind.name!r} takes " + (f"'paths' with {several}" if several else "one 'path'")
            )
            return ()
        if spec.path is not None:
            return (self._alternatives(spec.path, (*at, "path"), spec),)
        in_order = parts if kind.any_parts else kind.parts
        return tuple(self._alternatives(spec.paths[part], (*at, "paths", part), spec) for part in in_order)

    def _alternatives(self, text: str, at: Path, spec: FieldSpec) -> tuple[Place, ...]:
        return tuple(place for part in text.split(" | ") if (place := self._place(part, at, spec)))

    def _place(self, text: str, at: Path, spec: FieldSpec | None = None) -> Place | None:
        if self.spec.shape == "row":
            return parse_column(text)
        try:
            also, forget = (spec.also, spec.forget) if spec else ({}, ())
            place = parse_place(text.strip(), also, forget, in_each=bool(self.elements))
        except BadPath as error:
            self._problem(at, str(error), GRAMMAR)
            return None
        last = max((depth for depth, step in enumerate(place.steps) if step.each), default=-1)
        if place.steps[: last + 1] != self.elements[: last + 1]:
            self._problem(at, "[*] stands where 'each' does not come by", "Name a place in the list, or mend 'each'")
            return None
        return place

    def _problem(self, at: Path, message: str, hint: str | None = None) -> None:
        self.problems.append(self.document.problem(at, message, hint))


def _names(key: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in key.split(" + "))
