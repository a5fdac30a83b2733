"""By which ways a stream sees what is new, what changed and what is gone in its system; and what nobody sees."""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.spec.declared import Wrong
from hub.connectors.kit.spec.stream import Stream

_AT_ONCE = ("rest", "graphql", "fhir_r4")
"""Whose readings may leave something unseen; other connectors read what stands there, whole."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The words are those of docs/connections.md: modified, every_time, horizon, sweep, tombstone, webhook."""

    inserts: tuple[str, ...]
    changes: tuple[str, ...]
    deletions: tuple[str, ...]
    """Empty: a record that is deleted there stays here."""


def find_ways(connection: Connection, kind: Kind) -> Ways:
    """How a stream that is pulled sees."""
    stream = connection.streams[kind]
    again = tuple(name for name in ("horizon", "sweep") if getattr(stream.sees, name) is not None)
    rings = connection.webhooks is not None and kind in connection.webhooks.kinds.values()
    tells_ends = connection.webhooks is not None and any(
        connection.webhooks.kind_of(type_) is kind for type_ in connection.webhooks.deleted
    )
    seen = (_reading(connection, stream), *again, *(("webhook",) if rings else ()))
    only_ids = stream.sees.sweep is not None and stream.sees.sweep.list is not None
    marked = stream.read is not None and stream.read.deleted is not None
    gone = (*(("tombstone",) if marked else ()), *again, *(("webhook",) if tells_ends else ()))
    return Ways(seen, tuple(way for way in seen if not (way == "sweep" and only_ids)), gone)


def find_blind_spots(connection: Connection) -> Iterator[Wrong]:
    """Streams in which something may happen that nobody sees, as far as nobody said that it is known."""
    if connection.connector not in _AT_ONCE:
        return
    for kind in connection.pull:
        ways, sees = find_ways(connection, kind), connection.streams[kind].sees
        if ways.deletions or sees.deletions is not None:
            continue
        hint = "Say how under 'sees' (sweep), or that it is known: deletions: none"
        yield (("streams", kind), f"a {kind} that is deleted there shows nowhere", hint)


def _reading(connection: Connection, stream: Stream) -> str:
    if connection.connector == "fhir_r4":
        return "modified"
    return "modified" if stream.read is not None and stream.read.since is not None else "every_time"
