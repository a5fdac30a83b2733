"""One record through its table, for somebody who writes the table: field by field, and what would be written back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.canonical.phi import phi_classes
from hub.canonical.records import MODELS, Canonical
from hub.canonical.source import SourceRecord
from hub.errors import Problem, RecordRejected
from hub.mapping.apply import TwoWay, decode, encode, view
from hub.mapping.codecs.codec import Json
from hub.mapping.context import Context
from hub.mapping.paths import Place
from hub.mapping.reading import Decoded, raw_reader, where
from hub.mapping.spec import Direction, FieldPlan

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, and how personal it is; None: not personal."""

    value: Json
    phi: str | None = None


@dataclass(frozen=True, slots=True)
class FieldPreview:
    """One field of the table."""

    name: str
    path: str
    there: Shown
    """As the vendor says it: the parts of several paths in a list."""
    here: Shown
    written: Shown | None
    """As a new record would say it; None: this table does not write it."""
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A place of the vendor's record that writing back would change."""

    path: str
    before: Shown
    after: Shown


@dataclass(frozen=True, slots=True)
class RecordPreview:
    """One record of the table's kind."""

    id: str
    record: Canonical | None
    fields: tuple[FieldPreview, ...]
    problems: tuple[Problem, ...]
    """Of the record as a whole: how its fields fit together, or why it cannot be written."""
    changes: tuple[Change, ...]
    """What writing the record back unchanged would change there: nothing, if the table is sound."""
    unmapped: tuple[tuple[str, str], ...]
    """What is there and no field speaks of: path, and the shape of the value."""

    @property
    def holds_nothing(self) -> bool:
        """Nothing stands at any of the table's paths: it is hardly a record of this kind."""
        raw = [field.there.value for field in self.fields if field.path]
        return all(part in (None, "") for one in raw for part in (one if isinstance(one, list) else [one]))


def preview(mapping: TwoWay, source: SourceRecord, context: Context) -> RecordPreview:
    """A record, or one part of a record (`records_of`), through its table and back."""
    decoded, payload = decode(mapping, source, context), view(mapping, source)
    made, of_new = _written(mapping, decoded.record, context, None)
    again, of_old = _written(mapping, decoded.record, context, payload)
    fields = tuple(_field(mapping, plan, payload, decoded, made) for plan in mapping.table.plans)
    told = {id(problem) for field in fields for problem in (*field.problems, *field.warnings)}
    rest = [problem for problem in (*decoded.problems, *decoded.warnings) if id(problem) not in told]
    marks = _marks(mapping, payload)
    return RecordPreview(
        source.ref.id,
        decoded.record,
        fields,
        (*rest, *of_old, *(one for one in of_new if one not in of_old)),
        tuple(_changes(payload, again, marks)) if again is not None else (),
        tuple(_unmapped(mapping, payload)),
    )


def _written(
    mapping: TwoWay, record: Canonical | None, context: Context, onto: Mapping[str, Json] | None
) -> tuple[dict[str, Json] | None, tuple[Problem, ...]]:
    if record is None:
        return None, ()
    try:
        return encode(mapping, record, context, onto), ()
    except RecordRejected as error:
        return None, error.problems


def _field(
    mapping: TwoWay, plan: FieldPlan, payload: dict[str, Json], decoded: Decoded, made: dict[str, Json] | None
) -> FieldPreview:
    phi = _phi(mapping, plan)
    raw = raw_reader(plan)(payload) if plan.places else None
    values = [getattr(decoded.record, name) for name in plan.names] if decoded.record is not None else [None]
    writes = plan.places and plan.spec.direction is not Direction.READ and made is not None
    path = where(plan) if plan.places else ""
    return FieldPreview(
        plan.name,
        _place_text(plan, payload),
        Shown(list(raw) if isinstance(raw, tuple) else raw, phi),
        Shown(values[0] if len(values) == 1 else list(values), phi),
        Shown(_parts(raw_reader(plan)(made)), phi) if writes and made is not None else None,
        tuple(problem for problem in decoded.problems if path and problem.field == path),
        tuple(problem for problem in decoded.warnings if path and problem.field == path),
    )


def _parts(raw: Json) -> Json:
    return list(raw) if isinstance(raw, tuple) else raw


def _place_text(plan: FieldPlan, payload: dict[str, Json]) -> str:
    """The alternative that is read; all of them where none holds anything."""
    read = [[place.text for place in part if place.read(payload) is not None][:1] for part in plan.places]
    every = [" | ".join(place.text for place in part) for part in plan.places]
    return " + ".join(one[0] if one else all_ for one, all_ in zip(read, every, strict=True))


def _phi(mapping: TwoWay, plan: FieldPlan) -> str | None:
    """How personal it is: by the first of its canonical fields that is."""
    classes = phi_classes(MODELS[mapping.kind])
    return next((str(classes[name]) for name in plan.names if name in classes), None)


# What would change, and what nobody speaks of


def _leaves(node: Json, keys: Keys = ()) -> Iterator[tuple[Keys, Json]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
    if inner is None or not node:
        yield keys, node
        return
    for key, value in inner:
        yield from _leaves(value, (*keys, key))


def dotted(keys: Keys) -> str:
    """`telecom[0].value`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")


def _marks(mapping: TwoWay, payload: dict[str, Json]) -> dict[Keys, str | None]:
    """The concrete place of each mapped value, and how personal it is."""
    marks: dict[Keys, str | None] = {}
    for plan in mapping.table.plans:
        for place in _places(plan):
            found = place.find(payload)
            if found is not None:
                marks[found] = marks.get(found) or _phi(mapping, plan)
    return marks


def _places(plan: FieldPlan) -> Iterator[Place]:
    yield from (place for part in plan.places for place in part)
    if plan.zone is not None:
        yield plan.zone


def _changes(before: dict[str, Json], after: dict[str, Json], marks: Mapping[Keys, str | None]) -> Iterator[Change]:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    for keys in dict.fromkeys([*old, *new]):
        if old.get(keys) != new.get(keys):
            phi = next((mark for place, mark in marks.items() if keys[: len(place)] == place), "unmapped")
            yield Change(dotted(keys), Shown(old.get(keys), phi), Shown(new.get(keys), phi))


def _unmapped(mapping: TwoWay, payload: dict[str, Json]) -> Iterator[tuple[str, str]]:
    table = mapping.table
    known = [*_marks(mapping, payload), *_selected(mapping, payload)]
    known += [found for place, _ in table.constants if (found := place.find(payload)) is not None]
    asked = {path for each in table.spec.only for path in each}
    for keys, value in _leaves(payload):
        plain = ".".join(key for key in keys if isinstance(key, str))
        if value in (None, "", [], {}) or plain in asked or any(keys[: len(one)] == one for one in known):
            continue
        yield dotted(keys), shape_of(value)


def _selected(mapping: TwoWay, payload: dict[str, Json]) -> Iterator[Keys]:
    """What chooses an element (`system` of `telecom[system=phone]`), what goes beside it, what tells parts apart."""
    for place in (place for plan in mapping.table.fields for place in _places(plan)):
        found = place.find(payload)
        if found is None:
            continue
        position = 0
        for step in place.steps:
            position += 2 if step.in_list else 1
            yield from ((*found[:position], *condition.keys) for condition in step.conditions)
            if step.in_list:
                yield from ((*found[:position], *keys) for keys in place.also)
        yield from ((*found[:-1], key) for key in place.forget)
    each = mapping.table.each
    if each is not None and each[1] is not None and (key := each[1].find(payload)) is not None:
        yield key


def shape_of(value: Json) -> str:
    """What a value looks like, without saying it."""
    if isinstance(value, bool):
        return "yes/no"
    if isinstance(value, (int, float)):
        return "number"
    return f"text of {len(value)}" if isinstance(value, str) else "empty"
