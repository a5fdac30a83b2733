"""One record of a stream, asked for by its id."""

from dataclasses import dataclass, field
from typing import Any

from hub.connectors.kit.engine.caller import GOOD, Caller
from hub.connectors.kit.engine.records import Taker
from hub.connectors.kit.spec.reading import One
from hub.connectors.kit.values import value_at

_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Current:
    """A record as the system holds it now."""

    payload: dict[str, Any] = field(repr=False)
    etag: str | None = None


def ask_one(one: One, record_id: str, taker: Taker, caller: Caller) -> Current | None:
    """None: the system has none of this id (any more)."""
    answer = caller.send(one, {"id": record_id}, accept=GOOD | _GONE)
    said = value_at(answer.body, one.record) if answer.status not in _GONE else None
    payload = taker.single(said, record_id) if isinstance(said, dict) else None
    return Current(payload, answer.headers.get("etag")) if payload is not None else None
