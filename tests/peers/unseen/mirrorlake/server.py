"""Mirrorlake Studio: a GraphQL system that nobody has seen, from its manual; its schema is executed by graphql-core.

1  One address, /api/studio. `Authorization: Basic base64(app:token)`, token = mac + text, text = "mirror-1" + studio +
   unix seconds, mac = base64(HMAC-SHA256(base64-decoded secret, text)); a token is good for 30 seconds.
2  Lists are Relay connections of at most 20, by id. `touchedFrom` gives what was touched then or later.
   Sessions are also asked for by `startsFrom` and `startsBefore`.
3  Sessions last as long as their offering. A change names the edition it was made onto; an older one is the fault
   EDITION. Business faults come in `faults`, with 200.
4  A document costs points, told in extensions.points {spent, left}; 1,000 at most, 200 come back each second. Beyond
   that: 200, errors, "wait N ms".
"""

import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from graphql import build_schema, graphql_sync

from tests.peers.scripted import Asked, answer

SCHEMA = build_schema((Path(__file__).parent / "practice" / "connections" / "mirrorlake-schema.graphql").read_text())
SECRET = b64encode(b"mirror mirror").decode()
MINUTES = {"O-PEEL": 45, "O-TALK": 30}
Args = dict[str, Any]


@dataclass
class Mirrorlake:
    """The studio's memory."""

    members: dict[str, Args] = field(default_factory=dict)
    sessions: dict[str, Args] = field(default_factory=dict)
    onces: dict[str, str] = field(default_factory=dict)
    clock: datetime = datetime(2026, 3, 1, 8, tzinfo=UTC)
    throttled: int = 0
    """So many answers say: wait."""
    lose: int = 0
    asked: int = 0

    def serve(self, asked: Asked) -> bytes:
        self.asked += 1
        if not _may(asked.headers.get("authorization", "")):
            said = {"errors": [{"message": "who are you", "extensions": {"code": "UNAUTHENTICATED"}}]}
            return answer(said, content_type="application/json")
        if self.throttled:
            self.throttled -= 1
            return answer({"errors": [{"message": "API limit: wait 40ms"}]}, content_type="application/json")
        body = json.loads(asked.body)
        done = graphql_sync(SCHEMA, body["query"], root_value=self._root(), variable_values=body["variables"])
        if self.lose and body["query"].lstrip().startswith("mutation"):
            self.lose -= 1
            return b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"
        said = {**done.formatted, "extensions": {"points": {"spent": 7, "left": 900}}}
        return answer(said, content_type="application/json")

    def add_member(self, given: str, family: str, mobile: str) -> str:
        """As somebody at the studio does it."""
        return self._new(
            self.members, "M", {"givenName": given, "familyName": family, "mobile": mobile, "retired": False}
        )

    def add_session(self, member: str, starts: datetime, host: str = "H-3", offering: str = "O-PEEL") -> str:
        """As somebody at the studio does it."""
        fields = {"member": {"id": member}, "host": {"id": host}, "offering": {"id": offering}, "stage": "BOOKED"}
        return self._new(self.sessions, "S", {**fields, **_span(starts, offering)})

    def touch(self, thing: Args) -> None:
        """Note that it changed."""
        self.clock += timedelta(minutes=5)
        thing["touchedAt"] = _text(self.clock)
        thing["edition"] = thing.get("edition", 0) + 1

    def _new(self, where: dict[str, Args], letter: str, fields: Args) -> str:
        key = f"{letter}-{len(where) + 1:03}"
        where[key] = {"id": key, **fields}
        self.touch(where[key])
        return key

    def _root(self) -> Args:
        return {
            "members": lambda _i, **args: _connection(self.members, **args),
            "member": lambda _i, **said: self.members.get(said["id"]),
            "sessions": lambda _i, **args: _connection(_between(self.sessions, args), **args),
            "session": lambda _i, **said: self.sessions.get(said["id"]),
            "tagged": lambda _i, tag: [one for one in self.sessions.values() if one.get("tag") == tag],
            "addMember": self._add_member,
            "changeMember": self._change_member,
            "bookSession": self._book,
            "changeSession": self._change_session,
            "dropSession": self._drop,
        }

    def _add_member(self, _info: Any, input: Args, once: str) -> Args:  # noqa: A002 - its word
        if once not in self.onces:
            self.onces[once] = self._new(self.members, "M", {**input, "retired": False})
        return {"member": self.members[self.onces[once]], "faults": []}

    def _change_member(self, _info: Any, id: str, input: Args, edition: int) -> Args:  # noqa: A002 - its word
        member = self.members[id]
        if member["edition"] != edition:
            return {"member": None, "faults": [{"code": "EDITION", "message": f"{member['givenName']} was changed"}]}
        member.update(input)
        self.touch(member)
        return {"member": member, "faults": []}

    def _book(self, _info: Any, input: Args) -> Args:  # noqa: A002 - its word
        starts = datetime.fromisoformat(input["startsAt"])
        key = self.add_session(input["memberId"], starts, input["hostId"], input["offeringId"])
        self.sessions[key]["tag"] = input.get("tag")
        return {"session": self.sessions[key], "faults": []}

    def _change_session(self, _info: Any, id: str, change: Args) -> Args:  # noqa: A002 - its word
        session = self.sessions[id]
        if session["edition"] != change["edition"]:
            return {"session": None, "faults": [{"code": "EDITION", "message": "changed"}]}
        session.update(_span(datetime.fromisoformat(change["startsAt"]), session["offering"]["id"]))
        self.touch(session)
        return {"session": session, "faults": []}

    def _drop(self, _info: Any, id: str, why: str) -> Args:  # noqa: A002 - its word
        self.sessions[id].update(stage="DROPPED", why=why)
        self.touch(self.sessions[id])
        return {"session": self.sessions[id], "faults": []}


def _connection(rows: dict[str, Args], first: int, after: str | None = None, touchedFrom: str | None = None) -> Args:  # noqa: N803 - its word
    if first > 20:
        raise ValueError("no more than 20")
    found = [row for key, row in sorted(rows.items()) if key > (after or "")]
    found = [row for row in found if row["touchedAt"] >= (touchedFrom or "")]
    edges = [{"cursor": row["id"], "node": row} for row in found[:first]]
    return {
        "edges": edges,
        "pageInfo": {"hasNextPage": len(found) > first, "endCursor": edges[-1]["cursor"] if edges else None},
    }


def _between(rows: dict[str, Args], args: Args) -> dict[str, Args]:
    """Takes out of `args` what is said of when they start."""
    first, last = args.pop("startsFrom", None) or "", args.pop("startsBefore", None) or "9"
    return {key: row for key, row in rows.items() if first <= row["startsAt"] < last}


def _span(starts: datetime, offering: str) -> Args:
    return {"startsAt": _text(starts), "endsAt": _text(starts + timedelta(minutes=MINUTES[offering]))}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _may(header: str) -> bool:
    app, _, token = b64decode(header.removeprefix("Basic ")).decode().partition(":")
    mac, text = token[:44], token[44:]
    good = b64encode(hmac.digest(b64decode(SECRET), text.encode(), "sha256")).decode()
    return app == "hub-app" and hmac.compare_digest(mac, good) and text.startswith("mirror-1studio-7")
