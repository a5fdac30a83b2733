"""What of a record the system does not hold yet."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from hub.connectors.kit.values import put_at

Payload = dict[str, Any]


def changes_of(desired: Mapping[str, Any], current: Mapping[str, Any], *, clears: bool) -> Payload:
    """By top-level key; with `clears`, a null for each key that is desired no more."""
    changed = {key: value for key, value in desired.items() if key not in current or not same(value, current[key])}
    gone = [key for key, value in current.items() if key not in desired and value is not None] if clears else []
    return changed | dict.fromkeys(gone)


def without(record: Mapping[str, Any], paths: Sequence[str]) -> Payload:
    """A copy that says nothing at these paths."""
    copy = deepcopy(dict(record))
    for path in paths:
        put_at(copy, path, None)
    return copy


def without_keys(changes: Mapping[str, Any], paths: Sequence[str]) -> Payload:
    """The changes without those at these paths; a key that is cleared stays cleared."""
    kept = {key: value for key, value in changes.items() if key not in paths}
    inside = [path for path in paths if isinstance(kept.get(path.split(".")[0].split("[")[0]), dict | list)]
    return without(kept, inside)


def same(left: Any, right: Any) -> bool:
    """Equal as systems mean it: instants by their moment."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right) or (isinstance(left, str) and isinstance(right, str) and _moments(left, right))


def _moments(left: str, right: str) -> bool:
    if len(left) < len("2026-03-02T09:00Z") or len(right) < len("2026-03-02T09:00Z"):
        return False
    try:
        one, other = datetime.fromisoformat(left), datetime.fromisoformat(right)
    except ValueError:
        return False
    return (one.tzinfo is None) == (other.tzinfo is None) and one == other
