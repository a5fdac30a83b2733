"""A record stands there once even on servers that ignore If-None-Exist: the search before the create is enough.

The servers here forget nothing and honour little; those that honour it are in tests/conformance.
"""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRef
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.sink import FhirSink, plan_update
from hub.errors import Conflict, RetryLater
from hub.ports import Write
from tests.peers.fhir import appointment
from tests.peers.scripted import Asked, answer, bundle, scripted

WRITE = Write(Kind.VISIT, "vis_1", "ehr:visit:1", None, {k: v for k, v in appointment("x").items() if k != "id"})


class CarelessServer:
    """Creates whatever it is sent, and knows no If-None-Exist."""

    def __init__(self, *, loses_first_answer: bool = False, ignores_search: bool = False) -> None:
        self.held: list[dict[str, Any]] = []
        self.loses_first_answer = loses_first_answer
        self.ignores_search = ignores_search

    def script(self, asked: Asked) -> bytes:
        if asked.method == "GET":
            return answer(bundle(*self.found(asked)))
        number = str(len(self.held) + 1)
        self.held.append({**json.loads(asked.body), "id": number, "meta": {"versionId": "1"}})
        if self.loses_first_answer and number == "1":
            return b"HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{"
        return answer(self.held[-1], 201)

    def found(self, asked: Asked) -> list[dict[str, Any]]:
        if self.ignores_search:
            return self.held
        wanted = parse_qs(urlsplit(asked.target).query)["identifier"][0]
        return [r for r in self.held if any(f"{i['system']}|{i['value']}" == wanted for i in r["identifier"])]


def test_a_lost_answer_is_followed_by_finding_the_first_one():
    careless = CarelessServer(loses_first_answer=True)
    with scripted(careless.script) as server, FhirClient(server.url) as client:
        with pytest.raises(RetryLater, match="broke off"):
            FhirSink(client, "ehr").send(WRITE)
        assert FhirSink(client, "ehr").send(WRITE).ref.id == "1"
    assert len(careless.held) == 1


def test_the_create_names_its_identifier_for_servers_that_look():
    with scripted(CarelessServer().script) as server, FhirClient(server.url) as client:
        FhirSink(client, "ehr").send(WRITE)
    [posted] = [asked for asked in server.asked if asked.method == "POST"]
    assert posted.headers["if-none-exist"] == "identifier=urn:medspa-hub:visit|vis_1"


def test_a_server_that_ignores_the_search_does_not_pass_off_another_record_as_ours():
    careless = CarelessServer(ignores_search=True)
    careless.held.append({**appointment("1"), "identifier": [{"system": "urn:other", "value": "vis_1"}]})
    with scripted(careless.script) as server, FhirClient(server.url) as client:
        assert FhirSink(client, "ehr").send(WRITE).ref.id == "2"


def test_two_copies_of_our_identifier_are_put_before_a_person():
    careless = CarelessServer()
    ours = {"identifier": [{"system": "urn:medspa-hub:visit", "value": "vis_1"}]}
    careless.held += [{**appointment("1"), **ours}, {**appointment("2"), **ours}]
    said = "2 Appointment resources carry vis_1"
    with scripted(careless.script) as server, FhirClient(server.url) as client, pytest.raises(Conflict, match=said):
        FhirSink(client, "ehr").send(WRITE)


def test_a_server_that_answers_a_create_without_a_body_is_asked_for_what_it_stored():
    stored = {**appointment("7"), "meta": {"versionId": "1"}}

    def script(asked: Asked) -> bytes:
        if asked.method == "POST":
            return answer(b"", 201, location="Appointment/7/_history/1")
        return answer(stored) if urlsplit(asked.target).path == "/Appointment/7" else answer(bundle())

    with scripted(script) as server, FhirClient(server.url) as client:
        assert FhirSink(client, "ehr").send(WRITE).ref == SourceRef("ehr", Kind.VISIT, "7")


CURRENT = {
    "resourceType": "Appointment",
    "id": "1",
    "meta": {"versionId": "3"},
    "status": "booked",
    "start": "2026-03-12T15:00:00Z",
    "description": "x",
    "identifier": [{"system": "a", "value": "1"}],
}


@pytest.mark.parametrize(
    ("desired", "changed"),
    [
        ({**CURRENT}, None),
        ({**CURRENT, "start": "2026-03-12T10:00:00-05:00"}, None),
        ({**CURRENT, "meta": {"versionId": "2"}}, None),
        ({**CURRENT, "status": "arrived"}, {"status": "arrived"}),
        ({k: v for k, v in CURRENT.items() if k != "description"}, {"description": None}),
        ({"status": "arrived"}, {"status": "arrived"}),
        ({"identifier": [{"system": "b", "value": "2"}]},
         {"identifier": [{"system": "a", "value": "1"}, {"system": "b", "value": "2"}]}),
    ],
)  # fmt: skip
def test_only_what_differs_is_written(desired, changed):
    expected = None if changed is None else {k: v for k, v in {**CURRENT, **changed}.items() if v is not None}
    assert plan_update(desired, CURRENT) == expected


def test_a_change_made_onto_another_version_is_a_conflict():
    with pytest.raises(Conflict, match="changed there"):
        plan_update({**CURRENT, "meta": {"versionId": "2"}, "status": "arrived"}, CURRENT)


def _procedure() -> Write:
    payload = {"resourceType": "Procedure", "status": "completed", "subject": {"reference": "Patient/p1"}}
    return Write(Kind.PROCEDURE, "prc_1", "ehr:procedure:1", None, payload)


def _capable(*, conditional_update: bool) -> bytes:
    resource = {"type": "Procedure", "conditionalUpdate": conditional_update}
    rest = [{"mode": "server", "resource": [resource]}]
    return answer({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest})


@pytest.mark.parametrize("says_so", [True, False])
def test_what_is_the_hubs_own_is_a_conditional_update_where_the_server_says_that_it_takes_them(*, says_so: bool):
    held: list[dict[str, Any]] = []

    def script(asked: Asked) -> bytes:
        if "metadata" in asked.target:
            return _capable(conditional_update=says_so)
        if asked.method == "GET":
            return answer(bundle(*held))
        held[:] = [{**json.loads(asked.body), "id": "1", "meta": {"versionId": "1"}}]
        return answer(held[0], 200 if says_so else 201)

    with scripted(script) as server, FhirClient(server.url) as client:
        sink = FhirSink(client, "ehr")
        assert [sink.send(_procedure()).ref.id for _ in range(2)] == ["1", "1"]
    asked = [(one.method, urlsplit(one.target).path) for one in server.asked if "metadata" not in one.target]
    if says_so:
        assert asked == [("PUT", "/Procedure")] * 2
        [query] = {urlsplit(one.target).query for one in server.asked if one.method == "PUT"}
        assert parse_qs(query) == {"identifier": ["urn:medspa-hub:procedure|prc_1"]}
    else:
        assert asked == [("GET", "/Procedure"), ("POST", "/Procedure"), ("GET", "/Procedure")]


def test_a_conditional_update_that_several_match_is_put_before_a_person():
    def script(asked: Asked) -> bytes:
        if "metadata" in asked.target:
            return _capable(conditional_update=True)
        issue = {"severity": "error", "code": "multiple-matches"}
        return answer({"resourceType": "OperationOutcome", "issue": [issue]}, 412)

    with scripted(script) as server, FhirClient(server.url) as client, pytest.raises(Conflict):
        FhirSink(client, "ehr").send(_procedure())
    assert "PUT" in {one.method for one in server.asked}
