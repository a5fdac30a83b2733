"""Files as a sink: what a push says of each record stands in one new file, whole or not there.

Each write is kept in a hidden folder beside the files as soon as it is sent, under its key; a push ends by making one
file a stream of all that is kept. A process that dies in between leaves its writes there, and the next push takes them
along. One that dies right after the file was made leaves them too: then a row stands in two files, under the same key.
"""

import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from posixpath import join
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.files.folders import HIDDEN, Folder
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.spec.tabular import FileWriting
from hub.errors import InvalidInput, Problem, RecordRejected
from hub.ports import Write
from hub.tables import write_csv


class FileSink:
    """Writes the streams of one connection; `publish` ends a push."""

    def __init__(self, system: str, streams: Mapping[Kind, Stream], folder: Folder, clock: Callable[[], float]) -> None:
        self.system = system
        self._streams = streams
        self._folder = folder
        self._clock = clock

    def send(self, write: Write) -> SourceRecord:
        """As `hub.ports.Sink.send`. What is new goes by the hub's id until the system's own export says another."""
        writing = self._writing(write.kind)
        row = self._row(write, writing)
        if not row:
            hint = "Say 'columns' of the stream's 'write' as the mapping names them"
            raise RecordRejected(Problem(f"{self.system}: no column of {write.kind} says anything", "empty", hint=hint))
        self._try_encoding(row, writing)
        kept = {"id": write.id, "at": self._clock(), "row": row}
        name = f"{write.kind}-{sha256(write.key.encode()).hexdigest()[:32]}.json"
        self._folder.put(join(writing.folder, f"{HIDDEN}kept", name), json.dumps(kept).encode())
        record_id = write.target.id if write.target is not None else write.id
        payload = {key: value for key, value in {**(write.seen or {}), **row}.items() if key != writing.key_column}
        return SourceRecord(SourceRef(self.system, write.kind, record_id), payload, hub_id=write.id)

    def publish(self) -> None:
        """Make one file a stream of all that is kept; nothing kept, no file."""
        for kind, stream in self._streams.items():
            if stream.files is not None and stream.files.write is not None:
                self._publish(kind, stream.files.write)

    def _publish(self, kind: Kind, writing: FileWriting) -> None:
        kept = join(writing.folder, f"{HIDDEN}kept")
        paths = [join(kept, one.name) for one in self._folder.find_entries(kept) if one.name.startswith(f"{kind}-")]
        if not paths:
            return
        content = io.BytesIO()
        rows = _newest(self._load(path) for path in paths)
        write_csv(content, self._columns(kind, writing), rows, delimiter=writing.delimiter, encoding=writing.encoding)
        mark = sha256(content.getvalue()).hexdigest()[:8]
        moment = datetime.fromtimestamp(self._clock(), UTC)
        self._folder.put(join(writing.folder, f"{writing.name}-{moment:%Y%m%dT%H%M%SZ}-{mark}.csv"), content.getvalue())
        for path in paths:
            self._folder.remove(path)

    def _load(self, path: str) -> dict[str, Any]:
        with self._folder.open(path) as stream:
            loaded: dict[str, Any] = json.load(stream)
            return loaded

    def _row(self, write: Write, writing: FileWriting) -> dict[str, str]:
        stream = self._streams[write.kind]
        columns = self._columns(write.kind, writing)
        row = {name: _text(value) for name, value in write.payload.items() if name in columns}
        is_ours = write.target is None or write.target.id == write.id
        reading = stream.files.read if stream.files is not None else None
        if reading is not None and not is_ours and write.target is not None:
            parts = write.target.id.split("/") if len(reading.id) > 1 else [write.target.id]
            row |= {name: part for name, part in zip(reading.id, parts, strict=False) if name in columns}
        if row and stream.hub_id in columns:
            row[stream.hub_id] = write.id
        if row and writing.key_column is not None:
            row[writing.key_column] = write.key
        return row

    def _columns(self, kind: Kind, writing: FileWriting) -> tuple[str, ...]:
        more = (writing.key_column, self._streams[kind].hub_id)
        return (*writing.columns, *(name for name in more if name is not None and name not in writing.columns))

    def _try_encoding(self, row: Mapping[str, str], writing: FileWriting) -> None:
        try:
            write_csv(io.BytesIO(), tuple(row), [row], encoding=writing.encoding)
        except InvalidInput as error:
            raise RecordRejected(*error.problems) from None

    def _writing(self, kind: Kind) -> FileWriting:
        stream = self._streams.get(kind)
        if stream is None or stream.files is None or stream.files.write is None:
            hint = "Nothing was written; 'write' of the stream says what the system takes"
            raise RecordRejected(Problem(f"{self.system} takes no {kind}", "not_writable", hint=hint))
        return stream.files.write


def _newest(kept: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """One row a record, in the order in which they were sent."""
    by_id = {one["id"]: one["row"] for one in sorted(kept, key=lambda one: one["at"])}
    return list(by_id.values())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
