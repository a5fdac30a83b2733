"""When a stream's records take another shape than they had: what is different, and what the stream says to it.

A contract holds the paths of a record with the types that stood there, and for some paths the codes. It holds no values
but codes that somebody declared to be codes. Nothing (null) is of every type.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

_WORD = re.compile(r"[A-Za-z_$@#][\w$:. -]{0,40}")
_MOST_DIGITS = 3
OTHERS = "*"
"""Stands for keys that are no names of fields but data: numbers, addresses, ids."""


class Reaction(StrEnum):
    """What a stream does when a record has drifted."""

    NOTE = "note"
    """A person is told, once; it belongs to the contract from then on."""
    QUARANTINE = "quarantine"
    """The record waits until a person accepts the drift, the others go on."""
    STOP = "stop"
    """The stream waits; nothing of the page is applied."""


class What(StrEnum):
    """How a record has drifted."""

    NEW_FIELD = "new_field"
    CHANGED_TYPE = "changed_type"
    NEW_CODE = "new_code"


@dataclass(frozen=True, slots=True)
class DriftRules:
    """What a stream declares."""

    reactions: Mapping[What, Reaction]
    types: Mapping[str, str] = field(default_factory=dict)
    """Path → the type that stands there, whatever was seen."""
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Path of codes → those that are known."""
    learn: int = 100
    """From so many records the rest of the contract is learned."""


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """One thing that the contract does not say."""

    what: What
    path: str
    found: str
    """A type, or the code."""

    def __str__(self) -> str:
        return f"{self.what} {self.path} ({self.found})"


@dataclass(frozen=True, slots=True)
class Contract:
    """What is known of a stream's records."""

    records: int = 0
    """So many were learned from."""
    types: Mapping[str, frozenset[str]] = field(default_factory=dict)
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def learn(self, drifts: Sequence[Drift], *, records: int = 0) -> "Contract":
        """With these in it."""
        types, codes = dict(self.types), dict(self.codes)
        for one in drifts:
            into = codes if one.what is What.NEW_CODE else types
            into[one.path] = into.get(one.path, frozenset()) | {one.found}
        return replace(self, records=self.records + records, types=types, codes=codes)


def find_drifts(contract: Contract, rules: DriftRules, payload: Mapping[str, Any]) -> list[Drift]:
    """Where a record is not as the contract says, each thing once."""
    found: dict[Drift, None] = {}
    for path, value in _values("", payload):
        kind = _type_of(value)
        if kind is None:
            continue
        known = frozenset({rules.types[path]}) if path in rules.types else contract.types.get(path)
        if known is None:
            found[Drift(What.NEW_FIELD, path, kind)] = None
        elif kind not in known:
            found[Drift(What.CHANGED_TYPE, path, kind)] = None
        if path in rules.codes and kind in ("text", "number", "yes_no"):
            code = _code_of(value)
            if code not in rules.codes[path] and code not in contract.codes.get(path, ()):
                found[Drift(What.NEW_CODE, path, code)] = None
    return list(found)


def code_words(codes: Sequence[Any]) -> frozenset[str]:
    """Declared codes as they are compared."""
    return frozenset(map(_code_of, codes))


def gravest(drifts: Sequence[Drift], rules: DriftRules) -> Reaction | None:
    """What becomes of a record that drifted so; None: it did not."""
    reactions = {rules.reactions[one.what] for one in drifts}
    order = (Reaction.STOP, Reaction.QUARANTINE, Reaction.NOTE)
    return next((each for each in order if each in reactions), None)


def _values(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every place of a record with what stands there; the elements of a list share one place."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            at = f"{path}.{_named(key)}" if path else _named(key)
            yield at, inner
            if isinstance(inner, dict | list):
                yield from _values(at, inner)
    elif isinstance(value, list):
        for inner in value:
            yield f"{path}[]", inner
            if isinstance(inner, dict | list):
                yield from _values(f"{path}[]", inner)


def _named(key: Any) -> str:
    text = str(key)
    is_name = _WORD.fullmatch(text) is not None and "@" not in text[1:]
    return text if is_name and sum(map(str.isdigit, text)) <= _MOST_DIGITS else OTHERS


def _type_of(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "yes_no"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"


def _code_of(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
