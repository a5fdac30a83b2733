"""Records out of answers: where the list stands, what holds several, and who each one is."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.kit.engine.instants import read_instant
from hub.connectors.kit.http import Answer, place
from hub.connectors.kit.spec.paging import ByRelay
from hub.connectors.kit.spec.reading import Each, Mark, Reading
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.values import is_at, value_at
from hub.errors import NeedsAttention, Problem
from hub.ports import Rejected

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one answer held."""

    records: tuple[SourceRecord, ...]
    rejected: tuple[Rejected, ...]


def list_in(answer: Answer, path: str | None, paging: object = None, keyed_as: str | None = None) -> list[Any]:
    """The list of records in an answer, as the system cut it; with `keyed_as` also an object of them, by name.

    Raises:
        NeedsAttention: no list stands there.
    """
    if isinstance(paging, ByRelay) and path is None:
        return _nodes(answer, paging)
    found = value_at(answer.body, path)
    if isinstance(found, list):
        return found
    if isinstance(found, dict) and keyed_as is not None:
        return [{**one, keyed_as: name} if isinstance(one, dict) else one for name, one in found.items()]
    if found is None and (answer.body is None or is_at(answer.body, path)):
        return []
    raise _no_list(answer, path)


def _nodes(answer: Answer, paging: ByRelay) -> list[Any]:
    connection = value_at(answer.body, paging.connection)
    if not isinstance(connection, dict):
        raise _no_list(answer, paging.connection)
    if isinstance(edges := connection.get("edges"), list):
        return [edge.get("node") if isinstance(edge, dict) else edge for edge in edges]
    if isinstance(nodes := connection.get("nodes"), list):
        return nodes
    raise _no_list(answer, f"{paging.connection}.edges")


def _no_list(answer: Answer, path: str | None) -> NeedsAttention:
    where = f"no list stands at {path}" if path else "it is no list"
    hint = "Correct 'records' of the stream's 'read'; nothing of this page was used"
    return NeedsAttention(Problem(f"{place(answer.url)}: {where}", code="no_list", field="records", hint=hint))


class Taker:
    """Makes source records of one stream's raw ones."""

    def __init__(self, system: str, kind: Kind, stream: Stream, zone: ZoneInfo) -> None:
        self._system = system
        self._kind = kind
        self._stream = stream
        self._zone = zone

    @property
    def name(self) -> str:
        """As messages name the stream."""
        return f"{self._system} {self._kind}"

    def take(self, raw: Sequence[Any]) -> Taken:
        """All of them; what is no record, or says not who it is, is kept with that problem."""
        records: list[SourceRecord] = []
        rejected: list[Rejected] = []
        for one in self._each(raw):
            record = self.record_of(one if isinstance(one, dict) else {"value": one})
            if record.ref.id.startswith("no-id-"):
                hint = "Correct 'id' of the stream's 'read', or the record there"
                rejected.append(
                    Rejected(record, (Problem("nothing says which record it is", code="no_id", hint=hint),))
                )
            else:
                records.append(record)
        return Taken(tuple(records), tuple(rejected))

    def record_of(self, payload: Payload, known_id: str | None = None) -> SourceRecord:
        """One record, whole; `known_id` where it does not say itself who it is."""
        reading = self._stream.read
        version = value_at(payload, reading.version) if reading and reading.version else None
        changed = value_at(payload, reading.modified) if reading and reading.modified else None
        moment = read_instant(changed, reading.modified_format, self._zone) if reading else None
        said = version if version is not None else changed
        hub_id = value_at(payload, self._stream.hub_id) if self._stream.hub_id else None
        return SourceRecord(
            ref=SourceRef(self._system, self._kind, self.id_of(payload) or known_id or _mark_of(payload)),
            payload=payload,
            version=str(said) if said is not None else None,
            modified_at=moment,
            hub_id=hub_id if isinstance(hub_id, str) and hub_id else None,
            gone=bool(reading and reading.deleted and says(payload, reading.deleted)),
        )

    def single(self, payload: Payload, record_id: str) -> Payload | None:
        """The record of this id in one of the system's, which may hold several of ours."""
        reading = self._stream.read
        if reading is None or reading.each is None or not isinstance(value_at(payload, reading.each.path), list):
            return payload
        found = [one for one in inner_records(payload, reading.each) if isinstance(one, dict)]
        return next((one for one in found if self.id_of(one) == record_id), None)

    def id_of(self, payload: Payload) -> str | None:
        """What the system calls it, None where it does not say."""
        reading = self._stream.read
        parts = [value_at(payload, path) for path in reading.id] if reading else []
        whole = [
            str(part) for part in parts if isinstance(part, str | int) and not isinstance(part, bool) and part != ""
        ]
        return "/".join(whole) if whole and len(whole) == len(parts) else None

    def _each(self, raw: Sequence[Any]) -> Iterator[Any]:
        reading: Reading | None = self._stream.read
        if reading is None or reading.each is None:
            yield from raw
            return
        for outer in raw:
            yield from inner_records(outer, reading.each)


def says(payload: Payload, mark: Mark) -> bool:
    """Whether the record says so; yes and no by themselves, everything else as text."""
    value = value_at(payload, mark.path)
    return any(
        value is wanted if isinstance(wanted, bool) else value is not None and str(value) == str(wanted)
        for wanted in mark.equals
    )


def inner_records(outer: Any, each: Each) -> Iterator[Any]:
    """Our records of one of the system's, each with what stands around the list."""
    found = value_at(outer, each.path) if isinstance(outer, dict) else None
    if not isinstance(found, list):
        return
    around = _without(outer, each.path.split("."))
    for one in found:
        yield {**one, each.parent: around} if isinstance(one, dict) else one


def _without(outer: Payload, keys: Sequence[str]) -> Payload:
    """A copy of what stands around the list."""
    first, *rest = keys
    if rest and isinstance(outer.get(first), dict):
        return {**outer, first: _without(outer[first], rest)}
    return {key: value for key, value in outer.items() if key != first}


def _mark_of(payload: Payload) -> str:
    content = json.dumps(payload, sort_keys=True, default=str).encode()
    return f"no-id-{sha256(content).hexdigest()[:16]}"
