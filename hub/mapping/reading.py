"""The reading half of a table: from each field a closure that finds the raw value and decodes it."""

from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hub.canonical.records import Canonical
from hub.canonical.source import SourceRecord
from hub.errors import Problem
from hub.mapping.codecs.codec import Json, Unreadable, text_of
from hub.mapping.context import Context
from hub.mapping.path_readers import reader_of
from hub.mapping.paths import Place
from hub.mapping.spec import FieldPlan, Table

Reader = Callable[[dict[str, Json], Context, "Findings"], Any]


class Decoded(NamedTuple):
    """What came of one vendor record."""

    record: Canonical | None
    """None where a problem stands in the way."""
    problems: tuple[Problem, ...]
    """Why there is no record, in the order of the table's fields; their codes are the reason codes."""
    warnings: tuple[Problem, ...]
    """What was left empty, or taken with a grain of salt."""
    must_stop: bool = False
    """Something stood there that the table says to stop the whole run for."""


class Findings:
    """Problems and warnings of one record while it is read."""

    __slots__ = ("must_stop", "problems", "source", "warnings")

    def __init__(self, source: SourceRecord) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.must_stop = False

    def add(self, plan: FieldPlan, error: Unreadable, raw: Json) -> None:
        """A value that cannot be read: the record is rejected, or the field stays empty."""
        code = plan.spec.code or error.code
        warn = error.policy == "default" or (error.policy == "field" and plan.spec.problem == "blank")
        self.must_stop |= error.policy == "stop"
        message = f"{error.message}{shown(raw)}" if plan.shows_value else error.message
        self._add(Problem(message, code, field=where(plan), hint=error.hint), warn=warn)

    def missing(self, plan: FieldPlan) -> None:
        """Nothing stands where something must."""
        self._add(Problem("is missing", plan.spec.code or "missing", field=where(plan)), warn=False)

    def remark(self, plan: FieldPlan, said: Unreadable) -> None:
        """A value that was read all the same."""
        self._add(Problem(said.message, said.code, field=where(plan), hint=said.hint), warn=True)

    def of_model(self, table: Table, loc: tuple[int | str, ...], message: str) -> None:
        """What the canonical model refuses: a field, or, with no place, how the fields fit together."""
        plan = next((p for p in table.fields if loc and loc[0] in p.names), None)
        code = (plan.spec.code or "invalid") if plan else table.spec.invalid
        field = where(plan) if plan else ".".join(map(str, loc)) or None
        self._add(Problem(message.removeprefix("Value error, "), code, field=field), warn=False)

    def _add(self, problem: Problem, *, warn: bool) -> None:
        source = self.source
        placed = Problem(problem.message, problem.code, source.file, source.line, problem.field, problem.hint)
        (self.warnings if warn else self.problems).append(placed)

    def decoded(self, record: Canonical | None) -> Decoded:
        """The record with what was found."""
        return Decoded(record, tuple(self.problems), tuple(self.warnings), self.must_stop)


MOST_SHOWN = 40


def shown(raw: Json) -> str:
    """The value in quotes, for a problem: short, on one line, and only what one can read."""
    parts = [part for part in raw if part is not None] if isinstance(raw, tuple) else [raw]
    if not all(isinstance(part, (str, int, float)) for part in parts):
        return ""
    text = " ".join(str(part).strip() for part in parts)
    if not text or not text.isprintable():
        return ""
    return f": {text!r}" if len(text) <= MOST_SHOWN else f": {text[:MOST_SHOWN]!r}…"


def reader(plan: FieldPlan) -> Reader:
    """The field's value of a payload, its default where nothing stands there; what is wrong goes to the findings."""
    if not plan.places:
        return lambda _payload, _context, _findings: plan.spec.default
    raw_of = raw_reader(plan)
    default, required = plan.spec.default, plan.spec.required
    decode_one, remark = plan.codec.decode, plan.codec.remark

    def read(payload: dict[str, Json], context: Context, findings: Findings) -> Any:
        raw = raw_of(payload)
        if raw is None:
            if required:
                findings.missing(plan)
            return default
        try:
            value = decode_one(raw, context)
            if remark is not None and (said := remark(value, raw, context)):
                findings.remark(plan, said)
        except Unreadable as error:
            findings.add(plan, error, raw)
            return default
        return value

    if plan.zone is not None:
        return _in_zone(plan, plan.zone, read)
    keys = _own_keys(plan)
    return _recalling(read, itemgetter(*keys)) if plan.kind.recurs and keys else read


def _own_keys(plan: FieldPlan) -> tuple[str, ...]:
    """The keys of the record itself that are read; none where a value may stand elsewhere."""
    steps = [place.steps for alternatives in plan.places for place in alternatives]
    is_plain = all(len(one) == 1 for one in plan.places) and all(len(s) == 1 and not s[0].in_list for s in steps)
    return tuple(s[0].key for s in steps) if is_plain else ()


_KEPT = 1 << 14
"""Values that a reader keeps in mind: of a history's month all days with all times of day."""
_UNKNOWN = object()


def _recalling(read: Reader, raw_of: Callable[[dict[str, Json]], Json]) -> Reader:
    """The same, once for each text in the same surroundings; what was remarked on is read anew each time."""
    memory: tuple[Context | None, dict[Json, Any]] = None, {}

    def recall(payload: dict[str, Json], context: Context, findings: Findings) -> Any:
        nonlocal memory
        around, known = memory
        if around is not context or len(known) > _KEPT:
            known = {}
            memory = context, known  # at once: another thread may read in other surroundings
        try:
            raw = raw_of(payload)
            found = known.get(raw, _UNKNOWN)
        except (KeyError, TypeError):  # no such column; a value that is no text
            return read(payload, context, findings)
        if found is not _UNKNOWN:
            return found
        said = len(findings.problems) + len(findings.warnings)
        value = read(payload, context, findings)
        if _is_text(raw) and said == len(findings.problems) + len(findings.warnings):
            known[raw] = value
        return value

    return recall


def _is_text(raw: Json) -> bool:
    return all(isinstance(part, str) for part in raw) if isinstance(raw, tuple) else isinstance(raw, str)


def _in_zone(plan: FieldPlan, zone: Place, read: Reader) -> Reader:
    def read_there(payload: dict[str, Json], context: Context, findings: Findings) -> Any:
        try:
            there = context_at(zone, payload, context)
        except Unreadable as error:
            findings.add(plan, error, zone.read(payload))
            return plan.spec.default
        return read(payload, there, findings)

    return read_there


def context_at(zone: Place, payload: dict[str, Json], context: Context) -> Context:
    """The surroundings in the zone that the record names; as they are where it names none.

    Raises:
        Unreadable: there is no such zone.
    """
    said = zone.read(payload)
    if not holds(said):
        return context
    try:
        return replace(context, zone=ZoneInfo(text_of(said)))
    except (KeyError, ValueError, OSError):
        raise Unreadable("is no IANA time zone", "unknown_zone", "Such as America/Chicago") from None


def raw_reader(plan: FieldPlan) -> Callable[[dict[str, Json]], Json]:
    """Reads the first alternative that holds something; blank text holds nothing.

    A required field of several parts leaves it to its codec to say which of them is missing.
    """
    parts = [_part_reader(alternatives) for alternatives in plan.places]
    required = plan.spec.required and not plan.kind.any_parts
    if not plan.in_parts:
        return parts[0]

    def together(payload: dict[str, Json]) -> Json:
        raw = tuple([read(payload) for read in parts])
        return raw if required or any(part is not None for part in raw) else None

    return together


def _part_reader(alternatives: tuple[Place, ...]) -> Callable[[dict[str, Json]], Json]:
    readers = [reader_of(place) for place in alternatives]
    if len(readers) == 1:
        steps = alternatives[0].steps
        return _of_key(steps[0].key) if len(steps) == 1 and not steps[0].in_list else _only(readers[0])

    def read(payload: dict[str, Json]) -> Json:
        for reader in readers:
            raw = reader(payload)
            if raw is not None and not (isinstance(raw, str) and not raw.strip()):
                return raw
        return None

    return read


def _of_key(key: str) -> Callable[[dict[str, Json]], Json]:
    """The most frequent place: a key of the record itself."""

    def read(payload: dict[str, Json]) -> Json:
        raw = payload.get(key)
        return None if isinstance(raw, str) and not raw.strip() else raw

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
