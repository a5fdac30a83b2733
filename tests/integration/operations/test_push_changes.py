"""A visit that the hub made stands in the EMR exactly once, whatever happens on the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import stamina
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.records import Visit, VisitState
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.sink import FhirSink
from hub.errors import NeedsAttention, RetryLater
from hub.operations.push_changes import push_changes
from hub.ports import Store
from tests.database import Database
from tests.integration.operations.fhir_practice import book, ehr, fill_a_little, open_practice, pull, push
from tests.peers.fhir import FhirDesk
from tests.peers.fixtures import (  # noqa: F401
    _medplum_process,
    _sandbox_process,
    fhir_server,
    medplum_server,
    sandbox_server,
)
from tests.peers.processes import PROJECT, free_port
from tests.peers.scripted import answer, bundle, scripted

START = datetime(2026, 3, 25, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_waits_between_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


def prepared(desk: FhirDesk, store: Store) -> Visit:
    """A practice that was pulled, and a visit of the hub that waits to be sent."""
    fill_a_little(desk)
    open_practice(store)
    pull(desk.url, store)
    return book(store, START)


def ours(desk: FhirDesk, visit: Visit) -> list[dict[str, object]]:
    """What the EMR holds of the visit; the search is the server's own."""
    return desk.all("Appointment", identifier=f"urn:medspa-hub:visit|{visit.id}")


def deliveries(store: Store) -> dict[str, int]:
    with store.begin("test") as work:
        return work.outbox.count(ehr().name)


def visit_of(store: Store, visit: Visit) -> Visit:
    with store.begin("test") as work:
        found = work.records.load(Kind.VISIT, [visit.id])[visit.id]
    assert isinstance(found, Visit)
    return found


def change(store: Store, visit: Visit, **fields: object) -> None:
    with store.begin("test") as work:
        work.records.save([visit.model_copy(update=fields)])
        work.claims.place_facts([visit.id])
        work.outbox.enqueue(ehr().name, Kind.VISIT, visit.id)


def due_again(engine: Engine) -> None:
    """As if the lease or the pause of every delivery were over."""
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE outbox_delivery SET next_try_at = now() - interval '1 s',"
                 " lease_until = CASE WHEN state = 'leased' THEN now() - interval '1 s' END")
        )  # fmt: skip


def test_a_booking_becomes_an_appointment_as_fhir_wants_it(store, fhir_server):  # noqa: F811
    visit = prepared(fhir_server, store)
    assert push(fhir_server.url, store).sent == 1
    [held] = ours(fhir_server, visit)
    assert (held["status"], held["start"][:16], held["end"][:16]) == ("booked", "2026-03-25T10:00", "2026-03-25T10:30")
    people = {p["actor"]["reference"]: p["status"] for p in held["participant"]}
    assert people == {"Patient/p001": "accepted", "Practitioner/tran": "accepted", "Location/room-1": "accepted"}
    assert held["serviceType"][0]["coding"][0]["code"] == "BTX-FOREHEAD"
    assert deliveries(store) == {"sent": 1}


def test_the_pull_that_follows_knows_it_and_nothing_goes_back(store, fhir_server):  # noqa: F811
    visit = prepared(fhir_server, store)
    before = visit_of(store, visit)
    push(fhir_server.url, store)
    result = pull(fhir_server.url, store)[Kind.VISIT]
    assert (result.inserted, result.updated, result.recognised) == (0, 0, 1)
    assert visit_of(store, visit) == before
    assert deliveries(store) == {"sent": 1}
    assert push(fhir_server.url, store).sent == 0


def test_a_change_in_the_hub_changes_the_same_appointment(store, fhir_server):  # noqa: F811
    visit = prepared(fhir_server, store)
    push(fhir_server.url, store)
    [first] = ours(fhir_server, visit)
    change(store, visit, start=START + timedelta(hours=1), end=START + timedelta(minutes=90))
    assert push(fhir_server.url, store).sent == 1
    [moved] = ours(fhir_server, visit)
    assert (moved["id"], moved["start"][:16]) == (first["id"], "2026-03-25T11:00")
    assert pull(fhir_server.url, store)[Kind.VISIT].updated == 0


def test_a_delivery_that_would_change_nothing_is_not_sent(store, sandbox_server):  # noqa: F811
    visit = prepared(sandbox_server, store)
    push(sandbox_server.url, store)
    change(store, visit)
    assert push(sandbox_server.url, store).unchanged == 1
    assert ours(sandbox_server, visit)[0]["meta"]["versionId"] == "1"


def test_what_the_emr_says_of_our_visit_is_taken(store, fhir_server):  # noqa: F811
    visit = prepared(fhir_server, store)
    push(fhir_server.url, store)
    [held] = ours(fhir_server, visit)
    fhir_server.put({**held, "status": "arrived"})
    assert pull(fhir_server.url, store)[Kind.VISIT].updated == 1
    after = visit_of(store, visit)
    assert (after.state, after.booked_via) == (VisitState.ARRIVED, "desk"), "and what it cannot say stays"
    assert deliveries(store) == {"sent": 1}


def test_a_cancellation_of_our_visit_in_the_emr_frees_its_time(store, sandbox_server, engine):  # noqa: F811
    visit = prepared(sandbox_server, store)
    push(sandbox_server.url, store)
    sandbox_server.put({**ours(sandbox_server, visit)[0], "status": "cancelled"})
    pull(sandbox_server.url, store)
    assert visit_of(store, visit).state is VisitState.CANCELLED
    with engine.connect() as connection:
        claimed = connection.execute(text("SELECT count(*) FROM claim WHERE visit_id = :id"), {"id": visit.id})
        assert claimed.scalar_one() == 0


def test_a_pull_between_a_lost_answer_and_the_next_try_makes_no_second_visit(store, sandbox_server, engine):  # noqa: F811
    visit = prepared(sandbox_server, store)
    sandbox_server.fault(kind="drop", after=1)  # the search is answered; the create is done and its answer lost
    with pytest.raises(RetryLater):
        push(sandbox_server.url, store)
    sandbox_server.fault()
    assert len(ours(sandbox_server, visit)) == 1
    result = pull(sandbox_server.url, store)[Kind.VISIT]
    assert (result.inserted, result.updated, result.recognised) == (0, 0, 1)
    due_again(engine)
    push(sandbox_server.url, store)
    assert len(ours(sandbox_server, visit)) == 1
    assert deliveries(store) == {"sent": 1}
    assert pull(sandbox_server.url, store)[Kind.VISIT].updated == 0


def test_a_visit_cancelled_after_a_lost_answer_stays_cancelled_on_both_sides(store, sandbox_server, engine):  # noqa: F811
    visit = prepared(sandbox_server, store)
    sandbox_server.fault(kind="drop", after=1)
    with pytest.raises(RetryLater):
        push(sandbox_server.url, store)
    sandbox_server.fault()
    change(store, visit, state=VisitState.CANCELLED)
    pull(sandbox_server.url, store)
    assert visit_of(store, visit).state is VisitState.CANCELLED
    due_again(engine)
    push(sandbox_server.url, store)
    assert ours(sandbox_server, visit)[0]["status"] == "cancelled"


def test_an_emr_that_is_down_keeps_the_delivery_for_later(store, sandbox_server, engine):  # noqa: F811
    visit = prepared(sandbox_server, store)
    with pytest.raises(RetryLater, match="no connection"):
        push(f"http://127.0.0.1:{free_port()}", store)
    assert deliveries(store) == {"pending": 1}
    with engine.begin() as connection:
        # A busy machine may take longer than the pause.
        longer = "SET next_try_at = next_try_at + interval '1 h' WHERE next_try_at >= created_at + interval '1 s'"
        assert connection.execute(text(f"UPDATE outbox_delivery {longer}")).rowcount == 1
    assert push(sandbox_server.url, store).sent == 0, "not before its time"
    due_again(engine)
    assert push(sandbox_server.url, store).sent == 1
    assert len(ours(sandbox_server, visit)) == 1


def test_a_pause_that_the_emr_asks_for_is_kept(store, sandbox_server, engine):  # noqa: F811
    prepared(sandbox_server, store)
    with scripted(lambda _asked: answer({}, 429, retry_after="7200")) as server, pytest.raises(RetryLater):
        push(server.url, store)
    with engine.connect() as connection:
        pause = connection.execute(text("SELECT next_try_at - now() FROM outbox_delivery")).scalar_one()
    assert pause > timedelta(minutes=110)


def test_refused_credentials_stop_the_push_and_lose_nothing(store, sandbox_server):  # noqa: F811
    prepared(sandbox_server, store)
    with scripted(lambda _asked: answer({}, 401)) as server, pytest.raises(NeedsAttention, match="auth"):
        push(server.url, store)
    assert deliveries(store) == {"pending": 1}


def test_a_visit_the_emr_refuses_waits_for_a_person_and_the_next_one_goes_on(store, sandbox_server, engine):  # noqa: F811
    refused = prepared(sandbox_server, store)
    taken = book(store, START + timedelta(hours=3), patient="p007")
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "business-rule", "diagnostics": "Ada"}],
    }

    def script(asked):
        if asked.method == "GET":
            return answer(bundle())
        if refused.id.encode() in asked.body:
            return answer(outcome, 422)
        return answer({"resourceType": "Appointment", "id": "n1", "meta": {"versionId": "1"}}, 201)

    with scripted(script) as server:
        result = push(server.url, store)
    assert (result.sent, result.dead) == (1, 1)
    assert deliveries(store) == {"dead": 1, "sent": 1}
    with store.begin("test") as work:
        [issue] = work.issues.find_open("undelivered")
    assert (issue.subject_id, issue.codes) == (f"juniper-ehr/{refused.id}", ("http_422",))
    assert "business-rule" in str(issue.detail)
    assert "Ada" not in str(issue.detail)
    with store.begin("test") as work:
        assert work.outbox.replay(issue.detail["delivery_id"])
    assert push(sandbox_server.url, store).sent == 1
    with store.begin("test") as work:
        assert work.issues.find_open("undelivered") == ()
    assert taken.id != refused.id


def test_what_fails_is_tried_once_in_a_run_however_long_it_takes(store, sandbox_server, engine):  # noqa: F811
    visit = prepared(sandbox_server, store)
    push(sandbox_server.url, store)
    [held] = ours(sandbox_server, visit)
    sandbox_server.put({**held, "comment": "called to confirm"})
    change(store, visit, start=START + timedelta(hours=1), end=START + timedelta(minutes=90))
    with FhirClient(sandbox_server.url) as client:
        sink = FhirSink(client, ehr().name)
        done = push_changes(ehr(), sink, store, progress=lambda _done: due_again(engine))
    assert (done.failed, deliveries(store)) == (1, {"sent": 1, "pending": 1})


def test_a_change_made_there_meanwhile_is_read_before_ours_is_tried_again(store, fhir_server, engine):  # noqa: F811
    visit = prepared(fhir_server, store)
    push(fhir_server.url, store)
    [held] = ours(fhir_server, visit)
    fhir_server.put({**held, "comment": "called to confirm"})
    change(store, visit, start=START + timedelta(hours=1), end=START + timedelta(minutes=90))
    assert push(fhir_server.url, store).failed == 1
    pull(fhir_server.url, store)
    due_again(engine)
    assert push(fhir_server.url, store).sent == 1
    [both] = ours(fhir_server, visit)
    assert (both["start"][:16], both["comment"]) == ("2026-03-25T11:00", "called to confirm")
    after = visit_of(store, visit)
    assert (after.start, after.note) == (START + timedelta(hours=1), "called to confirm")


def test_two_that_push_at_once_send_each_visit_once(store, fhir_server):  # noqa: F811
    first = prepared(fhir_server, store)
    others = [book(store, START + timedelta(hours=n), patient="p007") for n in range(1, 6)]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: push(fhir_server.url, store), range(3)))
    assert sum(result.sent for result in results) == 6
    assert all(len(ours(fhir_server, visit)) == 1 for visit in (first, *others))


CHILD = """
import sys
from hub.store.checkpoint import kill_at_named_point
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.fhir_practice import push
push(sys.argv[2], SqlStore(application_engine(sys.argv[1]), kill_at_named_point))
"""


def push_in_a_process(database: Database, desk: FhirDesk, kill_at: str) -> int:
    """A real process that dies by SIGKILL at the named point; gives how it ended."""
    command = [sys.executable, "-c", CHILD, database.text_url, desk.url]
    environment = {**os.environ, "HUB_KILL_AT": kill_at}
    return subprocess.run(command, cwd=PROJECT, env=environment, check=False, capture_output=True).returncode


POINTS = ("before_commit", "after_commit", "before_send", "after_send", "settle_delivery:before_commit")


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(("after_send",), id="after_send"),
        *(pytest.param((point,), id=point, marks=pytest.mark.slow) for point in POINTS if point != "after_send"),
        pytest.param(POINTS, id="all, one after another", marks=pytest.mark.slow),
        pytest.param(("after_send",) * 3, id="after_send, three times", marks=pytest.mark.slow),
    ],
)
def test_a_push_that_is_killed_leaves_the_appointment_exactly_once(database, store, medplum_server, points):  # noqa: F811
    visit = prepared(medplum_server, store)
    for point in points:
        assert push_in_a_process(database, medplum_server, point) == -signal.SIGKILL
        assert len(ours(medplum_server, visit)) <= 1
        due_again(database.owner)
    push(medplum_server.url, store)
    assert len(ours(medplum_server, visit)) == 1
    assert deliveries(store) == {"sent": 1}
    result = pull(medplum_server.url, store)[Kind.VISIT]
    assert (result.inserted, result.updated, result.recognised) == (0, 0, 1)
    assert push(medplum_server.url, store).sent == 0


def test_a_kill_after_the_send_leaves_the_appointment_there_and_the_delivery_waiting(database, store, medplum_server):  # noqa: F811
    visit = prepared(medplum_server, store)
    assert push_in_a_process(database, medplum_server, "after_send") == -signal.SIGKILL
    assert len(ours(medplum_server, visit)) == 1
    assert deliveries(store) == {"leased": 1}
