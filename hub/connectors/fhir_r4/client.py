"""The FHIR REST API in FHIR's words: search pages, read, conditional create, update with a version.

Source: HL7 FHIR R4 (4.0.1), RESTful API and Search.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from hub.connectors.kit.http import Answer, HttpClient, Limits, place, sent_at
from hub.errors import NeedsAttention, Problem, RetryLater

MEDIA_TYPE = "application/fhir+json"
NDJSON = "application/fhir+ndjson"
Resource = dict[str, Any]

_TRANSIENT = {"transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"}
"""Codes of the value set issue-type that say: later."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a searchset, without what it includes besides."""

    url: str
    resources: tuple[Resource, ...]
    next_url: str | None
    """Absolute, of the server's own origin."""
    total: int | None
    """How many match in all, if the server says so."""
    sent_at: datetime | None
    """The server's clock when it answered, to the second."""


class FhirClient:
    """One FHIR server."""

    def __init__(self, server: str | HttpClient, *, limits: Limits | None = None) -> None:
        """`server` is a client opened with `MEDIA_TYPE`, or the base address of one that asks for no secrets."""
        if isinstance(server, str):
            server = HttpClient(server, media_type=MEDIA_TYPE, limits=limits)
        self._http = server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    @property
    def base_url(self) -> str:
        """The server's base address, with a slash at the end."""
        return self._http.base_url

    def fetch_capabilities(self) -> Resource:
        """The server's CapabilityStatement.

        Raises:
            NeedsAttention: what stands there is no FHIR R4 server.
            RetryLater: no whole answer.
        """
        answer = self._http.get("metadata")
        statement = _resource(answer, "CapabilityStatement")
        version = str(statement.get("fhirVersion", ""))
        if not version.startswith("4."):
            raise _not_fhir(answer.url, f"FHIR version {version or 'unknown'} instead of R4 (4.0.1)")
        return statement

    def fetch_page(self, resource_type: str, params: Mapping[str, str | Sequence[str]]) -> SearchPage:
        """The first page of a search.

        Raises:
            RetryLater: no whole answer, or an outcome that says so.
            NeedsAttention: refused, or no searchset.
        """
        return self._page(self._http.get(resource_type, params), resource_type)

    def fetch_linked(self, url: str, resource_type: str) -> SearchPage:
        """The page at an address that the server gave; errors as `fetch_page`."""
        return self._page(self._http.get(url), resource_type)

    def fetch(self, resource_type: str, resource_id: str) -> Resource | None:
        """One resource by id, None where the server has none (any more)."""
        answer = self._http.request(
            "GET", f"{resource_type}/{resource_id}", accept=frozenset({200, 404, 410}), repeatable=True
        )
        return _resource(answer, resource_type) if answer.status == 200 else None

    def find_by_identifier(self, resource_type: str, system: str, value: str) -> tuple[Resource, ...]:
        """The resources that carry the identifier; more than one means that somebody copied one."""
        page = self.fetch_page(resource_type, {"identifier": f"{system}|{value}", "_count": "10"})
        return tuple(r for r in page.resources if _carries(r, system, value))

    def create(self, resource: Resource, if_none_exist: str) -> Resource:
        """Create, unless one matches the search `if_none_exist`: then that one.

        Sent once only: after a lost answer, search for what it would have created.

        Raises:
            RecordRejected: the server will not take it.
            Conflict: several match.
            RetryLater, NeedsAttention: as `fetch_page`.
        """
        resource_type = resource["resourceType"]
        answer = self._http.request(
            "POST", resource_type, payload=resource, headers={"If-None-Exist": if_none_exist, **_ECHO}
        )
        return self._stored(answer, resource_type)

    def update(self, resource: Resource, version: str | None) -> Resource:
        """Replace the resource by its id, if it is still at `version`.

        Raises:
            Conflict: somebody else changed it first.
            RecordRejected, RetryLater, NeedsAttention: as `create`.
        """
        resource_type = resource["resourceType"]
        headers = {"If-Match": f'W/"{version}"', **_ECHO} if version else _ECHO
        answer = self._http.request("PUT", f"{resource_type}/{resource['id']}", payload=resource, headers=headers)
        return self._stored(answer, resource_type)

    def start_export(self, path: str, resource_type: str) -> str:
        """Order a Bulk Data export of one type; the address at which its state is asked for.

        Raises:
            NeedsAttention: the server does not do it for this client.
            RetryLater: as `fetch_page`.
        """
        params = {"_type": resource_type, "_outputFormat": NDJSON}
        headers = {"Prefer": "respond-async"}
        answer = self._http.request("GET", path, params=params, headers=headers, accept=frozenset({202}))
        address = answer.headers.get("content-location")
        if not address:
            raise _not_fhir(answer.url, "an export is promised, and not where to ask for it")
        return self._http.absolute(address)

    def poll_export(self, url: str) -> Answer:
        """How far it is: 200 with its manifest, 202, or 404 and 410 where the server does not know it any more."""
        accept = frozenset({200, 202, 404, 410})
        return self._http.request("GET", url, accept=accept, headers={"Accept": "application/json"}, repeatable=True)

    def end_export(self, url: str) -> None:
        """Its files are not needed any more."""
        self._http.request("DELETE", url, accept=frozenset({200, 202, 204, 404, 410}))

    def fetch_lines(self, url: str) -> Iterator[str]:
        """The lines of one of its files; errors as `HttpClient.lines`."""
        return self._http.lines(url, media_type=NDJSON)

    def update_where(self, resource: Resource, search: str) -> Resource:
        """Replace the one that matches the search, or create it; sent again it is the same one.

        For servers whose CapabilityStatement says `conditionalUpdate`, and for what is the hub's own as a whole.

        Raises:
            Conflict: several match.
            RecordRejected, RetryLater, NeedsAttention: as `create`.
        """
        resource_type = resource["resourceType"]
        params = dict(parse_qsl(search))
        answer = self._http.request("PUT", resource_type, params=params, payload=resource, headers=_ECHO)
        return self._stored(answer, resource_type)

    def updates_where(self, resource_type: str) -> bool:
        """Whether the server says that it takes conditional updates of the type."""
        said = self.capabilities.get("rest") or [{}]
        resources = said[0].get("resource") or [] if isinstance(said, list) and isinstance(said[0], dict) else []
        return any(one.get("type") == resource_type and one.get("conditionalUpdate") is True for one in resources)

    @cached_property
    def capabilities(self) -> Resource:
        """What the server says it can do, asked for once; nothing where it does not say."""
        try:
            return self.fetch_capabilities()
        except NeedsAttention:
            return {}

    def _stored(self, answer: Answer, resource_type: str) -> Resource:
        if answer.body is not None:
            return _resource(answer, resource_type)
        location = answer.headers.get("content-location") or answer.headers.get("location") or ""
        path = location.split("/_history/")[0].rstrip("/")
        stored = self.fetch(resource_type, path.rsplit("/", 1)[-1]) if path else None
        if stored is None:
            hint = "The next run searches for it by its identifier"
            raise RetryLater(Problem(f"{place(answer.url)}: stored, but the answer does not say where", hint=hint))
        return stored

    def _page(self, answer: Answer, resource_type: str) -> SearchPage:
        bundle = _resource(answer, "Bundle")
        entries = bundle.get("entry") or []
        links = bundle.get("link") or []
        if not isinstance(entries, list) or not isinstance(links, list):
            raise _not_fhir(answer.url, "a Bundle whose entries are no list")
        found = [entry.get("resource") for entry in entries if isinstance(entry, dict)]
        for outcome in found:
            if isinstance(outcome, dict) and outcome.get("resourceType") == "OperationOutcome":
                _raise_for(outcome, answer.url)
        total = bundle.get("total")
        return SearchPage(
            url=answer.url,
            resources=tuple(r for r in found if isinstance(r, dict) and r.get("resourceType") == resource_type),
            next_url=self._next(links),
            total=total if isinstance(total, int) else None,
            sent_at=sent_at(answer),
        )

    def _next(self, links: list[Any]) -> str | None:
        urls = [link.get("url") for link in links if isinstance(link, dict) and link.get("relation") == "next"]
        return self._http.absolute(str(urls[0])) if urls and urls[0] else None


_ECHO = {"Prefer": "return=representation"}


def parse_instant(value: object) -> datetime | None:
    """A FHIR instant or dateTime with zone; None for anything else."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant is not None and instant.tzinfo is not None else None


def _carries(resource: Resource, system: str, value: str) -> bool:
    """Whether it really has the identifier: some servers ignore a search parameter that they do not know."""
    identifiers = resource.get("identifier")
    return isinstance(identifiers, list) and any(
        isinstance(i, dict) and i.get("system") == system and i.get("value") == value for i in identifiers
    )


def _resource(answer: Answer, resource_type: str) -> Resource:
    body = answer.body
    if isinstance(body, dict) and body.get("resourceType") == resource_type:
        return body
    if isinstance(body, dict) and body.get("resourceType") == "OperationOutcome":
        _raise_for(body, answer.url)
    raise _not_fhir(answer.url, f"JSON, but no FHIR {resource_type}")


def _raise_for(outcome: Resource, url: str) -> None:
    """Warnings pass; what the server could not do is an error. Its free text stays out: it may quote a record."""
    issues = [i for i in outcome.get("issue") or [] if isinstance(i, dict)]
    codes = [str(i.get("code")) for i in issues if i.get("severity") in ("error", "fatal")]
    if not codes:
        return
    problem = Problem(
        f"{place(url)}: the server reports {', '.join(codes)} instead of a whole result",
        code="operation_outcome",
        hint="Nothing of this page was used; look into the server's log",
    )
    raise RetryLater(problem) if set(codes) <= _TRANSIENT else NeedsAttention(problem)


def _not_fhir(url: str, what: str) -> NeedsAttention:
    hint = "Put the FHIR base address into base_url, such as https://ehr.example.com/fhir/R4"
    return NeedsAttention(Problem(f"{place(url)}: {what}", code="not_fhir", hint=hint))
