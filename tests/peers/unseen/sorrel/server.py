"""Sorrel House: a REST system that nobody has seen, from its manual.

POST /v3/pass {"house", "word"} → {"pass": {"text", "seconds"}}; the others say `Authorization: Pass TEXT`, or get 401.
GET /v3/KIND?changed_from=INSTANT&after=SEQ&most=N → {"rows": [], "more": true}, by `seq`, which never changes.
GET /v3/KIND/ID → {"row": {}}. POST /v3/KIND with `Once: KEY` → 201 {"row": {}}. PATCH /v3/KIND/ID {"rev": N,
    "once": KEY, "set": {}} → {"row": {}}; 409 where it is at another rev. A key's answer is answered again.
What is struck is still listed, with `struck: true`.
clients: {"id", "name": {"given", "family"}, "born"}. A client's card is a record of its own:
cards: {"id", "owner": a client's id, "reach": {"mobile", "mail"}, "may_text": "y" | "n"}.
diary: {"id", "client", "what", "who", "day", "from", "to", "state"}; days and times are the house's own.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.peers.scripted import Asked, answer

Row = dict[str, Any]
_LETTERS = {"clients": "C", "cards": "K", "diary": "D"}


@dataclass
class Sorrel:
    """The house's memory."""

    kinds: dict[str, dict[str, Row]] = field(default_factory=lambda: {kind: {} for kind in _LETTERS})
    once: dict[str, Row] = field(default_factory=dict)
    passes: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    clock: datetime = field(default_factory=lambda: datetime.fromtimestamp(time(), UTC))
    refused: set[str] = field(default_factory=set)
    """Ids that nobody may change now."""
    letters: dict[str, str] = field(default_factory=lambda: dict(_LETTERS))
    """What the ids of a kind begin with."""
    kept: Callable[[Row], Row] = dict
    """What the house makes of fields that it is told."""
    meanwhile: Callable[[], object] = lambda: None
    """What happens while a change is on its way."""

    def serve(self, asked: Asked) -> bytes:
        parts = urlsplit(asked.target)
        path = unquote(parts.path).removeprefix("/v3/").split("/")
        if path == ["pass"]:
            return self._pass(json.loads(asked.body))
        if not self.passes or asked.headers.get("authorization") != f"Pass {self.passes[-1]}":
            return _said({"why": "no pass"}, 401)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        rows = self.kinds[path[0]]
        if asked.method != "GET":
            self.changes.append(f"{asked.method} {'/'.join(path)}")
            self.meanwhile()
            body = json.loads(asked.body)
            return self._write(body["once"] if len(path) > 1 else asked.headers["once"], path, body)
        if len(path) > 1:
            return _said({"row": rows[path[1]]} if path[1] in rows else {}, 200 if path[1] in rows else 404)
        return _page(list(rows.values()), query)

    def add(self, kind: str, **fields: Any) -> str:
        """As somebody of the house does it."""
        rows = self.kinds[kind]
        id_ = f"{self.letters[kind]}{len(rows) + 1}"
        rows[id_] = {"id": id_, "seq": len(rows) + 1, **fields}
        self.change(kind, id_)
        return id_

    def client(self, given: str, family: str = "Roe", **more: Any) -> str:
        return self.add("clients", name={"given": given, "family": family}, **more)

    def card(self, owner: str, mobile: str | None = None, **more: Any) -> str:
        return self.add("cards", owner=owner, reach={"mobile": mobile}, **more)

    def change(self, kind: str, id_: str, **fields: Any) -> None:
        """As somebody of the house does it."""
        row = self.kinds[kind][id_]
        self.clock = max(self.clock + timedelta(milliseconds=1), datetime.fromtimestamp(time(), UTC))
        row |= {**fields, "rev": row.get("rev", 0) + 1, "changed": self.clock.isoformat()}

    def _pass(self, body: Row) -> bytes:
        if (body.get("house"), body.get("word")) != ("h-1", "sorrel"):
            return _said({"why": "unknown"}, 401)
        self.passes.append(f"p{len(self.passes) + 1}")
        return _said({"pass": {"text": self.passes[-1], "seconds": 3600}})

    def _write(self, key: str, path: list[str], body: Row) -> bytes:
        if key not in self.once and len(path) == 1:
            self.once[key] = self.kinds[path[0]][self.add(path[0], **body)]
        elif key not in self.once:
            row = self.kinds[path[0]][path[1]]
            if path[1] in self.refused:
                return _said({"why": "this one stays as it is"}, 422)
            if body["rev"] != row["rev"]:
                return _said({"why": "another rev"}, 409)
            self.change(*path, **self.kept(body["set"]))
            self.once[key] = row
        return _said({"row": self.once[key]}, 201 if len(path) == 1 else 200)


def _page(rows: list[Row], query: dict[str, str]) -> bytes:
    since, after, most = query.get("changed_from"), int(query.get("after", 0)), int(query["most"])
    if since is not None:
        rows = [row for row in rows if datetime.fromisoformat(row["changed"]) >= datetime.fromisoformat(since)]
    left = [row for row in rows if row["seq"] > after]
    return _said({"rows": left[:most], "more": len(left) > most})


def _said(body: Any, status: int = 200) -> bytes:
    return answer(body, status, content_type="application/json")
