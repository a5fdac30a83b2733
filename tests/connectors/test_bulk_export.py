"""A first sync by Bulk Data export, against the sandbox, which follows the specification, and servers that break it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hub.canonical.ids import Kind
from hub.connectors.fhir_r4 import bulk
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.source import FhirSource
from hub.errors import RetryLater
from hub.ports import Page
from tests.peers.fhir import FhirDesk
from tests.peers.sandbox import sandbox
from tests.peers.scripted import Asked, answer, scripted


@pytest.fixture(scope="module")
def _process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirDesk]:
    with sandbox(tmp_path_factory.mktemp("bulk"), "--bulk") as url:
        desk = FhirDesk(url)
        yield desk
        desk.close()


@pytest.fixture
def desk(_process: FhirDesk, monkeypatch: pytest.MonkeyPatch) -> FhirDesk:
    monkeypatch.setattr(bulk, "LINES_PER_PAGE", 3)
    _process.clear()
    for number in range(8):
        _process.put(patient(f"p{number}"))
    return _process


def patient(id_: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": "Abbott"}]}


def read(url: str, cursor: str | None = None, most: int = 100, waits: list[float] | None = None) -> list[Page]:
    rest = (waits if waits is not None else []).append
    with FhirClient(url) as client:
        source = FhirSource(client, "ehr", exports=True, rest=rest)
        return [page for page, _ in zip(source.read(Kind.PATIENT, cursor), range(most), strict=False)]


def ids(pages: list[Page]) -> list[str]:
    return [record.ref.id for page in pages for record in page.records]


ALL = [f"p{number}" for number in range(8)]


def test_the_first_reading_is_an_export_and_the_next_one_asks_for_what_changed(desk: FhirDesk) -> None:
    waits: list[float] = []
    pages = read(desk.url, waits=waits)
    assert sorted(ids(pages)) == ALL
    assert waits == [2.0], "as long as Retry-After said"
    desk.put(patient("p9"))
    later = read(desk.url, pages[-1].cursor)
    assert "p9" in ids(later)


def test_a_reading_that_was_cut_off_goes_on_behind_the_last_line_that_is_stored(desk: FhirDesk) -> None:
    first = read(desk.url, most=2)
    assert len(ids(first)) == 3
    rest = read(desk.url, first[-1].cursor)
    assert sorted(ids(first) + ids(rest)) == ALL


def test_an_export_that_the_server_threw_away_is_ordered_anew(desk: FhirDesk) -> None:
    first = read(desk.url, most=2)
    place = bulk.ExportPlace.parse(first[-1].cursor)
    assert place is not None
    httpx.delete(place.url, trust_env=False).raise_for_status()
    assert sorted(ids(read(desk.url, first[-1].cursor))) == ALL


def test_an_export_is_thrown_away_once_it_is_read(desk: FhirDesk) -> None:
    place = bulk.ExportPlace.parse(read(desk.url)[0].cursor)
    assert place is not None
    assert httpx.get(place.url, trust_env=False, timeout=180).status_code == 404


def broken_server(asked: Asked) -> bytes:
    """Announces three lines and a deletion; gives one line, and the deletion."""
    base = f"http://{asked.headers['host']}"
    if asked.target == "/metadata":
        operation = [{"name": "export"}]
        rest = [{"mode": "server", "operation": operation}]
        return answer({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest})
    if asked.target.startswith("/$export"):
        return answer("", 202, content_location=f"{base}/state")
    if asked.target == "/state":
        output = [{"type": "Patient", "url": f"{base}/short", "count": 3}]
        files = {"output": output, "deleted": [{"type": "Bundle", "url": f"{base}/gone"}]}
        return answer({"transactionTime": "2026-03-01T00:00:00Z", **files}, content_type="application/json")
    if asked.target == "/short":
        return answer('{"resourceType": "Patient", "id": "p1"}\n', content_type="application/fhir+ndjson")
    entries = [{"request": {"method": "DELETE", "url": one}} for one in ("Patient/p7", "Practitioner/x")]
    return answer({"resourceType": "Bundle", "entry": entries}, content_type="application/fhir+ndjson")


def test_a_file_with_fewer_lines_than_announced_is_read_again_and_nothing_is_skipped() -> None:
    pages: list[Page] = []
    with (
        scripted(broken_server) as server,
        FhirClient(server.url) as client,
        pytest.raises(RetryLater, match="1 of 3 lines"),
    ):
        pages.extend(FhirSource(client, "ehr", exports=True).read(Kind.PATIENT, None))
    place = bulk.ExportPlace.parse(pages[-1].cursor)
    assert (ids(pages), place and place.line) == (["p1"], 1)


def test_what_the_export_lists_as_deleted_is_gone() -> None:
    with scripted(broken_server) as server, FhirClient(server.url) as client:
        export, place = bulk.BulkExport(client, "Patient"), bulk.ExportPlace(f"{server.url}/state", file=1)
        manifest = export.await_manifest(place)
        assert manifest is not None
        batches = list(export.read(manifest, place))
    assert [batch.deleted for batch in batches] == [("p7",)]


def test_a_server_that_offers_no_export_is_searched() -> None:
    def script(asked: Asked) -> bytes:
        if asked.target == "/metadata":
            return answer({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{}]})
        return answer({"resourceType": "Bundle", "entry": [{"resource": patient("p1")}]})

    with scripted(script) as server:
        assert ids(read(server.url)) == ["p1"]
        assert not any("export" in asked.target for asked in server.asked)
