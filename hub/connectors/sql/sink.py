"""Tables as a sink: a row is made once, known by the hub's id in it, and changed onto what stands there now."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.connectors.kit.engine.rows import RowTaker, plain
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.sql.opened import table_of, told
from hub.connectors.sql.values import typed
from hub.errors import Conflict, Problem, RecordRejected
from hub.ports import Write

Row = dict[str, Any]
_NOT_TAKEN = (sa.exc.IntegrityError, sa.exc.DataError)


class TableSink:
    """Writes the streams of one connection."""

    def __init__(self, system: str, streams: Mapping[Kind, Stream], engine: sa.Engine, zone: ZoneInfo) -> None:
        self.system = system
        self._streams = streams
        self._engine = engine
        self._zone = zone

    def send(self, write: Write) -> SourceRecord:
        """As `hub.ports.Sink.send`, in one transaction."""
        stream = self._streams.get(write.kind)
        if stream is None or stream.table is None or stream.table.write is None or stream.table.read is None:
            hint = "Nothing was written; 'write' of the stream says what the system takes"
            raise RecordRejected(Problem(f"{self.system} takes no {write.kind}", "not_writable", hint=hint))
        sending = _Sending(self.system, stream, write, self._engine, self._zone)
        with told(self.system), self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":  # Python's driver begins with the first write, after the look
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            return sending.done(connection)


class _Sending:
    """One record on its way into a table."""

    def __init__(self, system: str, stream: Stream, write: Write, engine: sa.Engine, zone: ZoneInfo) -> None:
        declared, hub_id = stream.table, stream.hub_id
        assert declared is not None
        assert declared.read is not None
        assert declared.write is not None
        self._system = system
        self._reading = declared.read
        self._allowed = declared.write.columns
        self._hub_id = hub_id
        self._write = write
        with told(system):
            self._table = table_of(declared.write.table, engine)
        self._taker = RowTaker(system, write.kind, declared.read, hub_id, zone=zone)

    def done(self, connection: sa.Connection) -> SourceRecord:
        """Once, and the row as it stands then."""
        desired = self._desired()
        current = self._current(connection)
        if current is None:
            if self._write.target is not None:
                hint = "It was deleted there; decide whether it should be created again"
                raise Conflict(Problem(f"{self._system}: the row is gone", "gone", hint=hint))
            return self._made(connection, desired)
        held = {name: plain(value) for name, value in current.items()}
        changes = self._changes(desired, held)
        if changes:
            self._change(connection, current, changes)
        return self._record(self._current(connection, known=current) or current)

    def _desired(self) -> Row:
        """By column, in the columns' types.

        Raises:
            RecordRejected: a column that is not declared, is not there, or takes no such value.
        """
        ids = (*self._reading.id, self._reading.modified, self._reading.version, self._hub_id)
        said = {name: value for name, value in self._write.payload.items() if name not in ids}
        seen = self._write.seen or {}
        strangers = [name for name in said if name not in self._allowed and said[name] != seen.get(name)]
        strangers += [name for name in said if name in self._allowed and name not in self._table.c]
        if strangers:
            hint = "Name it under 'columns' of 'write', or leave it out of what the mapping writes"
            raise RecordRejected(
                *(
                    Problem("the hub may not write this column", "not_writable", field=name, hint=hint)
                    for name in strangers
                )
            )
        return {name: typed(said[name], self._table.c[name]) for name in said if name in self._allowed}

    def _current(self, connection: sa.Connection, known: Row | None = None) -> Row | None:
        """The row, kept from others until the transaction is over where the database can do so."""
        if known is not None:
            match = [self._table.c[name] == known[name] for name in self._reading.id]
        elif self._write.target is not None:
            parts = self._write.target.id.split("/") if len(self._reading.id) > 1 else [self._write.target.id]
            pairs = zip(self._reading.id, parts, strict=False)
            match = [self._table.c[name] == typed(part, self._table.c[name]) for name, part in pairs]
        else:
            assert self._hub_id is not None, "a connection that makes rows says where the hub's id stands"
            match = [self._table.c[self._hub_id] == self._write.id]
        found = connection.execute(sa.select(self._table).where(*match).with_for_update()).mappings().all()
        if len(found) > 1:
            hint = "Remove the hub's id from the copies in that system"
            raise Conflict(
                Problem(f"{self._system}: {len(found)} rows are {self._write.id}", "copied_identifier", hint=hint)
            )
        return dict(found[0]) if found else None

    def _made(self, connection: sa.Connection, desired: Row) -> SourceRecord:
        assert self._hub_id is not None
        values = {**{name: value for name, value in desired.items() if value is not None}, self._hub_id: self._write.id}
        try:
            with connection.begin_nested():
                connection.execute(sa.insert(self._table).values(values))
        except _NOT_TAKEN as error:
            made = self._current(connection)
            if made is None:
                raise self._rejected(error) from None
            return self._record(made)  # another try of the same write was first
        made = self._current(connection)
        assert made is not None
        return self._record(made)

    def _changes(self, desired: Row, held: Row) -> Row:
        """What the hub wants otherwise than it was seen, and otherwise than it stands there.

        Raises:
            Conflict: the same was changed there meanwhile.
        """
        seen = self._write.seen
        wanted = {name: value for name, value in desired.items() if seen is None or plain(value) != seen.get(name)}
        changes = {name: value for name, value in wanted.items() if plain(value) != held.get(name)}
        if seen is not None and any(held.get(name) != seen.get(name) for name in changes):
            hint = "It is read again with the next pull; then decide again"
            raise Conflict(Problem(f"{self._system}: the row changed there", "changed", hint=hint))
        return changes

    def _change(self, connection: sa.Connection, current: Row, changes: Row) -> None:
        match = [self._table.c[name] == current[name] for name in self._reading.id]
        if self._reading.version is not None:
            match.append(self._table.c[self._reading.version] == current[self._reading.version])
        try:
            with connection.begin_nested():
                done = connection.execute(sa.update(self._table).where(*match).values(changes))
        except _NOT_TAKEN as error:
            raise self._rejected(error) from None
        if done.rowcount == 0:
            raise Conflict(Problem(f"{self._system}: the row changed there", "changed", hint="It is tried again"))

    def _rejected(self, error: sa.exc.DBAPIError) -> RecordRejected:
        hint = "Compare the record with the table's rules: what must be filled, how long it may be, what it refers to"
        message = f"{self._system}: the database takes no such row ({type(error.orig).__name__})"
        return RecordRejected(Problem(message, "not_taken", hint=hint))

    def _record(self, row: Row) -> SourceRecord:
        payload = {name: plain(value) for name, value in row.items()}
        return self._taker.record_of(payload, self._taker.id_of(payload) or self._write.id)
