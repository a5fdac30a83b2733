"""One record of a declared stream is asked for by its id: as it stands, gone, or not to be asked for."""

from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.connectors.kit.engine.source import DeclaredSource
from hub.connectors.kit.http import HttpClient, Limits
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.rest.caller import RestCaller
from hub.errors import RetryLater
from hub.ports import Page
from tests.peers.scripted import Asked, answer, scripted

STREAM = {
    "read": {"path": "/clients", "records": "rows", "id": "id", "modified": "changed", "modified_format": "unix"},
    "one": {"path": "/clients/{id}", "record": "client"},
}


def fetch(
    status: int, record_id: str = "c1", *, stream: dict[str, object] | None = None
) -> tuple[Page | None, list[str]]:
    asked: list[str] = []

    def serve(request: Asked) -> bytes:
        asked.append(request.target)
        return answer({"client": {"id": "c1", "changed": 1_780_000_000, "name": "x"}}, status=status)

    with scripted(serve) as server, HttpClient(server.url, limits=Limits(attempts=1)) as http:
        read = Stream.model_validate(STREAM if stream is None else stream)
        source = DeclaredSource("crm", {Kind.PATIENT: read}, RestCaller(http), ZoneInfo("UTC"))
        return source.fetch(Kind.PATIENT, "c1"), asked


def test_it_is_asked_for_by_its_id_and_read_as_a_page_reads_it() -> None:
    page, asked = fetch(200)
    assert page is not None
    assert [(one.ref.id, one.version, one.gone) for one in page.records] == [("c1", "1780000000", False)]
    assert asked == ["/clients/c1"]


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_gone(status: int) -> None:
    page, _ = fetch(status)
    assert page is not None
    assert [(one.ref.id, one.gone) for one in page.records] == [("c1", True)]


def test_a_failing_server_says_nothing_of_the_record() -> None:
    with pytest.raises(RetryLater):
        fetch(503)


def test_a_stream_that_does_not_say_how_cannot_be_asked() -> None:
    page, asked = fetch(200, stream={"read": STREAM["read"]})
    assert (page, asked) == (None, [])
