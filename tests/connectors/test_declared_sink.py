"""What a declared sink sends: once, only what changes, nothing of others overwritten, each end by its own call."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRef
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.engine.sink import DeclaredSink
from hub.connectors.kit.http import HttpClient, Limits
from hub.connectors.rest.caller import RestCaller
from hub.errors import Conflict, HubError, InvalidInput, NeedsAttention, RecordRejected, RetryLater
from hub.ports import Write
from tests.peers.scripted import Asked, answer, scripted

READ = {"path": "c", "id": "id", "version": "rev"}
ONE = {"path": "c/{id}"}
CREATE = {"path": "c", "key_header": "Idempotency-Key"}
UPDATE = {"method": "PATCH", "path": "c/{id}", "body": {"c": "{changes}", "rev": "{version}"}}
CANCEL = {"path": "c/{id}/cancel", "when": {"path": "status", "equals": ["cancelled", "void"]}}


@dataclass
class There:
    """One record there, and what was asked beside reads."""

    record: dict[str, Any] | None = None
    etag: str | None = None
    says: list[bytes] = field(default_factory=list)
    """Answers to the next writes, instead of the right ones."""
    writes: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def serve(self, asked: Asked) -> bytes:
        etag = {"etag": self.etag} if self.etag else {}
        if asked.method == "GET":
            found = [self.record] if "?" in asked.target else self.record
            return answer(found, content_type="application/json", **etag) if self.record else answer({}, 404)
        self.writes.append((asked.method, asked.target, json.loads(asked.body) if asked.body else None))
        self.headers.append(asked.headers)
        if self.says:
            return self.says.pop(0)
        self.record = {"id": "7", "rev": 9, **(self.record or {})}
        return answer(self.record, content_type="application/json")


@contextmanager
def sink(there: There, **write: Any) -> Iterator[DeclaredSink]:
    stream = {"read": READ, "one": ONE, "hub_id": "ext", "write": {"create": CREATE, "update": UPDATE, **write}}
    stream = {key: value for key, value in stream.items() if value is not None}
    whole = {"system": "glow", "connector": "rest", "mappings": "g", "streams": {"patient": stream}}
    with scripted(there.serve) as server:
        declared = Connection.model_validate({**whole, "base_url": server.url})
        assert not list(declared.find_problems())
        with HttpClient(server.url, limits=Limits(attempts=2)) as http:
            yield DeclaredSink("glow", declared.streams, RestCaller(http), ZoneInfo("America/Chicago"))


def write(target: str | None, payload: dict[str, Any], seen: dict[str, Any] | None = None) -> Write:
    ref = SourceRef("glow", Kind.PATIENT, target) if target else None
    return Write(Kind.PATIENT, "pat_1", "key-1", ref, payload, seen)


def test_a_create_carries_our_id_and_the_key_and_is_repeated_under_it():
    there = There(says=[b"HTTP/1.1 201 X\r\ncontent-length: 9\r\n\r\n{"])
    with sink(there) as opened:
        stored = opened.send(write(None, {"name": "Ann"}))
    assert stored.ref.id == "7"
    assert there.writes == [("POST", "/c", {"name": "Ann", "ext": "pat_1"})] * 2
    assert [headers["idempotency-key"] for headers in there.headers] == ["key-1", "key-1"]


def test_a_create_without_a_key_is_sent_once_and_searched_for_before():
    find = {"path": "c", "query": {"ext": "{hub_id}"}}
    there = There(says=[b"HTTP/1.1 201 X\r\ncontent-length: 9\r\n\r\n{"])
    with sink(there, create={"path": "c", "find": find}) as opened:
        there.record = {"id": "3", "ext": "pat_9", "rev": 1}
        with pytest.raises(RetryLater):
            opened.send(write(None, {"name": "Ann"}))
        assert len(there.writes) == 1, "a system that ignores the search gives others: that is none of ours"
        there.record = {"id": "7", "ext": "pat_1", "rev": 1, "name": "Ann"}
        assert opened.send(write(None, {"name": "Ann"})).ref.id == "7"
        assert len(there.writes) == 1, "what the lost answer was about is found"


SEEN = {"id": "7", "rev": 4, "name": "Ann", "tel": "1", "seen_at": "x"}


def test_only_what_the_hub_changed_is_sent_onto_the_newest_version():
    there = There({**SEEN, "rev": 6, "points": 40})
    with sink(there) as opened:
        opened.send(write("7", {**SEEN, "name": "Anne"}, SEEN))
    assert there.writes == [("PATCH", "/c/7", {"c": {"name": "Anne"}, "rev": 6})]


def test_what_is_cleared_here_is_sent_as_nothing():
    there = There(dict(SEEN))
    with sink(there) as opened:
        opened.send(write("7", {key: value for key, value in SEEN.items() if key != "tel"}, SEEN))
    assert there.writes == [("PATCH", "/c/7", {"c": {"tel": None}, "rev": 4})]


@pytest.mark.parametrize("there", [{**SEEN, "name": "Anne", "rev": 8}, {**SEEN, "seen_at": "y"}])
def test_what_stands_there_already_is_not_sent(there):
    desired = {**SEEN, "name": there["name"]}
    held = There(there)
    with sink(held) as opened:
        stored = opened.send(write("7", desired, SEEN))
    assert (held.writes, stored.payload) == ([], there)


def test_what_somebody_changed_there_meanwhile_is_not_overwritten():
    there = There({**SEEN, "name": "Anja", "rev": 5})
    with sink(there) as opened, pytest.raises(Conflict):
        opened.send(write("7", {**SEEN, "name": "Anne"}, SEEN))
    assert there.writes == []


def test_a_whole_record_is_put_without_what_the_system_counts_under_its_etag():
    there = There({**SEEN, "points": 40}, etag='"e5"')
    update = {"path": "c/{id}", "if_match": "etag", "leave_out": ["id", "rev", "seen_at"]}
    with sink(there, update=update) as opened:
        opened.send(write("7", {**SEEN, "name": "Anne"}, SEEN))
        there.says = [answer({}, 412)]
        there.record = dict(SEEN)
        with pytest.raises(Conflict):
            opened.send(write("7", {**SEEN, "name": "Anja"}, SEEN))
    assert there.writes[0] == ("PUT", "/c/7", {"name": "Anne", "tel": "1", "points": 40})
    assert there.headers[0]["if-match"] == '"e5"'


def test_an_end_has_its_own_call_once_and_is_never_repeated_by_itself():
    there = There({**SEEN, "status": "open"}, says=[answer({}, 503)])
    desired = {**SEEN, "status": "cancelled"}
    with sink(there, cancel=CANCEL) as opened:
        with pytest.raises(RetryLater):
            opened.send(write("7", desired, {**SEEN, "status": "open"}))
        assert there.writes == [("POST", "/c/7/cancel", None)]
        there.record = {**SEEN, "status": "cancelled"}
        opened.send(write("7", desired, {**SEEN, "status": "open"}))
    assert len(there.writes) == 1


@pytest.mark.parametrize(
    ("target", "payload", "calls", "error"),
    [
        (None, {"status": "cancelled"}, {"cancel": CANCEL}, RecordRejected),
        (None, {"name": "Ann"}, {"create": None}, RecordRejected),
        ("7", {"name": "Ann"}, {"update": None}, RecordRejected),
        ("8", {"name": "Ann"}, {}, Conflict),
    ],
)
def test_what_the_system_does_not_take_is_not_sent(target, payload, calls, error):
    there = There({"id": "7", "rev": 1} if target == "7" else None)
    with sink(there, **calls) as opened, pytest.raises(error) as caught:
        opened.send(write(target, payload))
    assert there.writes == []
    assert caught.value.problems[0].hint


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer({"faults": [{"code": "EDITION", "message": "Penelope"}]}, 200), RecordRejected),
        (answer({"message": "Penelope"}, 422), RecordRejected),
        (answer({"message": "Penelope"}, 403), NeedsAttention),
        (answer({"message": "Penelope"}, 409), Conflict),
    ],
)
def test_a_refusal_is_told_by_its_code_and_never_by_its_text(said: bytes, error: type[HubError]):
    there = There(says=[said])
    with sink(there, create={**CREATE, "errors": "faults"}) as opened, pytest.raises(error) as caught:
        opened.send(write(None, {"name": "Penelope"}))
    assert "Penelope" not in str(caught.value)
    assert "EDITION" in str(caught.value) or b"EDITION" not in said


def test_a_kind_that_is_not_declared_is_refused():
    with sink(There()) as opened, pytest.raises(InvalidInput, match="visit"):
        opened.send(Write(Kind.VISIT, "vis_1", "k", None, {}))
