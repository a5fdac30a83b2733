"""By which ways a stream sees what is new, what changed and what is gone in its system; and what nobody sees."""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.spec.declared import Wrong
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.spec.tabular import FileReading, TableReading


@dataclass(frozen=True, slots=True)
class Ways:
    """The words are those of docs/connections.md: modified, every_time, horizon, sweep, tombstone, removed, webhook."""

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
    rows = _rows_of(stream)
    marked = any(one is not None and one.deleted is not None for one in (stream.read, rows))
    lists = ("every_time",) if rows is not None and "every_time" in seen else ()
    told = ("removed",) if stream.sees.removed is not None else ()
    gone = (*(("tombstone",) if marked else ()), *told, *lists, *again, *(("webhook",) if tells_ends else ()))
    return Ways(seen, tuple(way for way in seen if not (way == "sweep" and only_ids)), gone)


def find_blind_spots(connection: Connection) -> Iterator[Wrong]:
    """Streams in which something may happen that nobody sees, as far as nobody said that it is known."""
    if connection.connector == "legacy_export":
        return
    blind = [kind for kind in connection.pull if _is_blind(connection, kind)]
    if blind:
        said = f"what is deleted there shows nowhere: {', '.join(blind)}"
        way = "deleted" if connection.connector == "files" else "sees: {sweep: {every: 1d}}"
        yield ("streams",), said, f"Say {way}, or that it is known: sees: {{deletions: none}}"


def _is_blind(connection: Connection, kind: Kind) -> bool:
    return connection.streams[kind].sees.deletions is None and not find_ways(connection, kind).deletions


def _reading(connection: Connection, stream: Stream) -> str:
    """Files and tables that are read whole list what they hold, too."""
    table = stream.table.read if stream.table is not None else None
    files = stream.files.read if stream.files is not None else None
    by_change = (
        connection.connector == "fhir_r4",
        stream.read is not None and stream.read.since is not None,
        table is not None and table.modified is not None,
        files is not None and files.contains == "changes",
    )
    return "modified" if any(by_change) else "every_time"


def _rows_of(stream: Stream) -> TableReading | FileReading | None:
    block = stream.table or stream.files
    return block.read if block is not None else None
