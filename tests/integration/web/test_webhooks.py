"""The door that systems post to, over real HTTP: who is let in, and what each is told."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import httpx
import pytest
from sqlalchemy import Engine, text

from hub.bootstrap.doorbell import Doorbell
from hub.bootstrap.practice_folder import PracticeFolder, read_practice_folder
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.spec.webhooks import Webhooks
from hub.errors import Problem, RetryLater
from hub.settings import Settings
from hub.store.unit_of_work import SqlStore
from hub.web.app import create_app
from hub.web.exchanging import exchanging
from hub.web.webhooks import MOST_BYTES, webhooks
from tests.board_day import MadeUpQueries
from tests.browser import serving
from tests.peers.processes import PROJECT

KEY = "a-key"
BLOCK = {
    "signature": {
        "scheme": "hmac",
        "header": "X-Signature",
        "key": {"env": "EHR_WEBHOOK_KEY"},
        "fields": {"timestamp": "t", "signature": "v1"},
        "signed": "{timestamp}.{body}",
    },
    "id": "event",
    "type": "type",
    "record": "patient",
    "kinds": {"patient.*": "patient"},
}


@pytest.fixture(scope="module")
def folder() -> PracticeFolder:
    read = read_practice_folder(Settings(practice=PROJECT / "examples" / "juniper"))
    ehr = read.connection("juniper-ehr").model_copy(update={"webhooks": Webhooks.model_validate(BLOCK)})
    return replace(read, connections={**read.connections, "juniper-ehr": ehr})


class Door:
    """A hub that takes webhooks, and what it heard."""

    def __init__(self, client: httpx.Client, rung: list[str]) -> None:
        self.client = client
        self.rung = rung

    def post(self, body: bytes, *, at: str, key: str = KEY, system: str = "juniper-ehr") -> int:
        digest = hmac.new(key.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
        headers = {"X-Signature": f"t={at},v1={digest}", "Host": "hub.example.com"}
        return self.client.post(f"/webhooks/{system}", content=body, headers=headers).status_code


@pytest.fixture
def door(store: SqlStore, folder: PracticeFolder) -> Iterator[Door]:
    bell = Doorbell(store, folder, lambda _connection: SecretStore(PROJECT, {"EHR_WEBHOOK_KEY": KEY}))
    rung: list[str] = []
    with (
        serving(create_app(MadeUpQueries(), webhooks(bell, rung.append))) as url,
        httpx.Client(base_url=url, timeout=180) as client,
    ):
        yield Door(client, rung)


@pytest.fixture
def now(store: SqlStore) -> str:
    with store.begin("test") as work:
        return str(int(work.now.timestamp()))


def kept(engine: Engine) -> list[tuple[str | None, str | None, str]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT event_id, record_id, state FROM inbox_event ORDER BY id"))
        return [(row.event_id, row.record_id, row.state) for row in rows]


def event(number: str = "e1", *, type_: str = "patient.updated", patient: str = "p001") -> bytes:
    return json.dumps({"event": number, "type": type_, "patient": patient, "name": "Never Kept"}).encode()


def test_a_signed_event_is_kept_and_answered_at_once_under_any_host(door: Door, engine: Engine, now: str) -> None:
    assert door.post(event(), at=now) == 200
    assert kept(engine) == [("e1", "p001", "pending")]
    assert door.rung == ["juniper-ehr"]


def test_nothing_of_what_it_says_is_kept(door: Door, engine: Engine, now: str) -> None:
    door.post(event(), at=now)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT to_jsonb(e)::text AS whole FROM inbox_event e")).one()
    assert "Never Kept" not in row.whole


def test_what_nobody_signed_is_turned_away(door: Door, engine: Engine, now: str) -> None:
    assert door.post(event(), at=now, key="another") == 401
    assert door.client.post("/webhooks/juniper-ehr", content=event()).status_code == 401
    assert (kept(engine), door.rung) == ([], [])


def test_what_was_overheard_and_is_sent_again_later_is_turned_away(door: Door, engine: Engine, now: str) -> None:
    assert door.post(event(), at=str(int(now) - 301)) == 401
    assert door.post(event(), at=str(int(now) + 360)) == 401
    assert kept(engine) == []


def test_systems_that_do_not_ring_have_no_door(door: Door, now: str) -> None:
    assert door.post(event(), at=now, system="juniper-legacy") == 404
    assert door.post(event(), at=now, system="nobody") == 404
    assert door.client.head("/webhooks/nobody").status_code == 404


def test_systems_may_look_whether_somebody_is_here(door: Door) -> None:
    assert door.client.head("/webhooks/juniper-ehr").status_code == 200
    assert door.client.get("/webhooks/juniper-ehr").status_code == 200
    assert door.client.post("/webhooks/juniper-ehr", content=b"").status_code == 200


NO_EVENTS = [b"not json", b"[1]", b'"text"', b"{", b"[" * 5000, b'{"type": "patient.x", "event": "\\u0000"}']


@pytest.mark.parametrize("body", NO_EVENTS)
def test_what_is_signed_and_makes_no_sense_is_refused(door: Door, engine: Engine, now: str, body: bytes) -> None:
    assert door.post(body, at=now) == 400
    assert kept(engine) == []


def test_too_much_is_not_read_to_its_end(door: Door, now: str) -> None:
    assert door.post(b" " * (MOST_BYTES + 1), at=now) == 413


def test_several_at_once_are_each_kept_once(door: Door, engine: Engine, now: str) -> None:
    both = b"[" + event("e1") + b"," + event("e2", patient="p002") + b"," + event("e1") + b"]"
    assert door.post(both, at=now) == 200
    assert door.post(event("e2"), at=now) == 200
    assert kept(engine) == [("e1", "p001", "pending"), ("e2", "p002", "pending")]


def test_the_pages_stay_with_this_machine(door: Door) -> None:
    assert door.client.get("/issues", headers={"Host": "hub.example.com"}).status_code == 421


def test_what_is_woken_is_done_at_once_and_others_are_told() -> None:
    done: list[str] = []
    told = Event()

    def exchange(system: str) -> bool:
        done.append(system)
        if done.count("crm") == 2:
            told.set()
        return system == "ehr"

    with exchanging(["ehr", "crm"], exchange, 3600) as clocks:
        clocks.wake("ehr")
        clocks.wake("nobody")
        assert told.wait(180)


def test_a_system_that_is_down_is_said_once_and_keeps_nobody_waiting(capsys: pytest.CaptureFixture[str]) -> None:
    tries, other = [], Event()

    def exchange(system: str) -> bool:
        if system == "crm":
            other.set()
            return False
        tries.append(system)
        raise RetryLater(Problem("no connection", code="unreachable"))

    with exchanging(["ehr", "crm"], exchange, 0.01):
        while len(tries) < 3:
            other.wait(20)
    assert capsys.readouterr().err == "ehr: no connection\n"
