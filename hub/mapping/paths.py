"""Where a value stands in a vendor's record: `name[use=official].given[0]`, or the name of a column.

A path reads (None where nothing stands there) and writes (making what is missing on the way, `[use=official]` and all).
`[*]` is the element that the table's `each` has come to: `hub/mapping/split.py` hands over a record that holds only it.
"""

import re
from dataclasses import dataclass, field
from typing import Any

Json = Any
Keys = tuple[str, ...]


class BadPath(ValueError):
    """The text is not a path."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`use=official`, or `actor.reference^=Patient/` for a value that starts so."""

    keys: Keys
    value: str | bool | int
    """As it is written where an element is made; a number or a truth is recognised as text too."""
    starts: bool

    def holds(self, element: Json) -> bool:
        """Whether the element says so."""
        found = _at(element, self.keys)
        if isinstance(found, str):
            return found.startswith(self.said) if self.starts else found == self.said
        return not self.starts and type(found) is type(self.value) and found == self.value

    @property
    def said(self) -> str:
        """The value as text."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


@dataclass(frozen=True, slots=True)
class Step:
    """One key, and which element of the list there: by place, by conditions, or no list at all."""

    key: str
    index: int | None = None
    conditions: tuple[Condition, ...] = ()
    each: bool = False
    """`[*]`: the only element of the list, as a split record holds it."""

    @property
    def in_list(self) -> bool:
        """Whether a list is expected under the key."""
        return self.index is not None or bool(self.conditions)


@dataclass(frozen=True, slots=True)
class Place:
    """One path, parsed; `also` holds what a list element made by it says besides."""

    text: str
    steps: tuple[Step, ...]
    also: dict[Keys, Json] = field(default_factory=dict)
    forget: tuple[str, ...] = ()
    """Keys beside the value that are no longer true when it changes: a reference's `display`."""

    def read(self, record: Json) -> Json:
        """The value there, or None."""
        for step in self.steps:
            if not isinstance(record, dict):
                return None
            record = record.get(step.key)
            if step.in_list:
                record = pick(record, step)
        return record

    def write(self, record: dict[str, Json], value: Json) -> None:
        """Put the value there, in place; None takes away what stands there."""
        if value == self.read(record):
            return
        if value is None:
            self._clear(record)
            return
        for depth, step in enumerate(self.steps):
            last = depth == len(self.steps) - 1
            if last and not step.in_list:
                record[step.key] = value
                _drop(record, self.forget)
                return
            if not step.in_list:
                record = _object_at(record, step.key)
                continue
            elements = _list_at(record, step.key)
            if last and step.index is not None:
                _put(elements, step.index, value)
                return
            record = _element(elements, step)
            if depth == self._innermost_list():
                _fill(record, self.also)

    def find(self, record: Json) -> tuple[str | int, ...] | None:
        """The keys and places in lists on the way to the value; None where nothing stands there."""
        found: list[str | int] = []
        for step in self.steps:
            record = record.get(step.key) if isinstance(record, dict) else None
            found.append(step.key)
            if step.in_list:
                elements, record = record, pick(record, step)
                found += [n for n, one in enumerate(elements or ()) if one is record][:1]
            if record is None:
                return None
        return tuple(found)

    def _innermost_list(self) -> int:
        return max((depth for depth, step in enumerate(self.steps) if step.in_list), default=-1)

    def _clear(self, record: dict[str, Json]) -> None:
        if self.read(record) is not None:
            _clear(record, self.steps, self)


def parse_place(
    text: str, also: dict[str, Json] | None = None, forget: tuple[str, ...] = (), *, in_each: bool = False
) -> Place:
    """A path of a tree of objects and lists; `[*]` may stand only where the table has an `each` (`in_each`).

    Raises:
        BadPath: with what is wrong about it.
    """
    steps = tuple(_step(part) for part in _split(text))
    if steps and steps[-1].conditions:
        raise BadPath("a path ends at a value, not at a selector")
    if not in_each and any(step.each for step in steps):
        raise BadPath("[*] stands only where a table's 'each' comes by")
    extra = {_keys(key): value for key, value in (also or {}).items()}
    if extra and not any(step.in_list for step in steps):
        raise BadPath("'also' needs a list in the path")
    return Place(text, steps, extra, forget)


def parse_column(text: str) -> Place:
    """A column's name, taken as it stands."""
    return Place(text, (Step(text),))


_STEP = re.compile(r"([^.\[\]]+)((?:\[[^\]]*\])*)(?:\.|$)")
_BRACKET = re.compile(r"\[([^\]]*)\]")
_CONDITION = re.compile(r"([^=^]+)(\^?=)(.*)")


def _split(text: str) -> list[tuple[str, list[str]]]:
    parts, position = [], 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise BadPath(f"not a path from character {position + 1} on")
        parts.append((match[1].strip(), _BRACKET.findall(match[2])))
        position = match.end()
    if not parts or text.endswith("."):
        raise BadPath("a path names at least one key and does not end in a dot")
    return parts


def _step(part: tuple[str, list[str]]) -> Step:
    key, brackets = part
    if brackets == ["*"]:
        return Step(key, index=0, each=True)
    if len(brackets) == 1 and brackets[0].isdecimal():
        return Step(key, index=int(brackets[0]))
    return Step(key, conditions=tuple(_condition(text) for text in brackets))


def _condition(text: str) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise BadPath(f"[{text}] is neither a place in the list nor a condition like [use=official]")
    starts = match[2] == "^="
    return Condition(_keys(match[1]), match[3] if starts else _value(match[3]), starts)


def _value(text: str) -> str | bool | int:
    """`true`, `false` and whole numbers are JSON's own; in quotes they are text."""
    if text in ("true", "false"):
        return text == "true"
    if text.isdecimal() and text.isascii() and str(int(text)) == text:
        return int(text)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _keys(text: str) -> Keys:
    return tuple(part.strip() for part in text.split("."))


def _at(node: Json, keys: Keys) -> Json:
    for key in keys:
        if not isinstance(node, dict):
            return None
        node = node.get(key)
    return node


def pick(elements: Json, step: Step) -> Json:
    """The element of a list that a step means, or None."""
    if not isinstance(elements, list):
        return None
    if step.index is not None:
        return elements[step.index] if step.index < len(elements) else None
    return next((e for e in elements if all(c.holds(e) for c in step.conditions)), None)


def _drop(record: dict[str, Json], keys: tuple[str, ...]) -> None:
    for key in keys:
        record.pop(key, None)


def _object_at(record: dict[str, Json], key: str) -> dict[str, Json]:
    if not isinstance(record.get(key), dict):
        record[key] = {}
    found: dict[str, Json] = record[key]
    return found


def _list_at(record: dict[str, Json], key: str) -> list[Json]:
    if not isinstance(record.get(key), list):
        record[key] = []
    found: list[Json] = record[key]
    return found


def _put(elements: list[Json], index: int, value: Json) -> None:
    elements.extend([None] * (index + 1 - len(elements)))
    elements[index] = value


def _element(elements: list[Json], step: Step) -> dict[str, Json]:
    found = pick(elements, step)
    if isinstance(found, dict):
        return found
    made: dict[str, Json] = {}
    _fill(made, {c.keys: c.value for c in step.conditions if not c.starts})
    if step.index is not None:
        _put(elements, step.index, made)
    else:
        elements.append(made)
    return made


def _fill(element: dict[str, Json], constants: dict[Keys, Json]) -> None:
    """Say the constants where the element says nothing yet."""
    for keys, value in constants.items():
        node = element
        for key in keys[:-1]:
            node = _object_at(node, key)
        node.setdefault(keys[-1], value)


def _clear(node: dict[str, Json], steps: tuple[Step, ...], place: Place) -> None:
    """Take the value away, and what then says nothing more: empty objects, list elements of constants only."""
    step, rest = steps[0], steps[1:]
    inner = node[step.key]
    child = pick(inner, step) if step.in_list else inner
    if rest:
        _clear(child, rest, place)
        gone = _says_nothing(child, step, place.also)
    else:
        gone = True
        _drop(node, place.forget)
    if not gone:
        return
    if step.in_list:
        _remove(inner, step, child)
    if not step.in_list or not inner:
        del node[step.key]


def _remove(elements: list[Json], step: Step, child: Json) -> None:
    if step.index is None:
        elements[:] = [element for element in elements if element is not child]
        return
    elements[step.index] = None
    while elements and elements[-1] is None:
        elements.pop()


def _says_nothing(child: dict[str, Json], step: Step, also: dict[Keys, Json]) -> bool:
    if not step.conditions:
        return not child
    if not all(c.holds(child) for c in step.conditions):
        return True
    constants: dict[str, Json] = {}
    _fill(constants, {c.keys: c.value for c in step.conditions})
    _fill(constants, also)
    return _within(child, constants)


def _within(part: Json, whole: Json) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _within(value, whole[key]) for key, value in part.items())
    return bool(part == whole)
