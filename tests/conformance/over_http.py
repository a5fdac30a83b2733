"""Systems that are asked over HTTP: REST twice, GraphQL, FHIR R4."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.conformance.line import Line
from tests.peers.fhir import FhirDesk
from tests.peers.scripted import Asked, answer
from tests.peers.unseen.mirrorlake.server import SECRET, Mirrorlake
from tests.peers.unseen.ostrea.server import Ostrea
from tests.peers.unseen.veloura.server import Veloura


class OverHttp:
    """What they have in common: their answers pass through the line."""

    most = 120
    changes: Mapping[str, Any] = {"limits": {"attempts": 1, "give_up_after": 1000}}
    line: Line

    def joined(self) -> AbstractContextManager[object]:
        return nullcontext()


class OstreaSandbox(OverHttp):
    """REST, counted lists by POST."""

    name, page, secret = "ostrea", 8, "0s7rea"

    def __init__(self) -> None:
        self.house = Ostrea()
        self.serve = self.house.serve

    def people(self) -> dict[str, str]:
        return {str(number): row["first"] for number, row in self.house.people.items()}

    def add(self, name: str) -> str:
        number = max(self.house.people, default=0) + 1
        self.house.people[number] = {"no": number, "first": name, "last": "Roe", "tel": ""}
        self.house.touch(self.house.people[number], number)
        return str(number)

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        self.house.people[int(id_)]["first"] = name
        if not silently:
            self.house.touch(self.house.people[int(id_)], int(id_))

    def delete(self, id_: str) -> None:
        del self.house.people[int(id_)]


class VelouraSandbox(OverHttp):
    """REST, keyed pages and tickets."""

    name, page, secret = "veloura", 10, "pa55"

    def __init__(self) -> None:
        self.desk = Veloura()
        self.serve = self.desk.serve
        self.made = 0

    def people(self) -> dict[str, str]:
        return {number: guest["name"]["first"] for number, guest in self.desk.guests.items()}

    def add(self, name: str) -> str:
        self.made += 1
        number = f"G{500 + self.made:04}"
        self.desk.guests[number] = {"guestNo": number, "name": {"first": name, "last": "Roe"}, "status": "ACTIVE"}
        self.desk.touch(self.desk.guests[number])
        return number

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        self.desk.guests[id_]["name"] = {"first": name, "last": "Roe"}
        if not silently:
            self.desk.touch(self.desk.guests[id_])

    def delete(self, id_: str) -> None:
        del self.desk.guests[id_]


class MirrorlakeSandbox(OverHttp):
    """GraphQL, Relay pages and signed tokens."""

    name, page, secret = "mirrorlake", 20, SECRET

    def __init__(self) -> None:
        self.studio = Mirrorlake()
        self.serve = self.studio.serve
        self.made = 0

    def people(self) -> dict[str, str]:
        return {key: member["givenName"] for key, member in self.studio.members.items()}

    def add(self, name: str) -> str:
        self.made += 1
        key = f"M-{500 + self.made}"
        fields = {"givenName": name, "familyName": "Roe", "mobile": "", "retired": False}
        self.studio.members[key] = {"id": key, **fields}
        self.studio.touch(self.studio.members[key])
        return key

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        self.studio.members[id_]["givenName"] = name
        if not silently:
            self.studio.touch(self.studio.members[id_])

    def delete(self, id_: str) -> None:
        del self.studio.members[id_]


class FhirSandbox(OverHttp):
    """FHIR R4: the sandbox's own process, through a proxy that a test can spoil."""

    name, page, secret = "ehr", 100, "f41r-t0ken"

    def __init__(self, desk: FhirDesk) -> None:
        self.desk = desk
        self.http = httpx.Client(trust_env=False, timeout=300, limits=httpx.Limits(max_keepalive_connections=0))

    def serve(self, asked: Asked) -> bytes:
        said = {name: asked.headers[name] for name in ("host", "if-match", "if-none-exist") if name in asked.headers}
        done = self.http.request(asked.method, self.desk.url + asked.target, content=asked.body, headers=said)
        kept = {name: done.headers[name] for name in ("etag", "location") if name in done.headers}
        return answer(done.content, done.status_code, **kept)

    def people(self) -> dict[str, str]:
        return {one["id"]: one["name"][0]["given"][0] for one in self.desk.all("Patient")}

    def add(self, name: str) -> str:
        return str(self.desk.post({"resourceType": "Patient", "name": _named(name)})["id"])

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        self.desk.put({"resourceType": "Patient", "id": id_, "name": _named(name)})

    def delete(self, id_: str) -> None:
        self.desk.delete("Patient", id_)


def _named(name: str) -> list[dict[str, Any]]:
    return [{"use": "official", "family": "Roe", "given": [name]}]


class OstreaThatTells(OstreaSandbox):
    """It lists whom it took away, two at a time, by when: `GET /v2/gone?after=MS&skip=N`."""

    changes: Mapping[str, Any] = {**OverHttp.changes, "mass_change": {"share": 0.4, "at_least": 8}}

    def __init__(self) -> None:
        super().__init__()
        self.gone: list[dict[str, int]] = []
        self.serve = self._serve

    def delete(self, id_: str) -> None:
        super().delete(id_)
        self.house.clock += 60_000
        self.gone.append({"person": int(id_), "at": self.house.clock})

    def restore(self, id_: str, name: str) -> None:
        """Under the number that he had."""
        self.house.people[int(id_)] = {"no": int(id_), "first": name, "last": "Roe", "tel": ""}
        self.rename(id_, name)

    def _serve(self, asked: Asked) -> bytes:
        parts = urlsplit(asked.target)
        if parts.path != "/v2/gone":
            return self.house.serve(asked)
        query = {key: int(values[-1]) for key, values in parse_qs(parts.query).items()}
        told = [one for one in self.gone if one["at"] > query.get("after", 0)]
        return answer(told[query["skip"] : query["skip"] + 2], content_type="application/json")


class OstreaBook(OstreaSandbox):
    """Its visits, as silently as its people will have it."""

    def book(self, day: date) -> str:
        return self.house.add_visit(1, day.isoformat(), "10:00", "10:45")

    def move(self, id_: str, day: date) -> None:
        self.house.book[id_]["on"] = day.isoformat()

    def drop(self, id_: str) -> None:
        del self.house.book[id_]


class MirrorlakeBook(MirrorlakeSandbox):
    """Its sessions, the same."""

    def book(self, day: date) -> str:
        return self.studio.add_session(next(iter(self.studio.members)), self._at(day))

    def move(self, id_: str, day: date) -> None:
        for name, minutes in {"startsAt": 0, "endsAt": 45}.items():
            moment = self._at(day) + timedelta(minutes=minutes)
            self.studio.sessions[id_][name] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def drop(self, id_: str) -> None:
        del self.studio.sessions[id_]

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, time(17), UTC)
