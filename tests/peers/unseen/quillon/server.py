"""Quillon Diary: a REST system that nobody has seen, from its manual.

Every call with `X-Key`. Times are UTC. A guest's booking holds several treatments; there is no call for one of them.
GET /diary/guests?from=N&most=N → {"guests": [{"id", "first", "last"}]}
GET /diary/bookings?since=INSTANT&from=N&most=N → {"bookings": []}, by stamp. GET /diary/bookings/REF.
POST /diary/bookings with Idempotency-Key → 201: the booking, its treatments with keys. PATCH /diary/bookings/REF
    {"rev": N, "set": {…}} → the booking; 409 where it is at another rev. A list is set whole.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.peers.scripted import Asked, answer

Row = dict[str, Any]


@dataclass
class Quillon:
    """The house's memory."""

    guests: dict[str, Row] = field(default_factory=dict)
    bookings: dict[str, Row] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    clock: datetime = field(default_factory=lambda: datetime.fromtimestamp(time(), UTC))
    made: int = 0

    def serve(self, asked: Asked) -> bytes:
        if asked.headers.get("x-key") != "quill":
            return _said({}, 401)
        parts = urlsplit(asked.target)
        path = parts.path.removeprefix("/diary/").split("/")
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        if asked.method != "GET":
            self.changes.append(f"{asked.method} {parts.path}")
            return self._write(asked, path[1:], json.loads(asked.body))
        if path == ["guests"]:
            return _said({"guests": _cut(list(self.guests.values()), query)})
        if len(path) > 1:
            return _said(self.bookings.get(path[1], {}), 200 if path[1] in self.bookings else 404)
        rows = sorted(self.bookings.values(), key=lambda row: str(row["stamp"]))
        since = query.get("since")
        if since is not None:
            rows = [row for row in rows if datetime.fromisoformat(row["stamp"]) >= datetime.fromisoformat(since)]
        return _said({"bookings": _cut(rows, query)})

    def add_guest(self, first: str) -> str:
        """As somebody of the house does it."""
        id_ = f"G{len(self.guests) + 1}"
        self.guests[id_] = {"id": id_, "first": first, "last": "Roe"}
        return id_

    def add_booking(self, guest: str, *treatments: Row) -> str:
        """As somebody of the house does it."""
        return self._new({"guest": guest, "treatments": list(treatments)})

    def treatment(self, hour: int, what: str = "P", who: str = "L", **more: Any) -> Row:
        """One that is not booked yet, on a day in 2098."""
        begins = datetime(2098, 2, 14, hour, tzinfo=UTC)
        times = {"begins": begins, "ends": begins + _LENGTHS[what]}
        said = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in times.items()}
        return {"what": what, "who": who, **said, "status": "set", **more}

    def touch(self, ref: str) -> None:
        """Note that it changed; new treatments get their keys."""
        row = self.bookings[ref]
        for one in row["treatments"]:
            if "key" not in one:
                self.made += 1
                one["key"] = f"t{self.made}"
        self.clock = max(self.clock + timedelta(milliseconds=1), datetime.fromtimestamp(time(), UTC))
        row |= {"rev": row.get("rev", 0) + 1, "stamp": self.clock.isoformat()}

    def _write(self, asked: Asked, path: list[str], body: Row) -> bytes:
        if asked.method == "POST":
            key = asked.headers["idempotency-key"]
            if key not in self.keys:
                self.keys[key] = self._new(body)
            return _said(self.bookings[self.keys[key]], 201)
        row = self.bookings[path[0]]
        if body["rev"] != row["rev"]:
            return _said({"why": "another rev"}, 409)
        row |= body["set"]
        self.touch(path[0])
        return _said(row)

    def _new(self, fields: Row) -> str:
        ref = f"B{len(self.bookings) + 1}"
        self.bookings[ref] = {"ref": ref, **fields}
        self.touch(ref)
        return ref


_LENGTHS = {"P": timedelta(minutes=45), "T": timedelta(minutes=30)}


def _cut(rows: list[Row], query: dict[str, str]) -> list[Row]:
    first = int(query["from"])
    return rows[first : first + int(query["most"])]


def _said(body: Any, status: int = 200) -> bytes:
    return answer(body, status, content_type="application/json")
