"""A scripted clinic whose list of clients is read in each of the ways to page, and a reading of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from hub.connectors.kit.connection import Connection
from hub.connectors.kit.engine.source import DeclaredSource
from hub.connectors.kit.http import HttpClient, Limits
from hub.connectors.rest.caller import RestCaller
from hub.ports import Page
from tests.peers.scripted import Asked, Script, answer, scripted

ZONE = ZoneInfo("America/Chicago")
NOW = 1_780_000_000.0
"""The server's clock."""


@dataclass
class Clinic:
    """A list of clients behind any of the ways to page; what happens between two pages is up to the test."""

    way: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    cap: int = 5
    pages: int = 0
    between: list[Any] = field(default_factory=list)
    """What to do before the n-th page is served."""

    def serve(self, asked: Asked) -> bytes:
        query = {key: values[-1] for key, values in parse_qs(urlsplit(asked.target).query).items()}
        if self.pages < len(self.between):
            self.between[self.pages]()
        self.pages += 1
        rows = sorted(self.rows, key=lambda row: (row["changed"], row["id"]))
        if "since" in query:
            rows = [row for row in rows if row["changed"] >= int(query["since"])]
        body, link = getattr(self, f"_{self.way}")(rows, query, min(int(query.get("limit", self.cap)), self.cap))
        headers = {"link": f'<{link}>; rel="next", </x>; rel="first"'} if link else {}
        date = formatdate(NOW, usegmt=True)
        return answer(body, content_type="application/json", **headers).replace(
            b"date: ", f"date: {date}\r\nx-date: ".encode()
        )

    def _offset(self, rows: list[Any], query: dict[str, str], size: int) -> tuple[Any, str | None]:
        at = int(query.get("offset", 0))
        return {"rows": rows[at : at + size], "total": len(rows)}, None

    def _page(self, rows: list[Any], query: dict[str, str], size: int) -> tuple[Any, str | None]:
        at = (int(query.get("page", 1)) - 1) * size
        return {"rows": rows[at : at + size], "total": len(rows)}, None

    def _link(self, rows: list[Any], query: dict[str, str], size: int) -> tuple[Any, str | None]:
        at = int(query.get("p", 0))
        more = f"/clients?p={at + size}&{'since=' + query['since'] if 'since' in query else ''}"
        return rows[at : at + size], more if at + size < len(rows) else None

    def _next_url(self, rows: list[Any], query: dict[str, str], size: int) -> tuple[Any, str | None]:
        body, link = self._link(rows, query, size)
        return {"rows": body, "links": {"next": link}}, None

    def _cursor(self, rows: list[Any], query: dict[str, str], size: int) -> tuple[Any, str | None]:
        ids = sorted(rows, key=lambda row: row["id"])
        rest = [row for row in ids if row["id"] > query.get("cursor", "")]
        return {"rows": rest[:size], "next": rest[size - 1]["id"] if len(rest) > size else None}, None

    def _keyset(self, rows: list[Any], query: dict[str, str], size: int) -> tuple[Any, str | None]:
        body, _ = self._cursor(rows, {"cursor": query.get("after", "")}, size)
        return {"rows": body["rows"], "more": body["next"] is not None}, None

    def _relay(self, rows: list[Any], query: dict[str, str], size: int) -> tuple[Any, str | None]:
        body, _ = self._cursor(rows, {"cursor": query.get("after", "")}, size)
        edges = [{"node": row, "cursor": row["id"]} for row in body["rows"]]
        info = {"hasNextPage": body["next"] is not None, "endCursor": body["next"]}
        return {"data": {"edges": edges, "pageInfo": info}}, None


WAYS: dict[str, dict[str, Any]] = {
    "offset": {"records": "rows", "paging": {"by": "offset", "size": 5, "total": "total"}},
    "page": {"records": "rows", "paging": {"by": "page", "size": 5, "total": "total"}},
    "link": {"paging": {"by": "link", "size": 5}},
    "next_url": {"records": "rows", "paging": {"by": "next_url", "next": "links.next"}},
    "cursor": {"records": "rows", "paging": {"by": "cursor", "next": "next", "size": 5}},
    "keyset": {"records": "rows", "paging": {"by": "keyset", "param": "after", "value": "id", "more": "more"}},
    "relay": {"paging": {"by": "relay", "connection": "data", "size": 5, "size_param": "limit"}},
}


def row(number: int, changed: int = 0) -> dict[str, Any]:
    return {"id": f"c{number:03}", "changed": changed or 1_000_000 + number}


def connection(url: str, read: dict[str, Any]) -> Connection:
    whole = {"system": "glow", "connector": "rest", "base_url": url, "mappings": "g"}
    return Connection.model_validate({**whole, "streams": {"patient": {"read": read}}})


@contextmanager
def reading(clinic: Clinic, serve: Script | None = None, **more: Any) -> Iterator[tuple[DeclaredSource, Any]]:
    read = {
        "path": "/clients",
        "id": "id",
        "modified": "changed",
        "modified_format": "unix",
        "since": {"param": "since", "format": "unix", "overlap": "1s"},
        **WAYS[clinic.way],
        **more,
    }
    with scripted(serve or clinic.serve) as server:
        declared = connection(server.url, read)
        assert not list(declared.find_problems())
        with HttpClient(server.url, limits=Limits(attempts=1)) as http:
            yield DeclaredSource("glow", declared.streams, RestCaller(http), ZONE), server


def ids(pages: list[Page]) -> set[str]:
    return {record.ref.id for page in pages for record in page.records}


def everyone(clinic: Clinic) -> set[str]:
    return {each["id"] for each in clinic.rows}
