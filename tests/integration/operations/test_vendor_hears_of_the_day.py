"""What happens on the day reaches the record of the vendor who owns the calendar; what it changes reaches the hub."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from hub.canonical.ids import Kind
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.sink import FhirSink
from hub.connectors.fhir_r4.source import FhirSource
from hub.errors import RetryLater
from hub.operations.book_visit import Booked
from hub.operations.complete_visit import complete_visit
from hub.operations.confirm_hold import Asking, confirm_booking
from hub.operations.no_show_visit import no_show_visit
from hub.operations.pull_changes import PullResult, pull_changes
from hub.operations.push_changes import PushResult, push_changes
from hub.operations.run_visit import finish_visit, late_visit, overrun_visit
from hub.scheduling.decision import Refusal
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.shared_practice import HandClock, ask, make_outside, open_practice, wanted
from tests.integration.operations.small_practice import NINE
from tests.integration.operations.test_push_changes import due_again
from tests.peers.fhir import FhirDesk
from tests.peers.fixtures import _sandbox_process, sandbox_server  # noqa: F401

ANN = Asking("ann", push_to=["ehr"])
TOLD = ["ehr"]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    made = SqlStore(engine, clock=clock)
    open_practice(made)
    return made


@pytest.fixture
def desk(sandbox_server: FhirDesk) -> Iterator[FhirDesk]:  # noqa: F811
    yield sandbox_server
    sandbox_server.fault()


def book(store: SqlStore, desk: FhirDesk, minutes: int = 0, patient: int = 0) -> str:
    done = confirm_booking(store, wanted("talk", minutes, patient=patient), make_outside(desk.url, None), ANN)
    assert isinstance(done, Booked)
    return done.visits[0].id


def push(store: SqlStore, desk: FhirDesk) -> PushResult:
    with FhirClient(desk.url) as client:
        return push_changes(make_outside(desk.url, None).find_system("ehr"), FhirSink(client, "ehr"), store)


def pull(store: SqlStore, desk: FhirDesk) -> PullResult:
    with FhirClient(desk.url) as client:
        return pull_changes(
            make_outside(desk.url, None).find_system("ehr"), Kind.VISIT, FhirSource(client, "ehr"), store
        )


def at_the_vendor(desk: FhirDesk, visit_id: str) -> tuple[str, int, int]:
    """Its status, and when it begins and ends in minutes after nine."""
    [found] = [one for one in desk.all("Appointment") if one["identifier"][-1]["value"] == visit_id]
    times = (datetime.fromisoformat(found[key]) for key in ("start", "end"))
    return (found["status"], *(int((at - NINE) / timedelta(minutes=1)) for at in times))


def test_late_over_and_finish_and_complete_reach_the_vendors_record(
    store: SqlStore, desk: FhirDesk, clock: HandClock
) -> None:
    visit_id = book(store, desk)
    assert push(store, desk) == PushResult()  # it knows the booking
    clock.now = NINE - timedelta(minutes=5)
    assert not isinstance(late_visit(store, visit_id, minutes=10, actor="ann", push_to=TOLD), Refusal)
    assert push(store, desk) == PushResult(sent=1)
    assert at_the_vendor(desk, visit_id) == ("booked", 10, 40)
    clock.now = NINE + timedelta(minutes=35)
    assert not isinstance(overrun_visit(store, visit_id, minutes=20, actor="ann", push_to=TOLD), Refusal)
    push(store, desk)
    assert at_the_vendor(desk, visit_id) == ("booked", 10, 60)
    clock.now = NINE + timedelta(minutes=45)
    assert not isinstance(finish_visit(store, visit_id, actor="ann", push_to=TOLD), Refusal)
    push(store, desk)
    assert at_the_vendor(desk, visit_id) == ("booked", 10, 45)
    assert not isinstance(complete_visit(store, visit_id, actor="ann", push_to=TOLD), Refusal)
    push(store, desk)
    assert at_the_vendor(desk, visit_id) == ("fulfilled", 10, 45)
    again = pull(store, desk)
    assert (again.inserted, again.updated) == (0, 0)  # it comes back and is known


def test_a_no_show_reaches_it_however_long_it_was_down(
    store: SqlStore, desk: FhirDesk, clock: HandClock, owner: Engine
) -> None:
    visit_id = book(store, desk)
    clock.now = NINE + timedelta(minutes=20)
    desk.fault(kind="error")
    assert not isinstance(no_show_visit(store, visit_id, actor="ann", push_to=TOLD), Refusal)
    with pytest.raises(RetryLater):
        push(store, desk)
    desk.fault()
    due_again(owner)
    assert push(store, desk) == PushResult(sent=1)
    assert at_the_vendor(desk, visit_id)[0] == "noshow"


def test_what_the_vendor_moves_of_a_visit_that_it_confirmed_is_seen_with_the_next_pull(
    store: SqlStore, desk: FhirDesk, owner: Engine
) -> None:
    visit_id = book(store, desk)
    pull(store, desk)
    [held] = desk.all("Appointment")
    desk.put({**held, "start": "2098-03-03T20:00:00Z", "end": "2098-03-03T20:30:00Z"})
    assert pull(store, desk).updated == 1
    assert ask(owner, f"SELECT start FROM visit WHERE id = '{visit_id}'") == NINE + timedelta(hours=5)
