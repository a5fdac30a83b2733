"""A declared system as a sink: each record stands there once, whatever answers get lost.

A create carries the write's key, or is preceded by a search for what an earlier try may have made. A change is made
onto the record as it stands there: into no call where nothing would change, into the vendor's own call for a
cancellation or a deletion, and never onto a version that the hub has not seen.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.connectors.kit.engine.caller import Caller
from hub.connectors.kit.engine.changes import changes_of, same, without, without_keys
from hub.connectors.kit.engine.records import Taker, list_in, says
from hub.connectors.kit.engine.single import Current, ask_one
from hub.connectors.kit.http import Answer
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.spec.writing import Create, End, Update, WriteCall, Writing
from hub.connectors.kit.values import put_at, value_at
from hub.errors import Conflict, InvalidInput, Problem, RecordRejected, RetryLater
from hub.ports import Write

Payload = dict[str, Any]


class DeclaredSink:
    """Writes the streams of one connection."""

    def __init__(self, system: str, streams: Mapping[Kind, Stream], caller: Caller, zone: ZoneInfo) -> None:
        self.system = system
        self._streams = streams
        self._caller = caller
        self._zone = zone

    def send(self, write: Write) -> SourceRecord:
        """As `hub.ports.Sink.send`.

        Raises:
            RecordRejected: the system will not take it, or takes no such thing.
            RetryLater, NeedsAttention, Conflict: as `hub.ports.Sink.send`.
            InvalidInput: the stream is not declared.
        """
        stream = self._streams.get(write.kind)
        if stream is None or stream.write is None:
            message = f"{self.system} declares no stream {write.kind} that is written"
            raise InvalidInput(Problem(message, field=f"streams.{write.kind}", hint="Add 'write' to the stream"))
        taker = Taker(self.system, write.kind, stream, self._zone)
        return _Sending(stream, stream.write, taker, self._caller, write).done()


class _Sending:
    """One write."""

    def __init__(self, stream: Stream, calls: Writing, taker: Taker, caller: Caller, write: Write) -> None:
        self._stream = stream
        self._calls = calls
        self._taker = taker
        self._caller = caller
        self._write = write
        self._desired: Payload = deepcopy(dict(write.payload))

    def done(self) -> SourceRecord:
        target = self._write.target
        if target is not None:
            return self._change(target.id, self._current(target.id))
        self._mark()
        found = self._find()
        if found is not None:
            return self._change(self._taker.id_of(found) or "", Current(found))
        return self._create()

    def _mark(self) -> None:
        """Our own id, by which the record is known when it comes back."""
        if self._stream.hub_id is not None:
            put_at(self._desired, self._stream.hub_id, self._write.id)

    def _create(self) -> SourceRecord:
        call = self._calls.create
        if call is None:
            raise self._refused("the system takes no new ones", "not_writable")
        if any(end and says(self._desired, end.when) for end in (self._calls.cancel, self._calls.delete)):
            raise self._refused("it ended before the system ever knew of it", "never_there")
        headers = {call.key_header: self._write.key} if call.key_header else {}
        answer = self._send(call, self._desired, headers=headers, repeatable=_is_once(call))
        return self._stored(call, answer, None)

    def _find(self) -> Payload | None:
        call = self._calls.create.find if self._calls.create else None
        if call is None:
            return None
        answer = self._caller.send(call, self._values(self._desired))
        found = [one for one in list_in(answer, call.records) if isinstance(one, dict) and self._is_ours(one)]
        if len(found) > 1:
            hint = "Remove the hub's id from the copies in that system"
            message = f"{len(found)} of {self._taker.name} carry {self._write.id}"
            raise Conflict(Problem(message, code="copied_identifier", hint=hint))
        return found[0] if found else None

    def _is_ours(self, payload: Payload) -> bool:
        """Some systems ignore a parameter that they do not know, and give everything."""
        path = self._stream.hub_id
        return path is None or value_at(payload, path) == self._write.id

    def _current(self, record_id: str) -> Current | None:
        one = self._stream.one
        if one is None:
            return None
        current = ask_one(one, record_id, self._taker, self._caller)
        if current is None:
            hint = "It was deleted there; decide whether it should be created again"
            raise Conflict(Problem(f"{self._taker.name} {record_id} is gone", code="gone", hint=hint))
        return current

    def _change(self, record_id: str, current: Current | None) -> SourceRecord:
        held = current.payload if current else {}
        changes = self._changes(record_id, held)
        if current is not None and not changes:
            return self._taker.record_of(held, record_id)
        end = self._ending(held)
        call = end or self._calls.update
        if call is None:
            raise self._refused("the system takes no changes of it", "not_writable")
        return self._stored(call, self._update(call, record_id, current, changes), record_id)

    def _changes(self, record_id: str, held: Payload) -> Payload:
        """What the hub wants otherwise than it was seen, and otherwise than it stands there now; None: cleared.

        Raises:
            Conflict: the same was changed there meanwhile.
        """
        counted = self._counted
        desired, there = without(self._desired, counted), without(held, counted)
        seen = without(self._write.seen, counted) if self._write.seen is not None else None
        wanted = changes_of(desired, seen or {}, clears=seen is not None)
        changes = {key: value for key, value in wanted.items() if not same(value, there.get(key))}
        if seen is not None and there and any(not same(there.get(key), seen.get(key)) for key in changes):
            hint = "It is read again with the next pull; then decide again"
            raise Conflict(Problem(f"{self._taker.name} {record_id} changed there", code="changed", hint=hint))
        return changes

    def _update(self, call: WriteCall, record_id: str, current: Current | None, changes: Payload) -> Answer:
        held = current.payload if current else {}
        record = {
            key: value
            for key, value in {**(held or self._desired), **changes}.items()
            if key not in changes or value is not None
        }
        headers = {}
        if isinstance(call, Update):
            record, changes = without(record, call.leave_out), without_keys(changes, call.leave_out)
            match = {"etag": current.etag if current else None, "version": self._version(held)}.get(call.if_match or "")
            headers = {"If-Match": str(match)} if match is not None else {}
        values = {"id": record_id, "changes": changes, "version": self._version(held or self._desired)}
        return self._send(call, record, values, headers=headers, repeatable=not headers and not isinstance(call, End))

    def _ending(self, held: Payload) -> End | None:
        """The call for what the record says now and did not say there."""
        ends = [end for end in (self._calls.delete, self._calls.cancel) if end is not None]
        return next((end for end in ends if says(self._desired, end.when) and not says(held, end.when)), None)

    def _version(self, payload: Payload) -> Any:
        reading = self._stream.read
        path = (reading.version or reading.modified) if reading else None
        return value_at(payload, path) if path else None

    @property
    def _counted(self) -> list[str]:
        """What the system counts by itself."""
        reading = self._stream.read
        return [path for path in (reading.version, reading.modified) if path] if reading else []

    def _send(
        self,
        call: WriteCall,
        record: Payload,
        more: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str],
        repeatable: bool,
    ) -> Answer:
        values = {**self._values(record), **(more or {})}
        return self._caller.send(call, values, headers=headers, repeatable=repeatable, writes=True)

    def _values(self, record: Payload) -> dict[str, Any]:
        return {"hub_id": self._write.id, "key": self._write.key, "record": record}

    def _stored(self, call: WriteCall, answer: Answer, known_id: str | None) -> SourceRecord:
        """The record as the system holds it now: from its answer, or read anew."""
        payload = value_at(answer.body, call.record) if call.id is None and not isinstance(call, End) else None
        if isinstance(payload, dict) and self._taker.id_of(payload):
            return self._taker.record_of(payload)
        said = value_at(answer.body, call.id) if call.id else None
        record_id = str(said) if isinstance(said, str | int) else known_id
        if record_id is None:
            hint = "Say with 'record' or 'id' of the call where its answer holds them"
            raise RetryLater(
                Problem(f"{self._taker.name}: made, and its id is not in the answer", code="no_id", hint=hint)
            )
        current = self._current(record_id)
        return self._taker.record_of(current.payload if current else self._desired, record_id)

    def _refused(self, message: str, code: str) -> RecordRejected:
        hint = "Nothing was sent; the connection's 'write' says what the system takes"
        return RecordRejected(Problem(f"{self._taker.name}: {message}", code=code, hint=hint))


def _is_once(call: Create) -> bool:
    """Whether the same create twice makes one."""
    return call.key_header is not None or any("key" in names for names in call.names().values())
