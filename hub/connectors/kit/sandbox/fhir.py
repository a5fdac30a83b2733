"""A small FHIR R4 server: `python -m hub.connectors.kit.sandbox.fhir --port 8301 --data FILE [--seed]`.

It stands in for a practice's EMR in the demo and in tests. It is not strict (real servers are not either), keeps every
version, and answers search by `_id`, `_lastUpdated`, `date`, `identifier`, `_sort`, `_count`, with links to the next
page.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from hub.connectors.kit.sandbox.exports import OFFER, Exports
from hub.connectors.kit.sandbox.faults import Fault, FaultInjection, Faults
from hub.connectors.kit.sandbox.seed import seed_resources
from hub.connectors.kit.sandbox.storage import Resource, Storage

TYPES = (
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Location",
    "HealthcareService",
    "Schedule",
    "Slot",
    "Appointment",
    "Consent",
    "DocumentReference",
    "QuestionnaireResponse",
    "Procedure",
    "MedicationAdministration",
)
MOST_PER_PAGE = 200


class FhirAnswer(JSONResponse):
    """JSON with FHIR's media type."""

    media_type = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that is answered with an OperationOutcome."""

    status: int
    code: str
    text: str

    def answer(self) -> FhirAnswer:
        """The outcome as an answer."""
        issue = {"severity": "error", "code": self.code, "diagnostics": self.text}
        return FhirAnswer({"resourceType": "OperationOutcome", "issue": [issue]}, status_code=self.status)


def create_app(
    storage: Storage, *, token: str | None = None, clock: Callable[[], datetime], bulk: bool = False
) -> Starlette:
    """The server over `storage`; with a `token`, only for those who show it; `bulk`: it offers exports."""
    faults = Faults()
    api = _Api(storage, token, clock, bulk=bulk)

    async def switch(request: Request) -> Response:
        faults.switch(Fault.model_validate(await request.json()) if request.method == "PUT" else None)
        return Response(status_code=204)

    def clear(_request: Request) -> Response:
        storage.clear()
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/_sandbox/data", clear, methods=["DELETE"]),
            Route("/_sandbox/fault", switch, methods=["PUT", "DELETE"]),
            Route("/metadata", api.capabilities),
            *(api.exports() if bulk else []),
            Route("/{type}", api.search, methods=["GET"]),
            Route("/{type}", api.create, methods=["POST"]),
            Route("/{type}/{id}", api.read, methods=["GET"]),
            Route("/{type}/{id}", api.update, methods=["PUT"]),
            Route("/{type}/{id}", api.delete, methods=["DELETE"]),
            Route("/{type}/{id}/_history/{version}", api.read, methods=["GET"]),
        ],
        middleware=[Middleware(FaultInjection, faults=faults)],
        exception_handlers={Refusal: _refused},
    )


class _Api:
    def __init__(self, storage: Storage, token: str | None, clock: Callable[[], datetime], *, bulk: bool) -> None:
        self._exports = Exports(storage) if bulk else None
        self._storage = storage
        self._token = token
        self._clock = clock

    def capabilities(self, request: Request) -> Response:
        interactions = [{"code": code} for code in ("read", "vread", "search-type", "create", "update", "delete")]
        resources = [
            {"type": name, "interaction": interactions, "conditionalCreate": True, "versioning": "versioned-update"}
            for name in TYPES
        ]
        return FhirAnswer(
            {
                "resourceType": "CapabilityStatement",
                "status": "active",
                "date": "2026-01-01",
                "kind": "instance",
                "implementation": {"description": "FHIR sandbox", "url": str(request.base_url)},
                "fhirVersion": "4.0.1",
                "format": ["json"],
                "rest": [{"mode": "server", "resource": resources, "operation": [OFFER] if self._exports else []}],
            }
        )

    def exports(self) -> list[Route]:
        """The routes of Bulk Data."""
        return [
            Route("/$export", self.order_export),
            Route("/_export/{id}", self.look_at_export, methods=["GET", "DELETE"]),
            Route("/_export/{id}/{file}", self.look_at_export),
        ]

    def order_export(self, request: Request) -> Response:
        self._admit(request)
        assert self._exports is not None
        if "respond-async" not in request.headers.get("prefer", ""):
            raise Refusal(400, "invalid", "an export answers later: Prefer: respond-async")
        asked = dict(parse_qsl(request.url.query)).get("_type")
        id_ = self._exports.order(asked.split(",") if asked else list(TYPES), self._clock())
        return Response(status_code=202, headers={"Content-Location": f"{request.base_url}_export/{id_}"})

    def look_at_export(self, request: Request) -> Response:
        self._admit(request)
        assert self._exports is not None
        id_, file = request.path_params["id"], request.path_params.get("file")
        if id_ not in self._exports.kept:
            raise Refusal(404, "not-found", "no such export")
        if request.method == "DELETE":
            del self._exports.kept[id_]
            return Response(status_code=202)
        if file is not None:
            return StreamingResponse(self._exports.lines(id_, file), media_type="application/fhir+ndjson")
        if not self._exports.is_ready(id_):
            return Response(status_code=202, headers={"Retry-After": "2", "X-Progress": "half of it"})
        return JSONResponse(self._exports.manifest(id_, str(request.base_url)))

    def search(self, request: Request) -> Response:
        self._admit(request)
        asked = parse_qsl(request.url.query)
        params = dict(asked)
        found = _matching(self._storage.current(_type_of(request)), asked)
        if params.get("_sort", "_lastUpdated").startswith("-"):
            found.reverse()
        after = params.pop("_after", None)
        rest = found if after is None else found[1 + [_mark(r) for r in found].index(after) :]
        count = min(max(int(params.get("_count", "50")), 1), MOST_PER_PAGE)
        page, more = rest[:count], len(rest) > count
        links = [{"relation": "self", "url": str(request.url)}]
        if more:
            query = urlencode([*(one for one in asked if one[0] != "_after"), ("_after", _mark(page[-1]))])
            links.append({"relation": "next", "url": str(request.url.replace(query=query))})
        entries = [{"resource": r, "search": {"mode": "match"}} for r in page]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links, "entry": entries}
        return FhirAnswer(bundle)

    def read(self, request: Request) -> Response:
        self._admit(request)
        path = request.path_params
        found = self._storage.read(_type_of(request), path["id"], path.get("version"))
        if found is None:
            raise Refusal(404, "not-found", "no such resource")
        return _stored(found, 200)

    def delete(self, request: Request) -> Response:
        self._admit(request)
        self._storage.remove(_type_of(request), request.path_params["id"])
        return Response(status_code=204)

    async def create(self, request: Request) -> Response:
        self._admit(request)
        resource = await _body_of(request)
        return await run_in_threadpool(self._create, resource, request.headers.get("if-none-exist"))

    def _create(self, resource: Resource, if_none_exist: str | None) -> Response:
        if if_none_exist:
            found = _matching(self._storage.current(resource["resourceType"]), parse_qsl(if_none_exist))
            if len(found) > 1:
                raise Refusal(412, "multiple-matches", "If-None-Exist matches several")
            if found:
                return _stored(found[0], 200)
        resource.pop("id", None)
        return _stored(self._storage.write(resource, self._clock()), 201)

    async def update(self, request: Request) -> Response:
        self._admit(request)
        resource = await _body_of(request)
        if resource.get("id") != request.path_params["id"]:
            raise Refusal(400, "invalid", "the id of the path and of the resource differ")
        return await run_in_threadpool(self._update, resource, request.headers.get("if-match"))

    def _update(self, resource: Resource, if_match: str | None) -> Response:
        current = self._storage.read(resource["resourceType"], resource["id"])
        version = f'W/"{current["meta"]["versionId"]}"' if current else None
        if if_match is not None and if_match != version:
            raise Refusal(412, "conflict", "the resource has another version by now")
        return _stored(self._storage.write(resource, self._clock()), 200 if current else 201)

    def _admit(self, request: Request) -> None:
        if self._token and request.headers.get("authorization") != f"Bearer {self._token}":
            raise Refusal(401, "login", "a valid token is needed")


def _refused(_request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return refusal.answer()


def _type_of(request: Request) -> str:
    name = str(request.path_params["type"])
    if name not in TYPES:
        raise Refusal(404, "not-supported", "no such resource type here")
    return name


async def _body_of(request: Request) -> Resource:
    try:
        resource = json.loads(await request.body())
    except ValueError:
        raise Refusal(400, "structure", "not JSON") from None
    if not isinstance(resource, dict) or resource.get("resourceType") != _type_of(request):
        raise Refusal(400, "invalid", "the resource is not of the path's type")
    if resource["resourceType"] == "Appointment" and not (resource.get("status") and resource.get("participant")):
        raise Refusal(422, "required", "an Appointment needs a status and a participant")
    return resource


def _stored(resource: Resource, status: int) -> Response:
    meta = resource["meta"]
    path = f"{resource['resourceType']}/{resource['id']}/_history/{meta['versionId']}"
    return FhirAnswer(resource, status_code=status, headers={"ETag": f'W/"{meta["versionId"]}"', "Location": path})


def _mark(resource: Resource) -> str:
    return f"{resource['meta']['lastUpdated']},{resource['id']}"


def _matching(resources: Sequence[Resource], asked: Sequence[tuple[str, str]]) -> list[Resource]:
    tests: list[Callable[[Resource], bool]] = []
    for name, value in asked:
        if name == "_id":
            tests.append(_named(value))
        elif name == "_lastUpdated":
            tests.append(_at(value, name, lambda resource: str(resource["meta"]["lastUpdated"])))
        elif name == "date":
            tests.append(_at(value, name, lambda resource: str(resource.get("start", "0001-01-01T00:00:00Z"))))
        elif name == "identifier":
            tests.append(_identified(value))
        elif name not in ("_sort", "_count", "_after"):
            raise Refusal(400, "not-supported", f"no search by {name} here")
    return [resource for resource in resources if all(test(resource) for test in tests)]


def _named(value: str) -> Callable[[Resource], bool]:
    ids = frozenset(value.split(","))
    return lambda resource: resource["id"] in ids


def _at(value: str, name: str, moment: Callable[[Resource], str]) -> Callable[[Resource], bool]:
    prefix, text = (value[:2], value[2:]) if value[:2] in ("ge", "gt", "le", "lt") else ("", value)
    if not prefix:
        raise Refusal(400, "not-supported", f"{name} needs ge, gt, le or lt")
    bound = datetime.fromisoformat(text)
    compare: dict[str, Callable[[datetime], bool]] = {
        "ge": lambda at: at >= bound,
        "gt": lambda at: at > bound,
        "le": lambda at: at <= bound,
        "lt": lambda at: at < bound,
    }
    return lambda resource: compare[prefix](datetime.fromisoformat(moment(resource)))


def _identified(value: str) -> Callable[[Resource], bool]:
    system, bar, code = value.rpartition("|")

    def matches(resource: Resource) -> bool:
        identifiers: list[dict[str, Any]] = resource.get("identifier", [])
        return any(i.get("value") == code and (not bar or i.get("system", "") == system) for i in identifiers)

    return matches


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a server of its own, with its own clock


def main() -> None:
    """Serve until stopped; on loopback only."""
    parser = argparse.ArgumentParser(prog="python -m hub.connectors.kit.sandbox.fhir", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0: any free one")
    parser.add_argument("--data", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--seed", action="store_true", help="fill an empty file with a small practice")
    parser.add_argument("--date", type=date.fromisoformat, help="the practice's today, for the seed")
    parser.add_argument("--bulk", action="store_true", help="offer Bulk Data exports")
    parser.add_argument("--token", help="a bearer token that every request must show")
    options = parser.parse_args()
    storage = Storage(options.data)
    if options.seed and storage.is_empty():
        today = options.date or _clock().date()
        since = datetime.combine(today, time(), UTC) - timedelta(days=2)
        storage.fill(seed_resources(today), since)
    uvicorn.run(
        create_app(storage, token=options.token, clock=_clock, bulk=options.bulk),
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
