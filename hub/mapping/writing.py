"""The writing half of a table: from each field a closure that encodes the value and puts it in its place."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import Problem
from hub.mapping.codecs.codec import Json, Unreadable
from hub.mapping.context import Context
from hub.mapping.paths import Place
from hub.mapping.reading import holds, raw_reader
from hub.mapping.spec import FieldPlan, Table

Writer = Callable[[Any, Context, "Draft"], None]


class Draft:
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


def writer(plan: FieldPlan) -> Writer:
    """Puts the field's value in its place, or takes it away; what the vendor says already stays as it is written."""
    raw_of = raw_reader(plan)

    def write(value: Any, context: Context, draft: Draft) -> None:
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
    return raw if plan.kind.parts else (raw,)


def _put_nothing(plan: FieldPlan, draft: Draft) -> None:
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


def _target(alternatives: tuple[Place, ...], draft: Draft) -> Place:
    """Where to write: the alternative that was read, else the first."""
    return next((place for place in alternatives if holds(place.read(draft.before))), alternatives[0])
