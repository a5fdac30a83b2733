"""Telling what comes back from what is new: a system's record that is exactly what it confirmed to the hub."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from json import dumps
from typing import Any

Values = Mapping[str, Any]


def payload_hash(payload: Mapping[str, Any]) -> str:
    """The same for the same JSON object, in whatever order its keys stand."""
    return sha256(dumps(payload, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def is_form_of(held: Any, said: Any) -> bool:
    """Whether a system may hold a value so that it was told: as it is, in another spelling, or cut to its size."""
    if held == said:
        return True
    if not isinstance(held, str) or not isinstance(said, str):
        return False
    kept = _loose(held)
    return bool(kept) and _loose(said).startswith(kept)


def find_doubted(values: Values, last: Values, tries: Iterable[Values]) -> frozenset[str]:
    """Fields that a lost answer leaves in doubt: the hub may have changed them there, and so may somebody else.

    Args:
        values: what the system says now, in JSON's types.
        last: what it said before; empty where it is met for the first time.
        tries: what the hub said since, and nobody answered.
    """
    return frozenset(name for one in tries for name in values if not is_form_of(last.get(name), one.get(name)))


def find_own(values: Values, tries: Iterable[Values]) -> frozenset[str]:
    """Fields that hold what one of the tries said: they are the hub's own word."""
    return frozenset(name for one in tries for name in values if is_form_of(values[name], one.get(name)))


def _loose(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
