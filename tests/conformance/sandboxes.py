"""What a connector registers to be held to the suite: a practice folder, and a system whose people a test can touch.

A new connector writes a class of five small methods and adds a line to SANDBOXES.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import sqlalchemy as sa
import yaml

from hub.bootstrap import Hub, check_practice_folder
from hub.bootstrap.connected_systems import ConnectedSystems
from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.connectors.kit.webhooks import WebhookRequest
from hub.settings import PROJECT, Settings
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.operations.unseen_practice import UNSEEN, Desk
from tests.peers.fhir import FhirDesk
from tests.peers.scripted import Asked, answer, scripted
from tests.peers.unseen.mirrorlake.server import SECRET, Mirrorlake
from tests.peers.unseen.ostrea.server import Ostrea
from tests.peers.unseen.tidewater.database import add_people, make_tables, rows
from tests.peers.unseen.veloura.server import Veloura

Place = Callable[[str], Any]
"""Gives a fixture of the test by its name."""
HOOK = "h00k-t0ken"


class Sandbox(Protocol):
    """A system with people in it; names are given names, ids are the system's."""

    name: str
    """Of its connection, and of its practice folder."""
    page: int
    """So many people fit on one of its pages."""
    secret: str
    base: str
    """The path of its API."""

    def serve(self, asked: Asked) -> bytes:
        """Its own answer."""
        ...

    def people(self) -> dict[str, str]:
        """Id → name of all whom it has."""
        ...

    def add(self, name: str) -> str:
        """Somebody at its own screen adds a person."""
        ...

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        """Somebody is renamed there; `silently`: without a stamp, where the system can forget that."""
        ...

    def delete(self, id_: str) -> None:
        """Taken away without a trace."""
        ...


class OstreaSandbox:
    """REST, counted lists by POST."""

    name, page, secret, base = "ostrea", 8, "0s7rea", "/v2"

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


class VelouraSandbox:
    """REST, keyed pages and tickets."""

    name, page, secret, base = "veloura", 10, "pa55", "/gateway"

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


class MirrorlakeSandbox:
    """GraphQL, Relay pages and signed tokens."""

    name, page, secret, base = "mirrorlake", 20, SECRET, "/api/studio"

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


class TidewaterSandbox:
    """SQL: a database that is open, in a file."""

    name, page, base = "tidewater", 7, ""

    def __init__(self, folder: Path) -> None:
        self.secret = f"sqlite:///{folder / 'tidewater.db'}"
        self.engine = sa.create_engine(self.secret)
        make_tables(self.engine)

    def serve(self, asked: Asked) -> bytes:
        raise AssertionError(f"nobody is asked over HTTP: {asked.target}")

    def people(self) -> dict[str, str]:
        return {str(row["person_no"]): str(row["first"]) for row in rows(self.engine, "person")}

    def add(self, name: str) -> str:
        add_people(self.engine, (name, "Roe", ""))
        return max(self.people(), key=int)

    def rename(self, id_: str, name: str, *, silently: bool = False) -> None:
        stamp = "" if silently else ", row_no = row_no + 1, changed_at = CURRENT_TIMESTAMP"
        self._do(f"UPDATE person SET first = :name{stamp} WHERE person_no = :id", name=name, id=int(id_))

    def delete(self, id_: str) -> None:
        self._do("DELETE FROM person WHERE person_no = :id", id=int(id_))

    def _do(self, said: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(said), values)


class FhirSandbox:
    """FHIR R4: the sandbox's own process, through a proxy that a test can spoil."""

    name, page, secret, base = "ehr", 100, "f41r-t0ken", ""

    def __init__(self, desk: FhirDesk) -> None:
        self.desk = desk
        self.http = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

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


OVER_HTTP: Mapping[str, Callable[[Place], Sandbox]] = {
    "rest_counted": lambda _place: OstreaSandbox(),
    "rest_keyed": lambda _place: VelouraSandbox(),
    "graphql": lambda _place: MirrorlakeSandbox(),
    "fhir_r4": lambda place: FhirSandbox(place("sandbox_server")),
}
"""Those whose answers can be spoilt on the way."""
SANDBOXES = {**OVER_HTTP, "sql": lambda place: TidewaterSandbox(place("tmp_path"))}


@dataclass
class Line:
    """Between the hub and the system: what a test lets happen to answers, and between them."""

    sandbox: Sandbox
    fault: Callable[[bytes], bytes] | None = None
    before: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What happens there before the n-th question is answered, counted from 0."""
    lose_writes: int = 0
    """So many writes are done, and not answered."""
    skew_seconds: int = 0
    asked: int = 0

    def serve(self, asked: Asked) -> bytes:
        if asked.target.endswith("/session"):
            return self.sandbox.serve(asked)
        self.before.pop(self.asked, lambda: None)()
        self.asked += 1
        there = len(self.sandbox.people()) if self.lose_writes else 0
        said = self.sandbox.serve(asked)
        if self.lose_writes and len(self.sandbox.people()) > there:
            self.lose_writes -= 1
            return truncated(said)
        return self.fault(said) if self.fault is not None else _skewed(said, self.skew_seconds)


def truncated(said: bytes) -> bytes:
    """The answer with its length, and half of its body."""
    head, _, body = said.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body[: len(body) // 2]


def _skewed(said: bytes, seconds: int) -> bytes:
    from datetime import UTC, datetime, timedelta
    from email.utils import format_datetime

    if not seconds:
        return said
    head, _, body = said.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")]
    there = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)  # noqa: TID251
    return b"\r\n".join([*lines, b"date: " + there.encode()]) + b"\r\n\r\n" + body


@dataclass
class Opened(Desk):
    """The hub of the sandbox's practice, and the line to the system."""

    sandbox: Sandbox
    line: Line

    def names(self) -> dict[str, str]:
        """Id there → name here, of all who are active here."""
        return {id_: str(one.given_name) for id_, one in self.patients().items() if one.active}

    def ring(self, type_: str, id_: str, into: str | None = None) -> None:
        """The system posts an event, and it is looked after."""
        body = json.dumps({"type": type_, "id": id_, "into": into}).encode()
        request = WebhookRequest("POST", "", {"x-hook": HOOK}, body)
        self.hub.doorbell.receive(self.system, request)
        self.hub.exchange.work_inbox(self.system)

    def tell(self, name: str) -> Patient:
        """Somebody is made here, and the system is to be told."""
        from hub.canonical.ids import PatientId, mint

        made = Patient(id=PatientId(mint(Kind.PATIENT)), given_name=name, family_name="Roe")
        self.save_and_tell(made)
        return made


@contextmanager
def opened(
    sandbox: Sandbox, database: Database, folder: Path, sees: Mapping[str, Any], **more: Any
) -> Iterator[Opened]:
    """The system behind its line, and the practice, whose stream of people sees as `sees` says; `more` of its keys."""
    own = Path(__file__).parent / "practices" / sandbox.name
    shutil.copytree(own if own.exists() else UNSEEN / sandbox.name / "practice", folder)
    line = Line(sandbox)
    with scripted(line.serve) as server:
        file = folder / "connections" / f"{sandbox.name}.yaml"
        said = yaml.safe_load(file.read_text().replace("http://127.0.0.1:8000", server.url))
        said["streams"]["patient"] |= {"sees": dict(sees), **more}
        if "base_url" in said:
            said["limits"] = {**said.get("limits", {}), "attempts": 1, "timeout_seconds": 10, "give_up_after": 1000}
        said["webhooks"] = {
            "signature": {"scheme": "token", "header": "X-Hook", "token": {"file": "secrets.yaml", "key": "hook"}},
            "type": "type", "record": "id", "kinds": {"person.*": "patient"}, "deleted": ["person.gone"],
            "merged": {"person.merged": "into"},
        }  # fmt: skip
        file.write_text(json.dumps(said))
        secrets = folder / "secrets.yaml"
        secrets.write_text(json.dumps({sandbox.name: {"secret": sandbox.secret}, "hook": HOOK}))
        secrets.chmod(0o600)
        checked = check_practice_folder(Settings(practice=folder))
        hub = Hub(database.engine, SqlStore(database.engine), ConnectedSystems(checked, PROJECT / "mappings"))
        hub.apply_practice()
        yield Opened(hub, sandbox.name, server, database, sandbox, line)
