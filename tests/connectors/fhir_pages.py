"""Pages of patients over FHIR, as a scripted server gives them, and a reading of them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hub.canonical.ids import Kind
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.source import OVERLAP, FhirSource
from hub.ports import Page
from tests.peers.scripted import Asked, answer, bundle


def patient(number: int, stamp: str | None = None, version: str = "1") -> dict[str, Any]:
    stamp = stamp or f"2026-03-01T10:00:{number:02}.000Z"
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "meta": {"versionId": version, "lastUpdated": stamp},
        "name": [{"family": "Abbott"}],
    }


def read(url: str, cursor: str | None = None, page_size: int = 2, overlap: timedelta = OVERLAP) -> list[Page]:
    with FhirClient(url) as client:
        return list(FhirSource(client, "ehr", page_size=page_size, overlap=overlap).read(Kind.PATIENT, cursor))


def ids(pages: Sequence[Page]) -> list[str]:
    return [record.ref.id for page in pages for record in page.records]


def query(asked: Asked) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(asked.target).query).items()}


class PositionalServer:
    """Counts pages by position, as many servers do: a record that changes between two pages shifts the others."""

    def __init__(self, count: int, *, says_total: bool) -> None:
        self.held = [patient(number) for number in range(1, count + 1)]
        self.says_total = says_total
        self.expired: set[str] = set()
        """Targets that are asked for in vain."""
        self.expired_status = 410
        self.most = 1000
        """On a page."""
        self.before_second_page: Callable[[], None] = lambda: None

    def change_first(self) -> None:
        first, *rest = self.held
        self.held = [*rest, patient(int(first["id"][1:]), "2099-01-01T00:00:00.000Z", version="2")]
        self.before_second_page = lambda: None

    def script(self, asked: Asked) -> bytes:
        if asked.target in self.expired:
            return answer({}, self.expired_status)
        wanted = query(asked)
        offset, count = int(wanted.get("_offset", "0")), min(int(wanted["_count"]), self.most)
        if offset:
            self.before_second_page()
        since = wanted.get("_lastUpdated", "ge").removeprefix("ge")
        matching = [p for p in self.held if p["meta"]["lastUpdated"] >= since]
        rest = {name: value for name, value in wanted.items() if name != "_offset"}
        link = "Patient?" + "&".join(f"{k}={v}" for k, v in {**rest, "_offset": str(offset + count)}.items())
        more = offset + count < len(matching)
        page = matching[offset : offset + count]
        return answer(bundle(*page, next_url=link if more else None, total=len(matching) if self.says_total else None))
