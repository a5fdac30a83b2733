"""Tables compiled to closures, once; then `decode` and `encode`, any number of times."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from hub.canonical.ids import Kind, derive
from hub.canonical.records import Canonical
from hub.canonical.source import SourceRecord
from hub.errors import Problem, RecordRejected
from hub.mapping.codecs.codec import Json, Unreadable
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context
from hub.mapping.paths import Place, reader_of
from hub.mapping.spec import MODELS, Direction, FieldPlan, Table, read_table

Reader = Callable[[dict[str, Json], Context, "_Findings"], Any]
Writer = Callable[[Any, Context, "_Draft"], None]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came of one vendor record."""

    record: Canonical | None
    """None where a problem stands in the way."""
    problems: tuple[Problem, ...]
    """Why there is no record, in the order of the table's fields; their codes are the reason codes."""
    warnings: tuple[Problem, ...]
    """What was left empty, or taken with a grain of salt."""


@dataclass(frozen=True, slots=True)
class TwoWay:
    """A compiled table. Make it once with `read_mapping`; use it through `decode` and `encode`."""

    table: Table = field(repr=False)
    readers: tuple[tuple[str, Reader], ...] = field(repr=False)
    writers: tuple[tuple[str, bool, Writer], ...] = field(repr=False)
    """Field, whether only when the record is made, and how."""

    fingerprint: str
    """Of the table and the code tables it was read with: the same text reads the same records."""

    @property
    def kind(self) -> Kind:
        """The canonical kind."""
        return self.table.spec.record


def read_mapping(text: str, file: str, codes: Mapping[str, CodeTable]) -> TwoWay:
    """A mapping file, checked and compiled.

    Raises:
        InvalidInput: with a problem (file, line, key) for each place that is wrong.
    """
    table = read_table(text, file, codes)
    readers = tuple((p.name, _reader(p)) for p in table.fields if p.spec.direction is not Direction.WRITE)
    writers = tuple(
        (p.name, p.spec.direction is Direction.CREATE, _writer(p))
        for p in table.fields
        if p.places and p.spec.direction is not Direction.READ
    )
    return TwoWay(table, readers, writers, _fingerprint(text, codes))


def _fingerprint(text: str, codes: Mapping[str, CodeTable]) -> str:
    tables = (f"{name}:{codes[name].model_dump_json()}" for name in sorted(codes))
    return sha256("\n".join([text, *tables]).encode()).hexdigest()


def decode(mapping: TwoWay, source: SourceRecord, context: Context) -> Decoded:
    """A vendor record as the hub's, or the problems. Raises nothing, whatever the payload holds.

    Its id is the linked one, or, at first sight, the one derived from the source's.
    """
    findings = _Findings(source)
    payload = source.payload
    values = {name: read(payload, context, findings) for name, read in mapping.readers}
    if findings.problems:
        return findings.decoded(None)
    ref, kind = source.ref, mapping.kind
    values["id"] = context.links.canonical_id(kind, ref.id) or derive(kind, ref.system, ref.id)
    try:
        record = MODELS[kind].model_validate(values)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            findings.of_model(mapping.table, found["loc"], found["msg"])
        return findings.decoded(None)
    return findings.decoded(record)  # type: ignore[arg-type]


def encode(
    mapping: TwoWay, record: Canonical, context: Context, onto: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """The hub's record as the vendor should hold it.

    Args:
        mapping: the table.
        record: of the table's kind.
        context: zone and links of the vendor.
        onto: the vendor's record as last seen, to change it: what the table does not name stays, what already says the
            same stays as it is written. None: the record is made.

    Raises:
        RecordRejected: a required value is missing or a value has no form at the vendor.
    """
    draft = _Draft(mapping.table, onto)
    for place, value in mapping.table.constants:
        draft.put(place, value, place.text)
    for name, only_new, write in mapping.writers:
        if not (only_new and onto is not None):
            write(getattr(record, name), context, draft)
    if draft.problems:
        raise RecordRejected(*draft.problems)
    return draft.payload


class _Findings:
    """Problems and warnings of one record while it is read."""

    __slots__ = ("problems", "source", "warnings")

    def __init__(self, source: SourceRecord) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def add(self, plan: FieldPlan, error: Unreadable, *, warn: bool) -> None:
        code = error.code if warn and plan.spec.problem == "reject" else plan.spec.code or error.code
        self._add(Problem(error.message, code, field=_where(plan), hint=error.hint), warn=warn)

    def of_model(self, table: Table, loc: tuple[int | str, ...], message: str) -> None:
        plan = next((p for p in table.fields if loc and p.name == loc[0]), None)
        code = (plan.spec.code or "invalid") if plan else table.spec.invalid
        field = _where(plan) if plan else ".".join(map(str, loc)) or None
        self._add(Problem(message.removeprefix("Value error, "), code, field=field), warn=False)

    def _add(self, problem: Problem, *, warn: bool) -> None:
        source = self.source
        placed = Problem(problem.message, problem.code, source.file, source.line, problem.field, problem.hint)
        (self.warnings if warn else self.problems).append(placed)

    def decoded(self, record: Canonical | None) -> Decoded:
        return Decoded(record, tuple(self.problems), tuple(self.warnings))


class _Draft:
    """The vendor's record while it is written. No place is written with two different values."""

    __slots__ = ("before", "kept", "payload", "problems", "said", "table")

    def __init__(self, table: Table, onto: Mapping[str, Json] | None) -> None:
        self.table = table
        self.before = dict(onto) if onto is not None else None
        self.payload: dict[str, Json] = copy.deepcopy(dict(onto)) if onto is not None else {}
        self.problems: list[Problem] = []
        self.said: dict[str, Json] = {}
        """What the record says at each place, in the form in which it would be written."""
        self.kept: set[str] = set()
        """Places where the vendor already says it in its own way."""

    def put(self, place: Place, value: Json, field: str, *, keep: bool = False) -> None:
        if self.said.setdefault(place.text, value) != value:
            self.problem(field, f"two fields say different things about {place.text!r}", "conflict")
        elif keep:
            self.kept.add(place.text)
        elif place.text not in self.kept:
            self._write(place, value)

    def _write(self, place: Place, value: Json) -> None:
        if self.table.spec.shape == "row":
            self.payload[place.text] = "" if value is None else str(value)
        else:
            place.write(self.payload, value)

    def problem(self, field: str, message: str, code: str) -> None:
        self.problems.append(Problem(message, code, field=field))


def _where(plan: FieldPlan) -> str:
    return " + ".join(part[0].text for part in plan.places) or plan.name


def _reader(plan: FieldPlan) -> Reader:
    spec, default = plan.spec, plan.spec.default
    if not plan.places:
        return lambda _payload, _context, _findings: default
    raw_of = _raw_reader(plan)
    decode_one, remark = plan.codec.decode, plan.codec.remark
    missing = Unreadable("is missing", "missing")
    blank = spec.problem == "blank"

    def read(payload: dict[str, Json], context: Context, findings: _Findings) -> Any:
        raw = raw_of(payload)
        if raw is None:
            if spec.required:
                findings.add(plan, missing, warn=False)
            return default
        try:
            value = decode_one(raw, context)
            if remark is not None and (said := remark(value, raw, context)):
                findings.add(plan, said, warn=True)
        except Unreadable as error:
            findings.add(plan, error, warn=blank)
            return default
        return value

    return read


def _raw_reader(plan: FieldPlan) -> Callable[[dict[str, Json]], Json]:
    """Reads the first alternative that holds something; blank text holds nothing.

    A required field of several parts leaves it to its codec to say which of them is missing.
    """
    parts, required = [_part_reader(alternatives) for alternatives in plan.places], plan.spec.required
    if not plan.kind.parts:
        return parts[0]

    def together(payload: dict[str, Json]) -> Json:
        raw = tuple(read(payload) for read in parts)
        return raw if required or any(part is not None for part in raw) else None

    return together


def _part_reader(alternatives: tuple[Place, ...]) -> Callable[[dict[str, Json]], Json]:
    readers = [reader_of(place) for place in alternatives]

    def read(payload: dict[str, Json]) -> Json:
        for reader in readers:
            raw = reader(payload)
            if _holds(raw):
                return raw
        return None

    return read


def _holds(raw: Json) -> bool:
    """Blank text holds nothing."""
    return raw is not None and not (isinstance(raw, str) and not raw.strip())


def _writer(plan: FieldPlan) -> Writer:
    raw_of = _raw_reader(plan)

    def write(value: Any, context: Context, draft: _Draft) -> None:
        before = draft.before
        keep = before is not None and _says_already(plan, raw_of(before), value, context)
        if value is None:
            if plan.spec.required:
                draft.problem(plan.name, "is missing and the vendor needs it", plan.spec.code or "missing")
            elif not keep:
                _put_nothing(plan, draft)
        elif (parts := _encoded(plan, value, context, draft, keep=keep)) is not None:
            for alternatives, part in zip(plan.places, parts, strict=True):
                draft.put(_target(alternatives, draft), part, plan.name, keep=keep)

    return write


def _encoded(plan: FieldPlan, value: Any, context: Context, draft: _Draft, *, keep: bool) -> tuple[Json, ...] | None:
    """The parts to write, or None where that cannot be done."""
    try:
        raw = plan.codec.encode(value, context)
    except Unreadable as error:
        if plan.spec.problem == "reject" and not keep:
            draft.problem(plan.name, error.message, plan.spec.code or error.code)
        elif not keep:
            _put_nothing(plan, draft)
        return None
    return raw if plan.kind.parts else (raw,)


def _put_nothing(plan: FieldPlan, draft: _Draft) -> None:
    for alternatives in plan.places:
        for place in alternatives if draft.before is not None else alternatives[:1]:
            draft.put(place, None, plan.name)


def _says_already(plan: FieldPlan, raw: Json, value: Any, context: Context) -> bool:
    """Whether the vendor's own way of writing means this value, so that nothing need change.

    What the hub could not read and therefore does not hold is the vendor's, and stays.
    """
    if raw is None:
        return bool(value == plan.spec.default)
    try:
        return bool(plan.codec.decode(raw, context) == value)
    except Unreadable:
        return bool(value == plan.spec.default)


def _target(alternatives: tuple[Place, ...], draft: _Draft) -> Place:
    """Where to write: the alternative that was read, else the first."""
    return next((place for place in alternatives if _holds(place.read(draft.before))), alternatives[0])
