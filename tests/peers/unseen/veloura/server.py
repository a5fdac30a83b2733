"""Veloura Front Desk 4, gateway interface: a system that nobody has seen, from its manual.

4.1 Sessions      POST /gateway/session {"apiUser", "apiPass"} → {"session": {"ticket", "ttl"}}; each call carries
                  `X-Ticket`. A ticket is good for ttl seconds or until the desk is restarted.
4.2 Guests        GET /gateway/guests?after=GUESTNO&take=N&changedFrom=LOCAL → {"payload": {"rows": […], "more": bool}},
                  by guestNo. Removed guests stay in the list, status REMOVED. GET /gateway/guests/GUESTNO.
                  POST /gateway/guests {"guest": {…}, "dedupe": TEXT} → 201 {"guestNo"}; the same dedupe text gives
                  the same guest. PATCH /gateway/guests/GUESTNO {"guest": {…}, "rev": N}; 409 when rev is not the last.
4.3 The agenda    A sheet is what one guest has on one day; its lines are the treatments. GET /gateway/agenda
                  ?after=SHEET&take=N&changedFrom=LOCAL. POST /gateway/agenda/lines {"guestNo", "svc", "staff", "day",
                  "from", "to", "yourRef"} → 201 {"lineId"}. GET /gateway/agenda/lines?yourRef=… → {"payload": {"rows"}}
                  GET /gateway/agenda/lines/LINEID → the sheet with that line. PUT /gateway/agenda/lines/LINEID
                  {"svc", "staff", "day", "from", "to", "rev"}. POST /gateway/agenda/lines/LINEID/void {"why"}.
4.4 Conventions   All times are the clinic's wall clock: changed "2026-03-02T09:00:00", days "03/02/2026", times
                  "2:30 PM". What the manual does not name is refused with 422. No more than 10 rows a page.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.peers.scripted import Asked, answer

GUEST = {"name", "birth", "contact", "memo", "yourRef", "status"}
LINE = {"guestNo", "svc", "staff", "day", "from", "to", "yourRef"}


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status


@dataclass
class Veloura:
    """The desk's memory."""

    guests: dict[str, dict[str, Any]] = field(default_factory=dict)
    sheets: dict[str, dict[str, Any]] = field(default_factory=dict)
    tickets: list[str] = field(default_factory=list)
    clock: datetime = datetime(2026, 3, 1, 8)
    dedupes: dict[str, str] = field(default_factory=dict)
    lose: int = 0
    """So many answers to writes get lost on the way."""
    calls: list[str] = field(default_factory=list)

    def serve(self, asked: Asked) -> bytes:
        parts = urlsplit(asked.target)
        try:
            body = json.loads(asked.body) if asked.body else {}
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            status, said = self._dispatch(asked, parts.path.removeprefix("/gateway/").split("/"), query, body)
        except Refused as no:
            return answer({"fault": str(no)}, no.status, content_type="application/json")
        if asked.method != "GET" and parts.path != "/gateway/session":
            self.calls.append(f"{asked.method} {parts.path}")
            if self.lose:
                self.lose -= 1
                return b"HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{"
        return answer(said, status, content_type="application/json")

    def add_guest(self, first: str, last: str, phone: str, **more: Any) -> str:
        """As somebody at the desk does it."""
        contact = [{"type": "mail", "value": f"{first}@example.com"}, {"type": "cell", "value": phone}]
        return self._new_guest({"name": {"first": first, "last": last}, "contact": contact, "status": "ACTIVE", **more})

    def add_line(self, guest: str, day: str, begin: str, end: str, *, svc: str = "TX-9", staff: str = "S3") -> str:
        """As somebody at the desk does it."""
        return self._new_line({"guestNo": guest, "svc": svc, "staff": staff, "day": day, "from": begin, "to": end})

    def line(self, line_id: str) -> dict[str, Any]:
        """One line as it stands."""
        return self._find_line(line_id)[1]

    def touch(self, thing: dict[str, Any]) -> None:
        """Note that it changed."""
        self.clock += timedelta(seconds=61)
        thing["changed"] = self.clock.isoformat()
        thing["rev"] = thing.get("rev", 0) + 1

    def _dispatch(self, asked: Asked, path: list[str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        match asked.method, path:
            case "POST", ["session"]:
                return self._session(body)
        if asked.headers.get("x-ticket") not in self.tickets[-1:]:
            raise Refused(401, "TICKET")
        routes: dict[tuple[str, int], Callable[..., tuple[int, Any]]] = {
            ("GET guests", 1): self._list_guests,
            ("GET guests", 2): self._one_guest,
            ("POST guests", 1): self._post_guest,
            ("PATCH guests", 2): self._patch_guest,
            ("GET agenda", 1): self._list_sheets,
            ("GET agenda", 2): self._find_lines,
            ("GET agenda", 3): self._one_line,
            ("POST agenda", 2): self._post_line,
            ("PUT agenda", 3): self._put_line,
            ("POST agenda", 4): self._void_line,
        }
        route = routes.get((f"{asked.method} {path[0]}", len(path)))
        if route is None:
            raise Refused(404, "NO-SUCH-CALL")
        return route(path, query, body)

    def _session(self, body: Any) -> tuple[int, Any]:
        _only(body, {"apiUser", "apiPass"})
        if (body["apiUser"], body["apiPass"]) != ("hub", "pa55"):
            raise Refused(403, "WHO")
        self.tickets.append(f"ticket-{len(self.tickets)}")
        return 200, {"session": {"ticket": self.tickets[-1], "ttl": 300}}

    def _page(self, rows: dict[str, dict[str, Any]], query: dict[str, str]) -> tuple[int, Any]:
        _only(query, {"after", "take", "changedFrom"})
        since = datetime.fromisoformat(query.get("changedFrom", "1900-01-01T00:00:00"))
        if since.tzinfo is not None or int(query.get("take", 10)) > 10:
            raise Refused(422, "CONVENTIONS")
        found = [row for key, row in sorted(rows.items()) if key > query.get("after", "")]
        found = [row for row in found if datetime.fromisoformat(row["changed"]) >= since]
        take = int(query.get("take", 10))
        return 200, {"payload": {"rows": found[:take], "more": len(found) > take}}

    def _list_guests(self, _path: list[str], query: dict[str, str], _body: Any) -> tuple[int, Any]:
        return self._page(self.guests, query)

    def _one_guest(self, path: list[str], _query: dict[str, str], _body: Any) -> tuple[int, Any]:
        if path[1] not in self.guests:
            raise Refused(404, "GUEST")
        return 200, {"guest": self.guests[path[1]]}

    def _post_guest(self, _path: list[str], _query: dict[str, str], body: Any) -> tuple[int, Any]:
        _only(body, {"guest", "dedupe"})
        _only(body["guest"], GUEST)
        if body["dedupe"] not in self.dedupes:
            self.dedupes[body["dedupe"]] = self._new_guest(body["guest"])
        return 201, {"guestNo": self.dedupes[body["dedupe"]]}

    def _new_guest(self, guest: dict[str, Any]) -> str:
        number = f"G{len(self.guests) + 1:04}"
        self.guests[number] = {"guestNo": number, "loyalty": 0, **guest}
        self.touch(self.guests[number])
        return number

    def _patch_guest(self, path: list[str], _query: dict[str, str], body: Any) -> tuple[int, Any]:
        _only(body, {"guest", "rev"})
        _only(body["guest"], GUEST)
        guest = self.guests[path[1]]
        if guest["rev"] != body["rev"]:
            raise Refused(409, "REV")
        guest.update(body["guest"])
        self.touch(guest)
        return 200, {"guest": guest}

    def _list_sheets(self, _path: list[str], query: dict[str, str], _body: Any) -> tuple[int, Any]:
        return self._page(self.sheets, query)

    def _find_lines(self, path: list[str], query: dict[str, str], _body: Any) -> tuple[int, Any]:
        if path[1] != "lines":
            raise Refused(404, "NO-SUCH-CALL")
        _only(query, {"yourRef"})
        lines = [line for sheet in self.sheets.values() for line in sheet["lines"]]
        return 200, {"payload": {"rows": [line for line in lines if line.get("yourRef") == query["yourRef"]]}}

    def _one_line(self, path: list[str], _query: dict[str, str], _body: Any) -> tuple[int, Any]:
        sheet, line = self._find_line(path[2])
        return 200, {**sheet, "lines": [line]}

    def _find_line(self, line_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
        for sheet in self.sheets.values():
            for line in sheet["lines"]:
                if line["lineId"] == line_id:
                    return sheet, line
        raise Refused(404, "LINE")

    def _post_line(self, _path: list[str], _query: dict[str, str], body: Any) -> tuple[int, Any]:
        _only(body, LINE)
        if set(body) < LINE:
            raise Refused(422, "MISSING")
        return 201, {"lineId": self._new_line(body)}

    def _new_line(self, said: dict[str, Any]) -> str:
        _local(said)
        line = {key: value for key, value in said.items() if key != "guestNo"}
        number = sum(len(sheet["lines"]) for sheet in self.sheets.values()) + 1
        line |= {"lineId": f"L{number:04}", "state": "OPEN", "rev": 1}
        key = f"{said['guestNo']}-{said['day'].replace('/', '')}"
        sheet = self.sheets.setdefault(key, {"sheetId": key, "guestNo": said["guestNo"], "lines": []})
        sheet["lines"].append(line)
        self.touch(sheet)
        return line["lineId"]

    def _put_line(self, path: list[str], _query: dict[str, str], body: Any) -> tuple[int, Any]:
        _only(body, {"svc", "staff", "day", "from", "to", "rev"})
        sheet, line = self._find_line(path[2])
        if line["rev"] != body.pop("rev"):
            raise Refused(409, "REV")
        _local(body)
        line.update(body)
        line["rev"] += 1
        self.touch(sheet)
        return 200, {"done": True}

    def _void_line(self, path: list[str], _query: dict[str, str], body: Any) -> tuple[int, Any]:
        _only(body, {"why"})
        sheet, line = self._find_line(path[2])
        line["state"] = "VOID"
        line["rev"] += 1
        self.touch(sheet)
        return 200, {"done": True}


def _only(said: Any, known: set[str]) -> None:
    if not isinstance(said, dict) or set(said) - known:
        raise Refused(422, "UNKNOWN")


def _local(said: dict[str, Any]) -> None:
    """Days and times as the manual writes them."""
    try:
        for key in ("from", "to"):
            datetime.strptime(f"{said['day']} {said[key]}", "%m/%d/%Y %I:%M %p")
    except ValueError:
        raise Refused(422, "CONVENTIONS") from None
