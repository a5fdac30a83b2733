"""Where a canonical record contradicts the vendor's record that it came of: it is run back through the table.

Most say the same, field by field, and what rows say repeats: an answer depends on nothing but what stands in a field's
places, its value and the surroundings, so each is found once and remembered. Where one field does not say the same, all
are written as `encode` writes them, and whatever that changes is a contradiction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from hub.mapping.apply import TwoWay
from hub.mapping.codecs.codec import Json
from hub.mapping.context import Context
from hub.mapping.reading import raw_reader
from hub.mapping.spec import Direction, FieldPlan
from hub.mapping.writing import Draft, context_there, is_said

_REMEMBERED = 20_000
"""Answers kept of a field; then it begins anew, so that names and ids do not fill the memory."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A field, or several of one codec, that the table writes."""

    plan: FieldPlan
    keys: tuple[str, ...]
    """Of the vendor's record: where its places begin."""
    told_of: Callable[[Mapping[str, Json]], Any]
    """What stands under the keys."""
    raw_of: Callable[[dict[str, Json]], Json]
    """What its codec reads of that."""
    value_of: Callable[[Sequence[Any]], Any]
    answers: dict[tuple[object, ...], bool] = field(default_factory=dict, repr=False)


class Contradictions:
    """Of one table and one system's surroundings. What the context's links say of an id or a name must not change."""

    def __init__(self, mapping: TwoWay, context: Context) -> None:
        self._mapping = mapping
        self._context = context
        self._fields = tuple(_fields(mapping))
        self._blank = {key: None for one in self._fields for key in one.keys}

    @property
    def fields(self) -> int:
        """How many values are compared of each record."""
        return len(self._fields)

    def find(self, payload: dict[str, Json], values: Sequence[Any], among: str = "") -> frozenset[str]:
        """Keys of the vendor's record at which the canonical one would write something else, or cannot be written.

        Args:
            payload: the vendor's record.
            values: of the canonical record, in the order of `mapping.names`.
            among: what else the surroundings go by, such as the location whose rooms are meant.
        """
        if not self._blank.keys() <= payload.keys():
            payload = self._blank | payload
        for one in self._fields:
            asked = (among, one.told_of(payload), one.value_of(values))
            try:
                answer = one.answers.get(asked)
            except TypeError:  # lists and objects: judged each time
                answer = None
            if answer is None:
                answer = self._is_said(one, payload, asked)
            if not answer:
                return self._written(payload, values)
        return frozenset() if not self._mapping.table.constants else self._written(payload, values)

    def _is_said(self, one: _Field, payload: dict[str, Json], asked: tuple[object, ...]) -> bool:
        """Whether the vendor's record says it already; remembered of texts only, for to a table 1 and true are one."""
        zone = one.plan.zone
        context = self._context if zone is None else context_there(zone, payload, self._context)
        answer = is_said(one.plan, one.raw_of(payload), asked[2], context)
        if all(payload[key] is None or isinstance(payload[key], str) for key in one.keys):
            if len(one.answers) >= _REMEMBERED:
                one.answers.clear()
            one.answers[asked] = answer
        return answer

    def _written(self, payload: dict[str, Json], values: Sequence[Any]) -> frozenset[str]:
        before = {key: value for key, value in payload.items() if value is not None}
        draft = Draft(self._mapping.table, before)
        draft.put_constants()
        for (_, write), one in zip(self._mapping.writers, self._fields, strict=True):
            write(one.value_of(values), self._context, draft)
        if draft.problems:
            return frozenset(problem.field or "" for problem in draft.problems)
        after = draft.payload
        return frozenset(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _fields(mapping: TwoWay) -> Iterator[_Field]:
    place = {name: at for at, name in enumerate(mapping.names)}
    for plan in mapping.table.fields:
        if plan.places and plan.spec.direction is not Direction.READ:
            keys = _keys_of(plan)
            yield _Field(
                plan, keys, itemgetter(*keys), raw_reader(plan), itemgetter(*(place[name] for name in plan.names))
            )


def _keys_of(plan: FieldPlan) -> tuple[str, ...]:
    places = [place for alternatives in plan.places for place in alternatives]
    return tuple({place.steps[0].key: None for place in [*places, *([plan.zone] if plan.zone else [])]})
