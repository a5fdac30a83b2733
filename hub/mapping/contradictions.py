"""Where canonical records contradict the vendor's records that they came of: they are run back through the table.

Most say the same, field by field, and what rows say repeats: an answer depends on nothing but what stands in a field's
places, its value and the surroundings, so of many rows each is found once, and remembered. Where one field does not say
the same, all of that row are written as `encode` writes them, and whatever that changes is a contradiction.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from hub.mapping.apply import TwoWay
from hub.mapping.codecs.codec import Json
from hub.mapping.context import Context
from hub.mapping.reading import raw_reader
from hub.mapping.spec import Direction, FieldPlan
from hub.mapping.writing import Draft, context_there, is_said

_REMEMBERED = 20_000
"""Answers kept of a field; then it begins anew, so that names and ids do not fill the memory."""
_Said = tuple[Any, ...]
"""Of one row: what else the surroundings go by, what stands under a field's keys, the field's values."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A field, or several of one codec, that the table writes."""

    plan: FieldPlan
    keys: tuple[str, ...]
    """Of the vendor's record: where its places begin."""
    at: tuple[int, ...]
    """Where its values stand among the canonical record's."""
    raw_of: Callable[[dict[str, Json]], Json]
    """What its codec reads of the keys."""
    known: set[_Said] = field(default_factory=set, repr=False)
    """What was found to agree."""

    def value_of(self, values: Sequence[Any]) -> Any:
        """The field's own, or all of its codec's, of so many values."""
        return values[0] if len(self.at) == 1 else tuple(values)


class Contradictions:
    """Of one table and one system's surroundings. What the context's links say of an id or a name must not change."""

    def __init__(self, mapping: TwoWay, context: Context) -> None:
        self._mapping = mapping
        self._context = context
        self._fields = tuple(_fields(mapping))
        self._keys = {key for one in self._fields for key in one.keys}

    @property
    def fields(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """What is compared of each record: the keys that a field is read from, and the names that it fills."""
        names = self._mapping.names
        return tuple((one.keys, tuple(names[at] for at in one.at)) for one in self._fields)

    @property
    def needs_whole(self) -> bool:
        """Whether the table says something that is no field's: then that each field is said is not enough."""
        return bool(self._mapping.table.constants)

    def is_said(self, field: int, payload: dict[str, Json], values: Sequence[Any]) -> bool:
        """Whether what stands under a field's keys means its values; where every field's does, nothing contradicts.

        Args:
            field: which of `fields`.
            payload: of the vendor's record at least what stands under the field's keys.
            values: the field's.
        """
        one = self._fields[field]
        zone = one.plan.zone
        context = self._context if zone is None else context_there(zone, payload, self._context)
        return is_said(one.plan, one.raw_of(payload), one.value_of(values), context)

    def find(
        self, payloads: Sequence[dict[str, Json]], records: Sequence[Sequence[Any]], among: str = ""
    ) -> dict[int, frozenset[str]]:
        """Which of the rows, by their place, have keys at which their record would write something else, or cannot.

        Args:
            payloads: the vendor's records.
            records: the values of the canonical ones, in the order of `mapping.names`.
            among: what else the surroundings go by, such as the location whose rooms are meant.
        """
        if not payloads:
            return {}
        columns = {key: [payload.get(key) for payload in payloads] for key in self._keys}
        values = list(zip(*records, strict=True))
        suspects = set(range(len(payloads))) if self._mapping.table.constants else set()
        for at, one in enumerate(self._fields):
            suspects |= self._suspects(
                at, [columns[key] for key in one.keys], [values[place] for place in one.at], among
            )
        written = {place: self._written(payloads[place], records[place]) for place in sorted(suspects)}
        return {place: keys for place, keys in written.items() if keys}

    def _suspects(
        self, at: int, told: Sequence[Sequence[Json]], values: Sequence[Sequence[Any]], among: str
    ) -> set[int]:
        """The places of the rows that do not say the field's value already."""
        one = self._fields[at]
        rows = list(zip(repeat(among), *told, *values, strict=False))
        try:
            new = set(rows) - one.known if all(map(_are_texts, told)) else None
        except TypeError:  # lists and objects in the values
            new = None
        if new is None:
            return {place for place, said in enumerate(rows) if not self._is_said(at, said)}
        wrong = {said for said in new if not self._is_said(at, said)}
        if len(one.known) > _REMEMBERED:
            one.known.clear()
        one.known.update(new - wrong)
        return {place for place, said in enumerate(rows) if said in wrong} if wrong else set()

    def _is_said(self, at: int, said: _Said) -> bool:
        keys = self._fields[at].keys
        last = len(keys) + 1
        return self.is_said(at, dict(zip(keys, said[1:last], strict=True)), said[last:])

    def _written(self, payload: dict[str, Json], record: Sequence[Any]) -> frozenset[str]:
        before = {key: value for key, value in payload.items() if value is not None}
        draft = Draft(self._mapping.table, before)
        draft.put_constants()
        for (_, write), one in zip(self._mapping.writers, self._fields, strict=True):
            write(one.value_of([record[at] for at in one.at]), self._context, draft)
        if draft.problems:
            return frozenset(problem.field or "" for problem in draft.problems)
        after = draft.payload
        return frozenset(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _are_texts(column: Sequence[Json]) -> bool:
    """Only what texts say is remembered: to a set 1 and true are one."""
    return set(map(type, column)) <= {str, type(None)}


def _fields(mapping: TwoWay) -> Iterator[_Field]:
    place = {name: at for at, name in enumerate(mapping.names)}
    for plan in mapping.table.fields:
        if plan.places and plan.spec.direction is not Direction.READ:
            yield _Field(plan, _keys_of(plan), tuple(place[name] for name in plan.names), raw_reader(plan))


def _keys_of(plan: FieldPlan) -> tuple[str, ...]:
    places = [place for alternatives in plan.places for place in alternatives]
    return tuple({place.steps[0].key: None for place in [*places, *([plan.zone] if plan.zone else [])]})
