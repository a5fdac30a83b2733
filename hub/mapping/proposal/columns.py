"""The places in records, each with its values: what a table's author would look at one by one."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.mapping.codes import loose

Json = Any
_SELECTORS = {"system": 0.1, "type": 0.1, "use": 0.1, "kind": 0.1, "label": 0.5, "name": 0.5}
"""Keys that tell elements of a list apart, and in which share of the records each of their words must stand: a word
that stands in one record alone may be somebody's name."""
_MOST_WORDS = 8
_MERE = frozenset({"value", "val", "number", "text", "valuestring"})
_KEYS = frozenset({"id", "key", "uid", "guid"})
_NEARLY_KEYS = frozenset({"no", "ref", "code"})
"""The same within an object; by themselves they say something of their own, too."""
_CHOSEN = re.compile(r"\[[^=\]]+=([^\]]+)\]")


@dataclass(slots=True)
class Column:
    """One path, and what stands there in which records."""

    path: str
    values: list[Json] = field(default_factory=list)
    records: set[int] = field(default_factory=set)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys without lists and selectors, without case and punctuation."""
        return tuple(loose(key) for key in path_of(self.path).split("."))

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be called: its key; with the key around it; of a mere `value` what it is the value of."""
        keys, selectors = self.keys, _CHOSEN.findall(self.path)
        last, pair = keys[-1], "".join(keys[-2:])
        if last in _MERE:
            around = keys[-2].removesuffix("s") if len(keys) > 1 else ""
            return (*(loose(word) for word in reversed(selectors)), around, f"{around}{last}", last)
        if last in _KEYS | _NEARLY_KEYS and len(keys) > 1:
            return (pair, f"{keys[-2]}id", *([last] if last in _NEARLY_KEYS else []))
        return (last, pair)

    @property
    def texts(self) -> list[str]:
        """The values as text."""
        return [str(value).strip() for value in self.values]


def _without_brackets(path: str) -> Iterator[str]:
    depth = 0
    for letter in path:
        depth += letter == "["
        if depth == 0:
            yield letter
        depth -= letter == "]"


def columns_of(records: Sequence[Mapping[str, Json]], *, row: bool = False) -> tuple[list[Column], str | None]:
    """Every place that holds something in any record, in order of appearance; and a list whose elements are records of
    their own, if there is one: its places are named by `[*]`.
    """
    found: dict[str, Column] = {}
    selectors = _selectors(records)
    lengths = _lengths(records)
    many = {path for path, longest in lengths.items() if longest > 1 and path not in selectors}
    each = min(many, key=lambda path: path.count("."), default=None) if not row else None
    for number, record in enumerate(records):
        leaves = record.items() if row else _leaves(record, "", selectors, each)
        for path, value in leaves:
            if value is None or (isinstance(value, str) and not value.strip()):
                continue
            column = found.setdefault(path, Column(path))
            column.values.append(value)
            column.records.add(number)
    return list(found.values()), f"{each}[*]" if each else None


def _leaves(node: Json, path: str, selectors: Mapping[str, str], each: str | None) -> Iterator[tuple[str, Json]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if not set("[].|") & set(key):
                yield from _leaves(value, f"{path}.{key}" if path else key, selectors, each)
    elif isinstance(node, list):
        plain = path_of(path)
        for place, element in enumerate(node):
            selector = selectors.get(plain)
            if selector is not None and isinstance(element, dict) and isinstance(element.get(selector), str):
                inner = {key: value for key, value in element.items() if key != selector}
                yield from _leaves(inner, f"{path}[{selector}={element[selector]}]", selectors, each)
            elif plain == each:
                yield from _leaves(element, f"{path}[*]", selectors, each)
            elif place == 0:
                yield from _leaves(element, f"{path}[0]", selectors, each)
    else:
        yield path, node


def path_of(path: str) -> str:
    """Without what chooses elements."""
    return "".join(_without_brackets(path))


def _lists(node: Json, path: str = "") -> Iterator[tuple[str, list[Json]]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _lists(value, f"{path}.{key}" if path else key)
    elif isinstance(node, list):
        yield path, node
        for element in node:
            yield from _lists(element, path)


def _lengths(records: Sequence[Json]) -> dict[str, int]:
    longest: dict[str, int] = defaultdict(int)
    for record in records:
        for path, elements in _lists(record):
            if elements and all(isinstance(one, dict) and len(one) > 1 for one in elements):
                longest[path] = max(longest[path], len(elements))
    return longest


def _selectors(records: Sequence[Json]) -> dict[str, str]:
    """By list, the key whose few words tell its elements apart within each record."""
    lists: dict[str, list[list[Json]]] = defaultdict(list)
    for record in records:
        for path, elements in _lists(record):
            lists[path].append([one for one in elements if isinstance(one, dict)])
    found: dict[str, str] = {}
    for path, several in lists.items():
        for key, least in _SELECTORS.items():
            if _tells_apart([[one.get(key) for one in elements] for elements in several], least):
                found.setdefault(path, key)
    return found


def _tells_apart(words: Sequence[Sequence[Json]], least: float) -> bool:
    """Whether few words stand here, each in many records and in none of them twice."""
    counts = Counter(word for each in words for word in each if isinstance(word, str))
    is_text = all(isinstance(word, str) and word.isidentifier() for each in words for word in each)
    once = all(len(set(each)) == len(each) for each in words if is_text)
    enough = all(count >= max(2, least * len(words)) for count in counts.values())
    return is_text and once and enough and 0 < len(counts) <= _MOST_WORDS
