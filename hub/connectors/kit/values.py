"""Values in answers and records, by the paths that connections declare."""

from functools import lru_cache
from typing import Any

from hub.mapping.paths import Place, parse_place

_place = lru_cache(maxsize=4096)(parse_place)


def value_at(body: Any, path: str | None) -> Any:
    """What stands at a path, None where nothing does; without a path all of it."""
    return body if path is None else place_of(path).read(body)


def put_at(record: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a path, in place, making what is missing on the way; None takes it away."""
    place_of(path).write(record, value)


def place_of(path: str) -> Place:
    """A path, parsed once."""
    return _place(path)


def is_at(body: Any, path: str | None) -> bool:
    """Whether something stands there, be it a null."""
    if path is None:
        return True
    around, _, last = path.rpartition(".")
    inside = value_at(body, around or None)
    return isinstance(inside, dict) and last in inside
