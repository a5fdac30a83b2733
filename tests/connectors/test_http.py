"""What the HTTP client says when the other side does not behave. Every failure is made on a real socket."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from hub.connectors.kit.auth import bearer
from hub.connectors.kit.http import HttpClient, Limits, place
from hub.errors import Conflict, HubError, NeedsAttention, RecordRejected, RetryLater
from tests.peers.processes import free_port
from tests.peers.scripted import Asked, answer, scripted

SECRET = "Penelope"
PATIENT = Limits(connect_seconds=180, read_seconds=180, whole_seconds=180, max_bytes=10_000)
"""On a busy machine, too, what was answered arrives."""
QUICK = Limits(connect_seconds=180, read_seconds=0.3, whole_seconds=0.6)
"""For a server that never answers."""


def always(content: bytes) -> Callable[[Asked], bytes]:
    return lambda _asked: content


def failure_of(content: bytes, method: str = "GET", *, expected: type[HubError]) -> tuple[HubError, int]:
    """The error that this answer leads to, and how often the server was asked."""
    with scripted(always(content)) as server, HttpClient(server.url, auth=bearer("t"), limits=PATIENT) as client:
        with pytest.raises(expected) as caught:
            client.request(
                method,
                f"Patient?name={SECRET}",
                payload=None if method == "GET" else {"name": SECRET},
                repeatable=method == "GET",
            )
        assert f"{method} {server.url}/Patient" in str(caught.value), "the message names what was asked"
        assert SECRET not in str(caught.value), "and nothing personal"
        assert caught.value.problems[0].hint, "and says what to do"
        return caught.value, len(server.asked)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_a_failing_or_busy_server_is_asked_three_times_and_then_later(status):
    error, asked = failure_of(answer({}, status), expected=RetryLater)
    assert (str(status) in str(error), asked) == (True, 3)


@pytest.mark.parametrize("status", [401, 403, 404, 301, 302, 418])
def test_a_refusal_needs_a_person_and_is_not_repeated(status):
    error, asked = failure_of(answer({"name": SECRET}, status), expected=NeedsAttention)
    assert (str(status) in str(error), asked) == (True, 1)


def test_a_refused_token_points_to_the_connection_s_secrets():
    error, _ = failure_of(answer({}, 401), expected=NeedsAttention)
    assert "'auth'" in str(error)


def test_a_redirect_is_never_followed_because_the_token_would_travel_along():
    with scripted(always(answer("", 302, location="http://127.0.0.1:9/elsewhere"))) as server:
        with HttpClient(server.url, auth=bearer("t")) as client, pytest.raises(NeedsAttention, match="base_url"):
            client.get("Patient")
        assert len(server.asked) == 1


def test_an_answer_that_is_not_json_needs_a_person():
    error, asked = failure_of(answer(f"<html>{SECRET}</html>", content_type="text/html"), expected=NeedsAttention)
    assert ("not JSON (text/html)" in str(error), asked) == (True, 1)


def test_json_that_is_wrong_in_the_middle_needs_a_person():
    failure_of(answer('{"name": Penelope, "x": 1}'), expected=NeedsAttention)


@pytest.mark.parametrize(
    "half", ['{"name": "Penel', '{"name": ', '{"name": "x"', '{"name": "x",', "[1, 2", "", '{"a": tr']
)
def test_json_that_stops_in_the_middle_may_work_later(half):
    _, asked = failure_of(answer(half), expected=RetryLater)
    assert asked == 3


def test_an_answer_shorter_than_it_says_may_work_later():
    whole = answer({"name": SECRET})
    _, asked = failure_of(whole[:-5], expected=RetryLater)
    assert asked == 3


def test_text_that_is_not_utf8_needs_a_person():
    failure_of(answer(b'{"name": "\xe9\xe8"}'), expected=NeedsAttention)


def test_an_answer_beyond_all_bounds_needs_a_person():
    failure_of(answer({"x": "y" * 20_000}), expected=NeedsAttention)


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_payload_that_is_refused_is_a_rejected_record_with_the_outcome_s_codes_only(status):
    outcome = {
        "issue": [{"severity": "error", "code": "invariant", "expression": ["Patient.name"], "diagnostics": SECRET}]
    }
    error, asked = failure_of(answer(outcome, status), "POST", expected=RecordRejected)
    [problem] = error.problems
    assert (problem.field, "(invariant)" in problem.message, asked) == ("Patient.name", True, 1)


def test_each_error_of_an_outcome_names_its_element_and_never_a_value():
    issues = [
        {"severity": "warning", "code": "informational", "expression": ["Patient.gender"]},
        {"severity": "error", "code": "value", "expression": [f"Patient.identifier.where(value='{SECRET}').system"]},
        {"severity": "fatal", "code": "invalid", "location": ["/f:Patient/f:birthDate"], "details": {"text": SECRET}},
        {"severity": "error", "code": SECRET, "expression": [f"Patient['{SECRET}']"]},
        {"severity": "error", "code": "structure", "details": {"coding": [{"code": "MSG_BAD_SYNTAX"}]}},
        "no issue",
    ]
    outcome = {"resourceType": "OperationOutcome", "issue": issues}
    error, _ = failure_of(answer(outcome, 422), "PUT", expected=RecordRejected)
    fields = [problem.field for problem in error.problems]
    assert fields == ["Patient.identifier.system", "Patient.birthDate", None, None]
    assert SECRET not in str(error)
    assert "structure MSG_BAD_SYNTAX" in str(error)


@pytest.mark.parametrize("status", [409, 412])
def test_a_payload_that_is_out_of_date_is_a_conflict(status):
    failure_of(answer({}, status), "PUT", expected=Conflict)


def test_a_create_is_never_repeated_by_the_client_itself():
    _, asked = failure_of(answer({}, 503), "POST", expected=RetryLater)
    assert asked == 1


def test_a_server_that_asks_for_a_pause_is_given_it():
    with scripted(always(answer({}, 429, retry_after="3600"))) as server, HttpClient(server.url) as client:
        with pytest.raises(RetryLater) as caught:
            client.get("Patient")
        assert (caught.value.after_seconds, len(server.asked)) == (3600.0, 1), "an hour is not waited for in place"


def test_a_pause_until_a_date_is_counted_on_the_server_s_own_clock():
    dated = (
        b"HTTP/1.1 503 X\r\ncontent-length: 0\r\ndate: Mon, 02 Mar 2026 09:00:00 GMT\r\n"
        b"retry-after: Mon, 02 Mar 2026 09:05:00 GMT\r\nconnection: close\r\n\r\n"
    )
    with scripted(always(dated)) as server, HttpClient(server.url) as client:
        with pytest.raises(RetryLater) as caught:
            client.get("Patient")
        assert caught.value.after_seconds == 300.0


def test_a_server_that_is_not_there_is_unreachable():
    url = f"http://127.0.0.1:{free_port()}"
    with HttpClient(url, limits=PATIENT) as client, pytest.raises(RetryLater, match=f"{url}/Patient: no connection"):
        client.get("Patient")


def test_a_silent_server_is_slow():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with HttpClient(url, limits=QUICK) as client, pytest.raises(RetryLater, match="no answer in time"):
            client.get("Patient")


def test_a_server_that_drips_is_slow_although_it_never_falls_silent():
    def drip(_asked: Asked) -> bytes:
        raise AssertionError("answered below")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
                    )
                    while True:
                        connection.sendall(b" ")
                        time.sleep(0.05)  # noqa: TID251 - the fault itself: slower than the client bears
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        limits = Limits(read_seconds=180, whole_seconds=0.3, attempts=1)
        with HttpClient(url, limits=limits) as client, pytest.raises(RetryLater, match="no whole answer within"):
            client.request("GET", "Patient")
        thread.join(10)


def test_a_link_to_another_server_is_refused_before_anything_is_sent():
    with HttpClient("https://ehr.example.com/fhir", auth=bearer("t")) as client:
        assert client.absolute("Patient?x=1") == "https://ehr.example.com/fhir/Patient?x=1"
        assert client.absolute("https://ehr.example.com:443/other") == "https://ehr.example.com:443/other"
        for foreign in (
            "https://evil.example.net/p",
            "http://ehr.example.com/fhir",
            "//evil.example.net/",
            "https://ehr.example.com:8443/",
        ):
            with pytest.raises(NeedsAttention, match="another server"):
                client.absolute(foreign)


def test_a_place_shows_neither_user_nor_query():
    assert place("https://user:pw@h.example.com:8/a/b?name=Jane#x") == "https://h.example.com:8/a/b"
