"""A system that cannot be trusted: it lies, stalls, repeats, reorders, breaks off, runs in circles and changes shape.

It holds people and serves them by REST: `GET /people?after=ID&since=UNIX` → {"people": […], "next": ID}, five at a
time, and `GET /people/ID`. What it does to each answer is the next of its `moods`; when they are used up it behaves.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.peers.scripted import Asked, answer

Row = dict[str, Any]
PATIENCE = 1500
"""So many questions in one pull are a loop: from then on it says 503, so that the test ends."""
STALL_SECONDS = 0.25


@dataclass
class Hostile:
    """Its people, its moods, and all it ever said of anybody."""

    rows: dict[str, Row] = field(default_factory=dict)
    moods: list[str] = field(default_factory=list)
    sticky: str | None = None
    """Its mood once the others are used up."""
    happenings: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What changes there before the n-th answer."""
    asked: int = 0
    clock: int = 1_772_000_000
    told: dict[str, set[str]] = field(default_factory=dict)
    """Id → the names under which it ever was."""
    last: Any = None
    never: threading.Event = field(default_factory=threading.Event)

    def add(self, name: str) -> str:
        """Somebody new."""
        id_ = f"p{len(self.told) + 1:03}"
        self.rows[id_] = {"id": id_, "last": "Ames", "active": True}
        self.rename(id_, name)
        return id_

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        """Another name; silently: the stamp stays."""
        self.told.setdefault(id_, set()).add(name)
        self.rows[id_]["first"] = name
        if not silently or "changed" not in self.rows[id_]:
            self.clock += 1
            self.rows[id_]["changed"] = self.clock

    def people(self) -> dict[str, str]:
        """The truth."""
        return {id_: row["first"] for id_, row in self.rows.items()}

    def behave(self) -> None:
        """From now on."""
        self.moods, self.sticky, self.asked = [], None, 0
        self.happenings = {}

    def serve(self, asked: Asked) -> bytes:
        self.happenings.pop(self.asked, lambda: None)()
        self.asked += 1
        if self.asked > PATIENCE:
            return answer({}, 503, content_type="application/json")
        mood = self.moods.pop(0) if self.moods else self.sticky or "well"
        parts = urlsplit(asked.target)
        if parts.path != "/people":
            return self._one(parts.path.rpartition("/")[2], mood)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        return self._list(query, mood)

    def _one(self, id_: str, mood: str) -> bytes:
        row = self.rows.get(id_)
        if mood == "lies" or row is None:
            return answer({}, 404, content_type="application/json")
        if mood == "repeats":
            return _json(next(iter(self.rows.values())))
        return self._spoilt(_shaped(row) if mood == "changes_shape" else row, mood)

    def _list(self, query: dict[str, str], mood: str) -> bytes:
        rows = [row for id_, row in sorted(self.rows.items()) if id_ > query.get("after", "")]
        rows = [row for row in rows if row["changed"] >= int(query.get("since", 0))]
        body: Any = {"people": rows[:5], "next": rows[4]["id"] if len(rows) > 5 else None}
        if mood == "repeats" and self.last is not None:
            body = self.last
        self.last = body
        return self._spoilt(self._moody(body, mood), mood)

    def _moody(self, body: Any, mood: str) -> Any:
        people = body["people"]
        match mood:
            case "lies":
                return {"people": [], "next": None}
            case "reorders":
                return {**body, "people": people[::-1]}
            case "circles":
                return {**body, "next": "a"}
            case "never_ends":
                return {"people": people[:1], "next": f"a{self.asked}"}
            case "never_begins":
                return {"people": [], "next": f"a{self.asked}"}
            case "changes_shape":
                return {**body, "people": [_shaped(row) for row in people]}
            case "loses_ids":
                return {**body, "people": [{**row, "id": None} for row in people]}
            case "is_another":
                return {"items": people}
            case "is_text":
                return {**body, "people": [str(row["id"]) for row in people]}
        return body

    def _spoilt(self, body: Any, mood: str) -> bytes:
        match mood:
            case "stalls":
                self.never.wait(STALL_SECONDS)
            case "breaks_off":
                whole = _json(body)
                return whole[: len(whole) - 7]
            case "is_a_page":
                return answer("<html>Sign in</html>", content_type="text/html")
            case "fails":
                return answer({"why": "?"}, 500, content_type="application/json")
            case "is_busy":
                return answer({}, 429, content_type="application/json")
            case "hangs_up":
                return b""
            case "is_binary":
                return answer(b"\xff\xfe\x00", content_type="application/json")
        return _json(body)


MOODS = (
    "well", "lies", "stalls", "repeats", "reorders", "breaks_off", "is_a_page", "fails", "is_busy", "hangs_up",
    "is_binary", "circles", "never_ends", "never_begins", "changes_shape", "loses_ids", "is_another", "is_text",
)  # fmt: skip


def _shaped(row: Row) -> Row:
    """The same person as a new version of the system would write it down."""
    kept = {key: value for key, value in row.items() if key != "first"}
    return {**kept, "first": {"given": row["first"]}, "colour": "red", "changed": str(row["changed"])}


def _json(body: Any) -> bytes:
    return answer(json.dumps(body), content_type="application/json")
