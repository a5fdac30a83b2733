"""A vendor's calendar behind a real FHIR server that a test can make refuse, fail, or lose its answers."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.peers.scripted import Asked, answer, bundle

Mood = Literal["yes", "no", "lost", "down"]
"""lost: it does what it is asked and its answer breaks off; down: it does nothing and says 503."""


@dataclass
class VendorServer:
    """Keeps appointments; honours If-None-Exist on the identifier."""

    held: list[dict[str, Any]] = field(default_factory=list)
    writes: Mood = "yes"
    reads: Mood = "yes"
    next_writes: list[Mood] = field(default_factory=list)
    """Of the writes to come, before `writes` counts."""
    posted: int = 0

    def script(self, asked: Asked) -> bytes:
        mood = self.reads if asked.method == "GET" else (self.next_writes or [self.writes]).pop(0)
        if mood == "down":
            return answer({"resourceType": "OperationOutcome"}, 503)
        if mood == "no":
            return answer({"resourceType": "OperationOutcome", "issue": [{"code": "conflict"}]}, 409)
        body, status = self._done(asked)
        if mood == "lost":
            return b"HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{"
        return answer(body, status)

    def standing(self) -> list[dict[str, Any]]:
        """What takes place there."""
        return [one for one in self.held if one["status"] == "booked"]

    def _done(self, asked: Asked) -> tuple[dict[str, Any], int]:
        if asked.method == "GET":
            return self._read(urlsplit(asked.target).path, parse_qs(urlsplit(asked.target).query))
        body = json.loads(asked.body)
        if asked.method == "PUT":
            index = next(i for i, one in enumerate(self.held) if one["id"] == body["id"])
            version = str(int(self.held[index]["meta"]["versionId"]) + 1)
            self.held[index] = {**body, "meta": {"versionId": version}}
            return self.held[index], 200
        self.posted += 1
        found = self._found(asked.headers["if-none-exist"].removeprefix("identifier="))
        if not found:
            found = [{**body, "id": f"a{len(self.held) + 1}", "meta": {"versionId": "1"}}]
            self.held += found
        return found[0], 201

    def _read(self, path: str, query: dict[str, list[str]]) -> tuple[dict[str, Any], int]:
        if "identifier" in query:
            return bundle(*self._found(query["identifier"][0])), 200
        found = [one for one in self.held if path.endswith(f"/{one['id']}")]
        return (found[0], 200) if found else ({"resourceType": "OperationOutcome"}, 404)

    def _found(self, wanted: str) -> list[dict[str, Any]]:
        return [r for r in self.held if any(f"{i['system']}|{i['value']}" == wanted for i in r["identifier"])]
