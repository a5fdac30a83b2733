"""The writing half of a table: from each field a closure that encodes the value and puts it in its place."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import Problem
from hub.mapping.codecs.codec import Json, Unreadable
from hub.mapping.context import Context
from hub.mapping.paths import Place
from hub.mapping.reading import context_at, holds, raw_reader
from hub.mapping.spec import FieldPlan, Table, WriteMode

Writer = Callable[[Any, Context, "Draft"], None]


class Draft:
    """The vendor's record while it is written. No place is written with two different values."""

    __slots__ = ("before", "kept", "payload", "problems", "said", "table")

    def __init__(self, table: Table, onto: Mapping[str, Json] | None) -> None:
        self.table = table
        self.before = dict(onto) if onto is not None else None
        self.payload: dict[str, Json] = _copied(dict(onto)) if onto is not None else {}
        self.problems: list[Problem] = []
        self.said: dict[str, Json] = {}
        """What the record says at each place, in the form in which it would be written."""
        self.kept: set[str] = set()
        """Places where the vendor already says it in its own way."""

    def put_constants(self) -> None:
        """Say what the table's every record says."""
        for place, constant in self.table.constants:
            if self.before is None or constant.write == "overwrite":
                self.put(place, constant.value, place.text)

    def put(self, place: Place, value: Json, field: str, *, keep: bool = False) -> None:
        """Say it there, for `field`; `keep`: the vendor says it already, nothing need be written."""
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
        """The record cannot be written so."""
        self.problems.append(Problem(message, code, field=field))


def _copied(node: Json) -> Json:
    """A copy of JSON, so that what was seen stays as it was; several times faster than copying anything at all."""
    if isinstance(node, dict):
        return {key: _copied(value) if isinstance(value, (dict, list)) else value for key, value in node.items()}
    return [_copied(value) for value in node] if isinstance(node, list) else node


def shared_places(table: Table) -> frozenset[str]:
    """The places that more than one field, or a constant, speaks of: they must all say the same."""
    said = [place.text for plan in table.plans for part in plan.places for place in part]
    said += [place.text for place, _ in table.constants]
    return frozenset(text for text, count in Counter(said).items() if count > 1)


def writer(plan: FieldPlan, shared: frozenset[str]) -> Writer:
    """Puts the field's value in its place as its write mode says; what the vendor says already stays as written."""
    in_place = _overwriter(plan, shared)
    mode = plan.spec.write
    if mode is WriteMode.OVERWRITE:
        return in_place
    raw_of = raw_reader(plan)

    def if_new(value: Any, context: Context, draft: Draft) -> None:
        if draft.before is None:
            in_place(value, context, draft)

    def if_empty(value: Any, context: Context, draft: Draft) -> None:
        if draft.before is None or _is_nothing(raw_of(draft.before)):
            in_place(value, context, draft)

    def append(value: Any, context: Context, draft: Draft) -> None:
        raw = raw_of(draft.before) if draft.before is not None else None
        if _is_nothing(raw):
            in_place(value, context, draft)
            return
        theirs = _decoded(plan, raw, context)
        if value is None or theirs is None or plan.codec.append is None:
            return
        ours = _normal(plan, value, context)
        in_place(value if ours is None else plan.codec.append(theirs, ours), context, draft)

    return {WriteMode.IF_NEW: if_new, WriteMode.IF_EMPTY: if_empty, WriteMode.APPEND: append}[mode]


def _is_nothing(raw: Json) -> bool:
    return raw is None or (isinstance(raw, tuple) and raw.count(None) == len(raw))


def _overwriter(plan: FieldPlan, shared: frozenset[str]) -> Writer:
    raw_of = raw_reader(plan)
    alone = not any(place.text in shared for part in plan.places for place in part)
    joint, required = plan.kind.fields > 1, plan.spec.required

    def write(value: Any, context: Context, draft: Draft) -> None:
        before = draft.before
        if plan.zone is not None:
            context = context_there(plan.zone, before, context)
        keep = before is not None and _says_already(plan, raw_of(before), value, context)
        if value is None or (joint and not any(value)):
            if required:
                draft.problem(plan.name, "is missing and the vendor needs it", plan.spec.code or "missing")
            elif not keep:
                _put_nothing(plan, draft)
        elif keep and alone:
            return
        elif (parts := _encoded(plan, value, context, draft, keep=keep)) is not None:
            for alternatives, part in zip(plan.places, parts, strict=True):
                draft.put(_target(alternatives, draft), part, plan.name, keep=keep)

    return write


def context_there(zone: Place, before: dict[str, Json] | None, context: Context) -> Context:
    """In the zone that the vendor's record names; one that nobody knows was told when the record was read."""
    try:
        return context_at(zone, before, context) if before is not None else context
    except Unreadable:
        return context


def _encoded(plan: FieldPlan, value: Any, context: Context, draft: Draft, *, keep: bool) -> tuple[Json, ...] | None:
    """The parts to write, or None where that cannot be done."""
    try:
        raw = plan.codec.encode(value, context)
    except Unreadable as error:
        if plan.spec.problem == "reject" and not keep:
            draft.problem(plan.name, error.message, plan.spec.code or error.code)
        elif not keep:
            _put_nothing(plan, draft)
        return None
    return raw if plan.in_parts else (raw,)


def is_said(plan: FieldPlan, raw: Json, value: Any, context: Context) -> bool:
    """Whether the vendor's raw value means a field's value, however it is written, so that all may stay as it is."""
    is_nothing = value is None or (plan.kind.fields > 1 and not any(value))
    return not (is_nothing and plan.spec.required) and _says_already(plan, raw, value, context)


def _put_nothing(plan: FieldPlan, draft: Draft) -> None:
    for alternatives in plan.places:
        for place in alternatives if draft.before is not None else alternatives[:1]:
            draft.put(place, None, plan.name)


def _says_already(plan: FieldPlan, raw: Json, value: Any, context: Context) -> bool:
    """Whether the vendor's own way of writing means this value, so that nothing need change.

    What the hub could not read and therefore does not hold is the vendor's, and stays.
    """
    found = None if _is_nothing(raw) else _decoded(plan, raw, context)
    if found is None:
        nothing = plan.spec.default if plan.kind.fields == 1 else (None,) * plan.kind.fields
        return bool(value == nothing)
    return bool(found == value)


def _decoded(plan: FieldPlan, raw: Json, context: Context) -> Any:
    """What the vendor's value means; None where that cannot be read."""
    try:
        return plan.codec.decode(raw, context)
    except Unreadable:
        return None


def _normal(plan: FieldPlan, value: Any, context: Context) -> Any:
    """As it would be read back; None where it cannot be written."""
    try:
        return plan.codec.decode(plan.codec.encode(value, context), context)
    except Unreadable:
        return None


def _target(alternatives: tuple[Place, ...], draft: Draft) -> Place:
    """Where to write: the alternative that was read, else the first."""
    if len(alternatives) == 1:
        return alternatives[0]
    return next((place for place in alternatives if holds(place.read(draft.before))), alternatives[0])
