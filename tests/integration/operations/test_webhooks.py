"""What a system rings for becomes the hub's: once, whatever order it rings in, and whoever dies over it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.source import FhirSource
from hub.errors import Problem, RetryLater, SafetyStop
from hub.mapping.apply import read_mapping
from hub.mapping.codes import CodeTable
from hub.operations.receive_webhook import Stale, receive_webhook
from hub.operations.replay import find_dead_events, replay_events
from hub.operations.work_inbox import InboxResult, work_inbox
from hub.ports import Page
from hub.ports.inbox import Received, WebhookEvent
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.fhir_practice import ehr, fill_a_little, open_practice, pull
from tests.peers.fhir import FhirDesk
from tests.peers.fixtures import _sandbox_process, sandbox_server  # noqa: F401

SYSTEM = "juniper-ehr"


@pytest.fixture(autouse=True)
def _no_waits_between_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def desk(sandbox_server: FhirDesk, store: SqlStore) -> FhirDesk:  # noqa: F811
    """A practice that was pulled once."""
    fill_a_little(sandbox_server)
    open_practice(store)
    pull(sandbox_server.url, store)
    return sandbox_server


def about(
    record_id: str, event_id: str | None = None, *, kind: Kind = Kind.PATIENT, gone: bool = False
) -> WebhookEvent:
    return WebhookEvent(event_id, f"{kind}.changed", kind, record_id, gone=gone)


def rename(desk: FhirDesk, id_: str, name: str) -> None:
    desk.put({"resourceType": "Patient", "id": id_, "name": [{"family": name, "given": ["Ann"]}]})


def names(store: SqlStore) -> dict[str, str | None]:
    with store.begin("test") as work:
        links = work.links.find_all(SYSTEM, Kind.PATIENT)
        records = work.records.load(Kind.PATIENT, links.values())
        return {id_: one.family_name for id_, to in links.items() if isinstance(one := records[to], Patient)}


def states(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT state, count(*) AS number FROM inbox_event GROUP BY state"))
        return {row.state: row.number for row in rows}


@contextmanager
def source(desk: FhirDesk) -> Iterator[FhirSource]:
    with FhirClient(desk.url) as client:
        yield FhirSource(client, SYSTEM)


def look_after(desk: FhirDesk, store: SqlStore) -> InboxResult:
    with source(desk) as reading:
        return work_inbox(ehr(), reading, store)


def test_the_record_is_asked_for_as_it_stands_now(desk: FhirDesk, store: SqlStore) -> None:
    rename(desk, "p001", "Abel")
    receive_webhook(SYSTEM, [about("p001", "e1")], store)
    rename(desk, "p001", "Baker")
    done = look_after(desk, store)
    assert (done.events, done.records, done.taken.updated) == (1, 1, 1)
    assert names(store)["p001"] == "Baker"


def test_an_event_that_comes_again_is_one(desk: FhirDesk, store: SqlStore, engine: Engine) -> None:
    first = receive_webhook(SYSTEM, [about("p001", "e1"), about("p007", "e2")], store)
    again = receive_webhook(SYSTEM, [about("p007", "e2"), about("p001", "e1")], store)
    assert (first, again) == (Received(new=2), Received(repeated=2))
    look_after(desk, store)
    assert receive_webhook(SYSTEM, [about("p001", "e1")], store) == Received(repeated=1)
    assert states(engine) == {"done": 2}


def test_without_an_id_each_event_counts(desk: FhirDesk, store: SqlStore, engine: Engine) -> None:
    for _ in range(3):
        assert receive_webhook(SYSTEM, [about("p001")], store) == Received(new=1)
    assert look_after(desk, store).records == 1
    assert states(engine) == {"done": 3}


def test_other_types_are_kept_and_left_alone(desk: FhirDesk, store: SqlStore, engine: Engine) -> None:
    event = WebhookEvent("e1", "order.completed", None, None)
    assert receive_webhook(SYSTEM, [event], store) == Received(ignored=1)
    assert look_after(desk, store).events == 0
    assert states(engine) == {"ignored": 1}


def test_a_record_that_is_gone_is_gone_here(desk: FhirDesk, store: SqlStore) -> None:
    with store.begin("test") as work:
        to = work.links.find_all(SYSTEM, Kind.PATIENT)["p001"]
    desk.delete("Patient", "p001")
    receive_webhook(SYSTEM, [about("p001", "e1", gone=True)], store)
    assert look_after(desk, store).taken.gone == 1
    with store.begin("test") as work:
        [patient] = work.records.load(Kind.PATIENT, [to]).values()
    assert isinstance(patient, Patient)
    assert not patient.active


def test_without_the_record_what_changed_is_asked_for(desk: FhirDesk, store: SqlStore, engine: Engine) -> None:
    rename(desk, "p007", "Chavez")
    receive_webhook(SYSTEM, [WebhookEvent("e1", "patients.changed", Kind.PATIENT, None)], store)
    look_after(desk, store)
    assert names(store)["p007"] == "Chavez"
    assert states(engine) == {"done": 1}


def pause_for_long(engine: Engine) -> None:
    """A busy machine may take longer than the pause of the one that failed."""
    longer = "SET next_try_at = next_try_at + interval '1 h' WHERE next_try_at >= received_at + interval '1 s'"
    with engine.begin() as connection:
        assert connection.execute(text(f"UPDATE inbox_event {longer}")).rowcount == 1


@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_was_signed_too_long_ago_or_too_far_ahead_is_not_kept(
    store: SqlStore, engine: Engine, minutes: int
) -> None:
    with store.begin("test") as work:
        signed_at = work.now + timedelta(minutes=minutes)
    window = timedelta(minutes=5)
    kept = receive_webhook(SYSTEM, [about("p001", "e1")], store, signed_at=signed_at, window=window)
    assert isinstance(kept, Stale)
    assert states(engine) == {}


def test_a_system_that_is_down_loses_nothing_and_is_asked_later(
    desk: FhirDesk, store: SqlStore, engine: Engine
) -> None:
    rename(desk, "p001", "Abel")
    receive_webhook(SYSTEM, [about("p001", "e1")], store)
    desk.fault(kind="error")
    with pytest.raises(RetryLater):
        look_after(desk, store)
    desk.fault()
    assert states(engine) == {"pending": 1}
    pause_for_long(engine)
    assert look_after(desk, store).events == 0  # not yet: its turn comes later
    with store.begin("test") as work, engine.begin() as connection:
        connection.execute(text("UPDATE inbox_event SET next_try_at = :now"), {"now": work.now})
    assert look_after(desk, store).events == 1
    assert names(store)["p001"] == "Abel"


@pytest.mark.slow
def test_what_is_given_up_waits_for_a_person_who_replays_it(desk: FhirDesk, store: SqlStore, engine: Engine) -> None:
    receive_webhook(SYSTEM, [about("p001", "e1")], store)
    desk.fault(kind="error")
    for _ in range(12):
        with engine.begin() as connection:
            connection.execute(text("UPDATE inbox_event SET next_try_at = now()"))
        with pytest.raises(RetryLater):
            look_after(desk, store)
    desk.fault()
    assert states(engine) == {"dead": 1}
    [given_up] = find_dead_events(SYSTEM, store)
    assert (given_up.kind, given_up.subject_id) == (Kind.PATIENT, "p001")
    assert "500" in given_up.why[0]
    assert replay_events(SYSTEM, store) == 1
    assert find_dead_events(SYSTEM, store) == ()
    assert look_after(desk, store).events == 1


class Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("point", ["work_inbox:fetched", "work_inbox:before_commit"])
def test_who_dies_over_it_leaves_it_to_the_next(desk: FhirDesk, engine: Engine, store: SqlStore, point: str) -> None:
    seen: list[str] = []

    def die(at: str) -> None:
        seen.append(at)
        if at == point and (point != "work_inbox:before_commit" or "work_inbox:fetched" in seen):
            raise Died

    rename(desk, "p001", "Abel")
    receive_webhook(SYSTEM, [about("p001", "e1")], store)
    dying = SqlStore(engine, die)
    with source(desk) as reading, pytest.raises(Died):
        work_inbox(ehr(), reading, dying)
    assert names(store)["p001"] != "Abel"
    assert look_after(desk, store).events == 0  # the dead one's lease still runs
    with engine.begin() as connection:
        connection.execute(text("UPDATE inbox_event SET lease_until = now()"))
    assert look_after(desk, store).events == 1
    assert names(store)["p001"] == "Abel"
    assert states(engine) == {"done": 1}


def test_two_never_work_on_the_same_record_at_once(store: SqlStore) -> None:
    receive_webhook(SYSTEM, [about("p001", "e1"), about("p007", "e2")], store)
    rings = []
    for _ in range(3):
        with store.begin("test") as work:
            rings += work.inbox.lease(SYSTEM, limit=1, seconds=60)
        receive_webhook(SYSTEM, [about("p001")], store)
    assert [ring.record_id for ring in rings] == ["p001", "p007"]
    with store.begin("test") as work:
        work.inbox.mark_done(rings[:1])
        [late] = work.inbox.lease(SYSTEM, limit=20, seconds=60)
    assert (late.record_id, len(late.ids)) == ("p001", 3)


FUSSY = """
about: A table that stops for a code it does not know.
record: patient
fields:
  family_name: name[0].family
  note: {path: gender, codec: code, table: sexes, unknown: stop}
"""


class Failing:
    """A source that cannot be asked for one record."""

    system = SYSTEM

    def __init__(self, source: FhirSource, broken: str) -> None:
        self._source = source
        self._broken = broken
        self.read = source.read

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        if record_id == self._broken:
            raise RetryLater(Problem("busy", "busy"))
        return self._source.fetch(kind, record_id)


def test_what_was_fetched_before_one_fails_is_taken_and_the_rest_waits_untried(
    desk: FhirDesk, store: SqlStore, engine: Engine
) -> None:
    for id_ in PATIENTS:
        rename(desk, id_, "Abel")
        receive_webhook(SYSTEM, [about(id_)], store)
    with source(desk) as reading, pytest.raises(RetryLater):
        work_inbox(ehr(), Failing(reading, "p007"), store)
    assert [names(store)[id_] == "Abel" for id_ in PATIENTS] == [True, False, False]
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT record_id, state, attempts FROM inbox_event ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [("p001", "done", 1), ("p007", "pending", 1), ("p015", "pending", 0)]
    pause_for_long(engine)
    assert look_after(desk, store).events == 1  # the third; the second's turn comes later


def test_a_record_that_stops_its_table_holds_up_no_other(desk: FhirDesk, store: SqlStore, engine: Engine) -> None:
    for id_ in PATIENTS:
        rename(desk, id_, "Abel")
        receive_webhook(SYSTEM, [about(id_)], store)
    desk.put({"resourceType": "Patient", "id": "p007", "name": [{"family": "Abel"}], "gender": "other"})
    fussy = read_mapping(FUSSY, "patient.yaml", {"sexes": CodeTable(codes={"f": ("female",)})})
    system = replace(ehr(), mappings={Kind.PATIENT: fussy})
    with source(desk) as reading, pytest.raises(SafetyStop):
        work_inbox(system, reading, store)
    assert [names(store)[id_] == "Abel" for id_ in PATIENTS] == [True, False, True]
    assert states(engine) == {"done": 2, "pending": 1}


Step = tuple[str, str]
PATIENTS = ["p001", "p007", "p015"]


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["p001", "p007", "p015"]), st.sampled_from("ABCD")), min_size=1, max_size=6
    ),
    order=st.randoms(use_true_random=False),
)
def test_events_late_twice_and_out_of_order_end_as_the_ordered_ones(
    desk: FhirDesk, store: SqlStore, steps: list[Step], order: Random
) -> None:
    events = []
    for number, (id_, name) in enumerate(steps):
        rename(desk, id_, f"{name}{number}")
        events.append(about(id_, uuid4().hex))
    posted = [*events, *events[::2]]
    order.shuffle(posted)
    for event in posted:
        receive_webhook(SYSTEM, [event], store)
        if order.random() < 0.5:
            look_after(desk, store)
    look_after(desk, store)
    last = {id_: f"{name}{number}" for number, (id_, name) in enumerate(steps)}
    found = names(store)
    assert {id_: found[id_] for id_ in last} == last
