"""The reading half of a table: from each field a closure that finds the raw value and decodes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.canonical.records import Canonical
from hub.canonical.source import SourceRecord
from hub.errors import Problem
from hub.mapping.codecs.codec import Json, Unreadable
from hub.mapping.context import Context
from hub.mapping.paths import Place, reader_of
from hub.mapping.spec import FieldPlan, Table

Reader = Callable[[dict[str, Json], Context, "Findings"], Any]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came of one vendor record."""

    record: Canonical | None
    """None where a problem stands in the way."""
    problems: tuple[Problem, ...]
    """Why there is no record, in the order of the table's fields; their codes are the reason codes."""
    warnings: tuple[Problem, ...]
    """What was left empty, or taken with a grain of salt."""


class Findings:
    """Problems and warnings of one record while it is read."""

    __slots__ = ("problems", "source", "warnings")

    def __init__(self, source: SourceRecord) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def add(self, plan: FieldPlan, error: Unreadable, *, warn: bool) -> None:
        """A value that cannot be read: the record is rejected, or the field stays empty."""
        code = plan.spec.code or error.code
        self._add(Problem(error.message, code, field=where(plan), hint=error.hint), warn=warn)

    def remark(self, plan: FieldPlan, said: Unreadable) -> None:
        """A value that was read all the same."""
        self._add(Problem(said.message, said.code, field=where(plan), hint=said.hint), warn=True)

    def of_model(self, table: Table, loc: tuple[int | str, ...], message: str) -> None:
        """What the canonical model refuses: a field, or, with no place, how the fields fit together."""
        plan = next((p for p in table.fields if loc and p.name == loc[0]), None)
        code = (plan.spec.code or "invalid") if plan else table.spec.invalid
        field = where(plan) if plan else ".".join(map(str, loc)) or None
        self._add(Problem(message.removeprefix("Value error, "), code, field=field), warn=False)

    def _add(self, problem: Problem, *, warn: bool) -> None:
        source = self.source
        placed = Problem(problem.message, problem.code, source.file, source.line, problem.field, problem.hint)
        (self.warnings if warn else self.problems).append(placed)

    def decoded(self, record: Canonical | None) -> Decoded:
        """The record with what was found."""
        return Decoded(record, tuple(self.problems), tuple(self.warnings))


def reader(plan: FieldPlan) -> Reader:
    """The field's value of a payload, its default where nothing stands there; what is wrong goes to the findings."""
    spec, default = plan.spec, plan.spec.default
    if not plan.places:
        return lambda _payload, _context, _findings: default
    raw_of = raw_reader(plan)
    decode_one, remark = plan.codec.decode, plan.codec.remark
    missing = Unreadable("is missing", "missing")
    blank = spec.problem == "blank"

    def read(payload: dict[str, Json], context: Context, findings: Findings) -> Any:
        raw = raw_of(payload)
        if raw is None:
            if spec.required:
                findings.add(plan, missing, warn=False)
            return default
        try:
            value = decode_one(raw, context)
            if remark is not None and (said := remark(value, raw, context)):
                findings.remark(plan, said)
        except Unreadable as error:
            findings.add(plan, error, warn=blank)
            return default
        return value

    return read


def raw_reader(plan: FieldPlan) -> Callable[[dict[str, Json]], Json]:
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
    if len(readers) == 1:
        return _only(readers[0])

    def read(payload: dict[str, Json]) -> Json:
        for reader in readers:
            raw = reader(payload)
            if holds(raw):
                return raw
        return None

    return read


def _only(reader: Callable[[dict[str, Json]], Json]) -> Callable[[dict[str, Json]], Json]:
    def read(payload: dict[str, Json]) -> Json:
        raw = reader(payload)
        return None if isinstance(raw, str) and not raw.strip() else raw

    return read


def holds(raw: Json) -> bool:
    """Blank text holds nothing."""
    return raw is not None and not (isinstance(raw, str) and not raw.strip())


def where(plan: FieldPlan) -> str:
    """The field's place as a person looks for it: `DOB`, `Date + Start`."""
    return " + ".join(part[0].text for part in plan.places) or plan.name
