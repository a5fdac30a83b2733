"""Ostrea Books: a REST system that nobody has seen, from its manual.

Every call: Basic with the key as user and no password, and `Ostrea-Version: 2`. Numbers are numbers; `touched` is
in milliseconds since 1970; the book has the house's wall clock.
POST /v2/people/search {"where": {"touched_after": MS}, "skip": N, "take": N (8 at most)} → {"found": N, "people": []}
    in the order of `touched`. GET /v2/people/NO, with ETag. POST /v2/people with Idempotency-Key → 201. PUT
    /v2/people/NO with If-Match; the whole person without `no` and `touched`. DELETE /v2/people/NO → 204.
GET /v2/book?touched_after=MS&day_from=DATE&day_before=DATE
    → a list of 5 with `Link: <…>; rel="next"`. POST /v2/book → 201. GET, PUT (with
    If-Match) /v2/book/UID; POST /v2/book/UID/off {}. GET /v2/book?ext=TEXT → those that carry it.
"""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.peers.scripted import Asked, answer

KEY = f"Basic {b64encode(b'0s7rea:').decode()}"
PERSON = {"first", "last", "tel", "mail", "ext"}
VISIT = {"person_no", "staff", "treatment", "on", "at", "until", "status", "ext"}
Row = dict[str, Any]


@dataclass
class Ostrea:
    """The house's memory."""

    people: dict[int, Row] = field(default_factory=dict)
    book: dict[str, Row] = field(default_factory=dict)
    clock: int = 1_772_000_000_000
    keys: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    etags: dict[Any, int] = field(default_factory=dict)
    lose: int = 0

    def serve(self, asked: Asked) -> bytes:
        if asked.headers.get("authorization") != KEY or asked.headers.get("ostrea-version") != "2":
            return _said({}, 401)
        parts = urlsplit(asked.target)
        path = parts.path.removeprefix("/v2/").split("/")
        body = json.loads(asked.body) if asked.body else None
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        if asked.method != "GET" and path[-1] != "search":
            self.changes.append(f"{asked.method} {parts.path}")
        said = self._people(asked, path[1:], body) if path[0] == "people" else self._book(asked, path[1:], query, body)
        if self.lose and asked.method == "POST" and path[-1] != "search":
            self.lose -= 1
            return b"HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{"
        return said

    def add_person(self, first: str, last: str, tel: str) -> int:
        """As somebody of the house does it."""
        number = len(self.people) + 1
        self.people[number] = {"no": number, "first": first, "last": last, "tel": tel}
        self.touch(self.people[number], number)
        return number

    def add_visit(self, person: int, on: str, at: str, until: str) -> str:
        """As somebody of the house does it."""
        fields = {
            "person_no": person,
            "staff": 3,
            "treatment": "P",
            "on": on,
            "at": at,
            "until": until,
            "status": "set",
        }
        return self._new_visit(fields)

    def touch(self, row: Row, key: Any) -> None:
        """Note that it changed."""
        self.clock += 60_000
        row["touched"] = self.clock
        self.etags[key] = self.etags.get(key, 0) + 1

    def _people(self, asked: Asked, path: list[str], body: Any) -> bytes:
        if path == ["search"]:
            return self._search(body)
        if asked.method == "POST":
            key = asked.headers["idempotency-key"]
            if set(body) - PERSON:
                return _said({}, 422)
            if key not in self.keys:
                self.keys[key] = self.add_person(body["first"], body["last"], body.get("tel", ""))
                self.people[self.keys[key]].update(body)
            return self._row(self.people[self.keys[key]], self.keys[key], 201)
        return self._one(asked, self.people, int(path[0]), (PERSON, body))

    def _search(self, body: Row) -> bytes:
        rows = sorted(self.people.values(), key=lambda row: row["touched"])
        rows = [row for row in rows if row["touched"] > body["where"].get("touched_after", 0)]
        if body["take"] > 8:
            return _said({}, 422)
        return _said({"found": len(rows), "people": rows[body["skip"] : body["skip"] + body["take"]]})

    def _book(self, asked: Asked, path: list[str], query: dict[str, str], body: Any) -> bytes:
        if asked.method == "POST" and not path:
            return _said({}, 422) if set(body) != VISIT else self._visit(self._new_visit(body), 201)
        if asked.method == "POST":
            self.book[path[0]]["status"] = "off"
            self.touch(self.book[path[0]], path[0])
            return _said(None, 204)
        if path:
            return self._one(asked, self.book, path[0], (VISIT, body))
        if "ext" in query:
            return _said([row for row in self.book.values() if row.get("ext") == query["ext"]])
        rows = [row for row in self.book.values() if row["touched"] > int(query.get("touched_after", 0))]
        first, last = query.get("day_from", ""), query.get("day_before", "9")
        rows = [row for row in rows if first <= row["on"] < last]
        at = int(query.get("from", 0))
        said = f"touched_after={query.get('touched_after', 0)}&day_from={first}&day_before={last}"
        more = f'</v2/book?from={at + 5}&{said}>; rel="next"'
        return _said(rows[at : at + 5], link=more) if at + 5 < len(rows) else _said(rows[at:])

    def _new_visit(self, fields: Row) -> str:
        uid = f"b{len(self.book) + 1:03}"
        self.book[uid] = {"uid": uid, **fields}
        self.touch(self.book[uid], uid)
        return uid

    def _visit(self, uid: str, status: int) -> bytes:
        return self._row(self.book[uid], uid, status)

    def _one(self, asked: Asked, rows: dict[Any, Row], key: Any, said: tuple[set[str], Any]) -> bytes:
        known, body = said
        if key not in rows:
            return _said({}, 404)
        if asked.method == "DELETE":
            del rows[key]
            return _said(None, 204)
        if asked.method == "PUT":
            if asked.headers.get("if-match") != self._etag(key):
                return _said({}, 412)
            if set(body) - known:
                return _said({}, 422)
            own = {name: rows[key][name] for name in ("no", "uid") if name in rows[key]}
            rows[key] = {**own, **body}
            self.touch(rows[key], key)
        return self._row(rows[key], key, 200)

    def _row(self, row: Row, key: Any, status: int) -> bytes:
        return _said(row, status, etag=self._etag(key))

    def _etag(self, key: Any) -> str:
        return f'"{self.etags[key]}"'


def _said(body: Any, status: int = 200, **headers: str) -> bytes:
    return answer("" if body is None else body, status, content_type="application/json", **headers)
