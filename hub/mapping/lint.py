"""What a table that can be read still lacks: fields no record can do without, words that cannot be written, references
to what the system has no table for, and whether what it writes it reads back.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS, Canonical, VisitState
from hub.canonical.source import SourceRecord, SourceRef
from hub.documents import Document, Path, parse
from hub.errors import Problem, RecordRejected
from hub.mapping.apply import TwoWay, decode, encode, records_of
from hub.mapping.assumed_links import AssumedLinks
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context
from hub.mapping.spec import Direction, FieldPlan, WriteMode
from hub.mapping.split_writing import find_unwritable

Level = Literal["error", "hint"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend (`error`), or to know (`hint`)."""

    level: Level
    problem: Problem


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a table stands among."""

    codes: Mapping[str, CodeTable]
    tables: Collection[str]
    """The system's, by name."""
    pushed: bool | None = None
    """Whether a connection pushes the kind; None: no connection uses the folder."""
    beside: str | None = None
    """The key under which a connection puts what stands around the list that it takes the records from."""
    aliased: Collection[Kind] = ()
    """Kinds whose records the connection names by hand."""


def lint_table(mapping: TwoWay, text: str, around: Surroundings) -> tuple[Finding, ...]:
    """Every finding of one table."""
    return tuple(_Lint(mapping, parse(text, mapping.table.file), around).findings())


def used_codes(mapping: TwoWay) -> set[str]:
    """The code tables that a table names."""
    return {str(table) for plan in mapping.table.fields if (table := (plan.spec.model_extra or {}).get("table"))}


class _Lint:
    def __init__(self, mapping: TwoWay, document: Document, around: Surroundings) -> None:
        self.mapping = mapping
        self.document = document
        self.around = around

    def findings(self) -> Iterator[Finding]:
        lacking = [*self._lacking(), *self._wordless()]
        yield from lacking
        yield from self._references()
        yield from self._unwritable_codes()
        yield from self._never_said()
        if self.around.pushed:
            unwritable = find_unwritable(self.mapping.table, self.around.beside)
            yield from (self._found("error", *wrong) for wrong in unwritable)
        if not lacking:
            yield from self._laws()

    def _lacking(self) -> Iterator[Finding]:
        """Fields without which no record of the kind can be."""
        read = {name for p in self.mapping.table.fields if p.spec.direction is not Direction.WRITE for name in p.names}
        model = MODELS[self.mapping.kind].model_fields
        for name in (name for name, field in model.items() if field.is_required() and name not in {"id", *read}):
            message = f"no {self.mapping.kind} can be without {name!r}, and nothing is read for it"
            yield self._found("error", ("fields",), message, "Add the field, with a 'default' if the system says none")

    def _wordless(self) -> Iterator[Finding]:
        """Code tables that know nothing yet: no record could be read by them."""
        for plan in self.mapping.table.fields:
            name = str((plan.spec.model_extra or {}).get("table"))
            if plan.spec.codec == "code" and name in self.around.codes and not self.around.codes[name].words:
                hint = f"Write the words of this system into mappings/codes/{name}.yaml: the hub's word, then theirs"
                yield self._found("error", ("fields", plan.name, "table"), f"the table {name!r} holds no words", hint)

    def _references(self) -> Iterator[Finding]:
        for plan in self.mapping.table.fields:
            kind = (plan.spec.model_extra or {}).get("kind")
            if plan.spec.codec != "reference" or kind in self.around.tables or kind in self.around.aliased:
                continue
            hint = f"Add {kind}.yaml and its stream, or name its records under 'aliases' of the connection"
            message = f"refers to a {kind}, and nothing of this system is read as one"
            yield self._found("hint", ("fields", plan.name, "kind"), message, hint)

    def _unwritable_codes(self) -> Iterator[Finding]:
        for plan in self.mapping.table.fields:
            if plan.names != ("state",) or self.mapping.kind is not Kind.VISIT or not _is_written(plan):
                continue
            table = self.around.codes.get(str((plan.spec.model_extra or {}).get("table")))
            lacking = [state for state in VisitState if table is not None and state not in table.words]
            if lacking and self.around.pushed is not False:
                message = f"has no word for {', '.join(lacking)}: such visits cannot be written"
                yield self._found(
                    "hint", ("fields", plan.name, "table"), message, "Give each a word, if the system has one"
                )

    def _never_said(self) -> Iterator[Finding]:
        unmapped = [n for n in MODELS[self.mapping.kind].model_fields if n not in {"id", *self.mapping.names}]
        if unmapped and self.mapping.table.joins is None:
            yield self._found("hint", ("fields",), f"not mapped: {', '.join(unmapped)}")
        silent = [name for p in self.mapping.table.fields if not _is_written(p) for name in p.names]
        if silent and self.around.pushed:
            message = f"pushed, and these never change there: {', '.join(silent)}"
            yield self._found("hint", ("fields",), message)

    def _laws(self) -> Iterator[Finding]:
        """A few records made up are written, taken, read back, and written again."""
        if any(p.spec.required and p.spec.direction is Direction.READ and p.places for p in self.mapping.table.fields):
            return
        for number in range(4):
            wrong = _broken_law(self.mapping, self.around.codes, number)
            if wrong is not None:
                name, message = wrong
                yield self._found("error", ("fields", name) if name else (), message)
                return

    def _found(self, level: Level, at: Path, message: str, hint: str | None = None) -> Finding:
        return Finding(level, self.document.problem(at, message, hint))


def _is_written(plan: FieldPlan) -> bool:
    return bool(plan.places) and plan.spec.direction is not Direction.READ and plan.spec.write is not WriteMode.IF_NEW


_ZONE = ZoneInfo("America/Chicago")
_START = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)


def _broken_law(mapping: TwoWay, codes: Mapping[str, CodeTable], number: int) -> tuple[str | None, str] | None:
    links = AssumedLinks("lint", {})
    context = Context(_ZONE, date(2026, 3, 2), links)
    try:
        record = _made_up(mapping, codes, links, number)
        written = encode(mapping, record, context)
    except RecordRejected as error:
        return None, f"a record that was made up cannot be written: {error.problems[0]}"
    sources = records_of(mapping, SourceRecord(SourceRef("lint", mapping.kind, "1"), written))
    if not sources:
        return None, "what it writes 'only' does not take: say it under 'constants', with write: if_new"
    found = decode(mapping, sources[0], context)
    if found.record is None:
        return None, f"what it writes it cannot read: {found.problems[0].field}: {found.problems[0].message}"
    for name in mapping.names:
        if getattr(found.record, name) != getattr(record, name) and not _is_blank(mapping, name):
            return _key_of(mapping, name), f"what is written for {name!r} reads back as something else"
    return None


def _key_of(mapping: TwoWay, name: str) -> str | None:
    return next((plan.name for plan in mapping.table.fields if name in plan.names), None)


def _is_blank(mapping: TwoWay, name: str) -> bool:
    return any(name in p.names and p.spec.direction is not Direction.BOTH for p in mapping.table.fields)


def _made_up(mapping: TwoWay, codes: Mapping[str, CodeTable], links: AssumedLinks, number: int) -> Canonical:
    is_joined = mapping.table.joins is not None
    values: dict[str, Any] = {"id": links.canonical_id(mapping.kind, "1") if is_joined else "made_up"}
    for plan in mapping.table.fields:
        if not plan.places:
            values[plan.names[0]] = plan.spec.default
        elif len(plan.names) > 1:
            values.update(zip(plan.names, plan.kind.sample, strict=True))
        else:
            values[plan.names[0]] = _value(plan, codes, links, number)
    if {"start", "end"} <= set(mapping.names):
        values |= {"start": _START, "end": _START + timedelta(minutes=30 + 15 * number)}
    if mapping.kind is Kind.SERVICE and "name" in values:
        values["sku"] = values["name"]
    return MODELS[mapping.kind].model_validate(values)  # type: ignore[return-value]


def _value(plan: FieldPlan, codes: Mapping[str, CodeTable], links: AssumedLinks, number: int) -> Any:
    options = plan.spec.model_extra or {}
    if plan.spec.codec == "code":
        words = list(codes[options["table"]].words)
        return words[number % len(words)] if words else plan.spec.default
    if plan.spec.codec == "reference":
        by_name = options.get("by") == "name"
        find = links.id_named if by_name else links.canonical_id
        return find(Kind(options["kind"]), str(number + 1))
    if plan.spec.codec in ("text", "joined"):
        text = f"{plan.names[0]} {number}"
        return text.upper() if options.get("case") == "upper" else text.replace("_", " ").lower()
    if plan.spec.codec == "email":
        return f"{plan.names[0]}{number}@example.org"
    if plan.spec.codec == "postal_code":
        return "78701"
    return plan.kind.sample
