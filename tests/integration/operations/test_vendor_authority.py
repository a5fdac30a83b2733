"""Where a vendor owns the calendar nothing is promised that it did not confirm, and nothing twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from hub.canonical.ids import Kind
from hub.canonical.records import VisitState
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.source import FhirSource
from hub.errors import NeedsAttention
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import Cancellation, cancel_visit
from hub.operations.confirm_cancellation import confirm_cancellation
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking, confirm_hold
from hub.operations.end_visits import Ended
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.operations.pull_changes import PullResult, pull_changes
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.scheduling.decision import Refusal
from hub.scheduling.pending import Stage
from hub.scheduling.request import BookingRequest, Part
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.shared_practice import (
    TEN_MINUTES,
    HandClock,
    Others,
    ask,
    make_outside,
    open_practice,
    others,
    wanted,
)
from tests.integration.operations.small_practice import NINE, assert_nobody_is_booked_twice
from tests.integration.operations.test_booking_races import at_once
from tests.peers.fhir import FhirDesk, appointment
from tests.peers.fixtures import _sandbox_process, sandbox_server  # noqa: F401
from tests.peers.vendor import Mood

ANN = Asking("ann", push_to=["ehr", "crm"])
NOTHING = ReconcileResult()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    made = SqlStore(engine, clock=clock)
    open_practice(made)
    return made


@pytest.fixture
def here() -> Iterator[Others]:
    with others() as found:
        yield found


def reconcile(store: SqlStore, here: Others) -> ReconcileResult:
    return reconcile_bookings(store, here.outside, push_to=ANN.push_to)


def test_a_booking_is_confirmed_there_and_then_stands_here(store: SqlStore, here: Others, owner: Engine) -> None:
    booked = confirm_booking(store, wanted(), here.outside, ANN)
    assert isinstance(booked, Booked)
    [there] = here.vendor.standing()
    assert there["identifier"] == [{"system": "urn:medspa-hub:visit", "value": booked.visits[0].id}]
    assert ask(owner, "SELECT string_agg(connection, ',') FROM outbox_delivery") == "crm"
    assert ask(owner, "SELECT source_id FROM source_link WHERE kind = 'visit'") == there["id"]
    assert ask(owner, "SELECT count(*) FROM hold") == 0
    assert reconcile(store, here) == NOTHING


def test_what_the_vendor_refuses_was_never_promised(store: SqlStore, here: Others, owner: Engine) -> None:
    here.vendor.writes = "no"
    assert confirm_booking(store, wanted(), here.outside, ANN) == Refusal(("vendor_refused",))
    assert ask(owner, "SELECT count(*) FROM visit") == 0
    here.vendor.writes = "yes"
    assert isinstance(confirm_booking(store, wanted(patient=1), here.outside, ANN), Booked)


def test_a_vendor_that_is_not_reached_was_not_asked(store: SqlStore, here: Others) -> None:
    with others() as gone:
        nowhere = gone.outside
    assert confirm_booking(store, wanted(), nowhere, ANN) == Refusal(("vendor_unavailable",))
    assert isinstance(confirm_booking(store, wanted(), here.outside, ANN), Booked)


@pytest.mark.parametrize("outcome", [("lost", True), ("down", False)], ids=["stored", "not stored"])
def test_no_answer_keeps_the_time_until_the_reconciler_knows(
    store: SqlStore, here: Others, owner: Engine, clock: HandClock, outcome: tuple[Mood, bool]
) -> None:
    here.vendor.writes, stands = outcome
    undecided = confirm_booking(store, wanted(), here.outside, replace(ANN, key="k"))
    assert isinstance(undecided, Undecided)
    assert undecided.stage is Stage.CONFIRMING
    clock.now += timedelta(hours=1)  # long after the hold's own end
    assert confirm_booking(store, wanted(patient=1), here.outside, ANN) == Refusal(("no_provider",))
    assert confirm_booking(store, wanted(), here.outside, replace(ANN, key="k")) == undecided
    assert confirm_booking(store, wanted(minutes=60), here.outside, replace(ANN, key="k")) == Refusal(("key_reused",))
    here.vendor.writes = "yes"
    result = reconcile(store, here)
    assert result == (ReconcileResult(done=1) if stands else ReconcileResult(released=1))
    assert len(here.vendor.standing()) == ask(owner, "SELECT count(*) FROM visit") == int(stands)
    again = confirm_booking(store, wanted(), here.outside, replace(ANN, key="k"))
    assert isinstance(again, Booked)
    assert [visit.id for visit in again.visits] == [i["value"] for one in here.vendor.held for i in one["identifier"]]


def test_that_nothing_stands_there_is_believed_only_when_nothing_can_be_on_its_way(
    store: SqlStore, here: Others, clock: HandClock
) -> None:
    here.vendor.writes = "down"
    confirm_booking(store, wanted(), here.outside, ANN)
    clock.now += timedelta(seconds=30)
    assert reconcile(store, here) == ReconcileResult(waiting=1)
    clock.now += timedelta(minutes=2)
    assert reconcile(store, here) == ReconcileResult(released=1)


def test_a_hold_is_confirmed_inside_its_time_and_does_not_expire_meanwhile(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    held = hold_visit(store, wanted(), actor="ann")
    assert isinstance(held, Held)
    clock.now += TEN_MINUTES - timedelta(microseconds=1)
    here.vendor.writes = "lost"
    assert isinstance(confirm_hold(store, held.hold_id, here.outside, ANN), Undecided)
    clock.now += TEN_MINUTES
    assert confirm_hold(store, held.hold_id, here.outside, ANN) == Refusal(("hold_expired",))  # it is on its way
    assert confirm_booking(store, wanted(patient=1), here.outside, ANN) == Refusal(("no_provider",))
    assert reconcile(store, here) == ReconcileResult(done=1)
    assert ask(owner, "SELECT id FROM visit") == held.hold_id


def test_a_hold_that_is_over_is_not_confirmed(store: SqlStore, here: Others, clock: HandClock) -> None:
    held = hold_visit(store, wanted(), actor="ann")
    assert isinstance(held, Held)
    clock.now += TEN_MINUTES
    assert confirm_hold(store, held.hold_id, here.outside, ANN) == Refusal(("hold_expired",))
    assert here.vendor.posted == 0


def test_a_trip_is_confirmed_whole_or_taken_back_there(store: SqlStore, here: Others, clock: HandClock) -> None:
    one = wanted()
    trip = BookingRequest(replace(one.trip, parts=(*one.trip.parts, Part("talk", "pat-0"))), one.arrives_at)
    here.vendor.next_writes = ["yes", "no"]
    assert confirm_booking(store, trip, here.outside, ANN) == Refusal(("vendor_refused",))
    assert [each["status"] for each in here.vendor.held] == ["cancelled"]
    assert isinstance(confirm_booking(store, trip, here.outside, ANN), Booked)
    assert len(here.vendor.standing()) == 2


def test_who_does_not_ask_the_vendor_promises_nothing(store: SqlStore, owner: Engine) -> None:
    with pytest.raises(NeedsAttention, match="ehr owns the calendar of 'main'"):
        book_visit(store, wanted(), actor="ann")
    held = hold_visit(store, wanted(), actor="ann")
    assert isinstance(held, Held)
    with pytest.raises(NeedsAttention, match="ehr owns"):
        book_hold(store, held.hold_id, actor="ann")
    assert ask(owner, "SELECT count(*) FROM visit") == 0


def test_a_visit_is_not_moved_behind_its_vendors_back(store: SqlStore, here: Others, owner: Engine) -> None:
    there = booked(store, here)
    own = confirm_booking(store, wanted("talk", location="own", patient=3), here.outside, ANN)
    assert isinstance(own, Booked)
    later = NINE + timedelta(hours=3)
    with pytest.raises(NeedsAttention, match="ehr owns the calendar of 'main'"):
        move_visit(store, MoveRequest([there], later), actor="ann")
    elsewhere = MoveRequest([own.visits[0].id], later, {}, "main")
    assert move_visit(store, elsewhere, actor="ann") == Refusal(("two_calendars",))
    assert isinstance(move_visit(store, MoveRequest([own.visits[0].id], later), actor="ann"), Moved)
    assert ask(owner, f"SELECT start FROM visit WHERE id = '{there}'") == NINE


def test_of_many_who_ask_for_one_hour_at_once_the_vendor_is_asked_by_one(
    store: SqlStore, here: Others, owner: Engine
) -> None:
    asks = [lambda n=n: confirm_booking(store, wanted(patient=n), here.outside, ANN) for n in range(8)]
    outcomes = at_once(asks)
    assert sum(isinstance(one, Booked) for one in outcomes) == 1
    assert outcomes.count(Refusal(("no_provider",))) == 7
    assert here.vendor.posted == 1
    assert_nobody_is_booked_twice(owner)


def test_ten_simultaneous_requests_of_one_key_are_one_booking(store: SqlStore, here: Others, owner: Engine) -> None:
    asking = replace(ANN, key="k")
    outcomes = at_once([lambda: confirm_booking(store, wanted(), here.outside, asking) for _ in range(10)])
    assert all(isinstance(one, Booked | Undecided) for one in outcomes)
    assert any(isinstance(one, Booked) for one in outcomes)
    assert (here.vendor.posted, ask(owner, "SELECT count(*) FROM visit")) == (1, 1)


def test_reconcilers_share_the_work_and_do_nothing_twice(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    here.vendor.writes = "lost"
    for n in range(6):
        assert isinstance(confirm_booking(store, wanted("talk", 30 * n, patient=n), here.outside, ANN), Undecided)
    clock.now += timedelta(minutes=10)
    results = at_once([lambda: reconcile(store, here) for _ in range(4)])
    assert sum(one.done for one in results) == 6  # type: ignore[attr-defined]
    assert ask(owner, "SELECT count(*) FROM visit") == 6
    assert ask(owner, "SELECT count(*) FROM domain_event WHERE name = 'visit_booked'") == 6
    assert_nobody_is_booked_twice(owner)


def test_where_the_hub_owns_the_calendar_nobody_is_asked(store: SqlStore, here: Others) -> None:
    booked = confirm_booking(store, wanted("talk", location="own"), here.outside, ANN)
    assert isinstance(booked, Booked)
    assert booked.booking is not None
    assert here.vendor.posted == 0


def test_what_stays_undecided_is_put_before_a_person_until_it_is_known(
    store: SqlStore, here: Others, clock: HandClock
) -> None:
    here.vendor.writes = here.vendor.reads = "down"
    undecided = confirm_booking(store, wanted(), here.outside, ANN)
    assert isinstance(undecided, Undecided)
    for minutes, issues in ((10, 0), (6, 1)):
        clock.now += timedelta(minutes=minutes)
        assert reconcile(store, here) == ReconcileResult(waiting=1)
        with store.begin("test") as work:
            assert len(work.issues.find_open("undecided_booking")) == issues
    here.vendor.reads = "yes"
    clock.now += timedelta(minutes=10)
    assert reconcile(store, here) == ReconcileResult(released=1)
    with store.begin("test") as work:
        assert work.issues.find_open() == ()


def booked(store: SqlStore, here: Others, **wishes: object) -> str:
    done = confirm_booking(store, wanted(**wishes), here.outside, ANN)  # type: ignore[arg-type]
    assert isinstance(done, Booked)
    return done.visits[0].id


def cancel(store: SqlStore, here: Others, visit_id: str, **wish: object) -> Ended | Undecided | Refusal:
    return confirm_cancellation(store, [visit_id], Cancellation("ann", **wish), here.outside, ANN.push_to)  # type: ignore[arg-type]


def test_a_cancellation_is_the_vendors_word_first(store: SqlStore, here: Others, owner: Engine) -> None:
    visit_id = booked(store, here)
    ended = cancel(store, here, visit_id)
    assert isinstance(ended, Ended)
    assert (ended.visits[0].state, here.vendor.standing()) == (VisitState.CANCELLED, [])
    assert ask(owner, "SELECT count(*) FROM claim") == 0
    assert ask(owner, "SELECT string_agg(connection, ',') FROM outbox_delivery") == "crm,crm"
    assert cancel(store, here, visit_id) == Refusal(("not_booked",))


def test_a_cancellation_that_the_vendor_refuses_changes_nothing(store: SqlStore, here: Others, owner: Engine) -> None:
    visit_id = booked(store, here)
    here.vendor.writes = "no"
    assert cancel(store, here, visit_id) == Refusal(("vendor_refused",))
    assert ask(owner, "SELECT state FROM visit") == "booked"
    assert confirm_booking(store, wanted(patient=1), here.outside, ANN) == Refusal(("no_provider",))


def test_what_the_vendor_cancelled_before_it_refused_the_rest_is_cancelled_here_too(
    store: SqlStore, here: Others, owner: Engine
) -> None:
    one = wanted()
    trip = BookingRequest(replace(one.trip, parts=(*one.trip.parts, Part("talk", "pat-0"))), one.arrives_at)
    done = confirm_booking(store, trip, here.outside, ANN)
    assert isinstance(done, Booked)
    first, second = (visit.id for visit in done.visits)
    here.vendor.next_writes = ["yes", "no", "no"]  # a conflict is tried once more
    ended = confirm_cancellation(store, [first, second], Cancellation("ann"), here.outside, ANN.push_to)
    assert ended == Refusal(("vendor_refused", "partly_cancelled"))
    assert [each["status"] for each in here.vendor.held] == ["cancelled", "booked"]
    assert ask(owner, "SELECT string_agg(state::text, ',' ORDER BY start) FROM visit") == "cancelled,booked"
    assert ask(owner, f"SELECT count(*) FROM claim WHERE visit_id = '{first}'") == 0
    assert ask(owner, "SELECT subject_id FROM domain_event WHERE name = 'cancellation_refused'") == second
    assert isinstance(cancel(store, here, second), Ended)


@pytest.mark.parametrize("mood", ["lost", "down"])
def test_a_cancellation_without_an_answer_costs_what_it_did_when_it_was_asked(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine, mood: Mood
) -> None:
    visit_id = booked(store, here)
    clock.now = NINE - timedelta(hours=25)
    here.vendor.writes = mood
    assert isinstance(cancel(store, here, visit_id), Undecided)
    assert isinstance(cancel(store, here, visit_id), Undecided)  # it is on its way
    assert ask(owner, "SELECT state FROM visit") == "booked"
    clock.now = NINE - timedelta(hours=2)  # a cancellation would cost the whole price by now
    here.vendor.writes = "yes"
    assert reconcile(store, here) == ReconcileResult(done=1)
    assert ask(owner, "SELECT fee_minor FROM visit") == 0
    assert here.vendor.standing() == []


def test_what_the_hub_itself_refuses_the_vendor_is_not_asked(store: SqlStore, here: Others) -> None:
    visit_id = booked(store, here)
    assert cancel(store, here, visit_id, waive=True) == Refusal(("reason_missing",))
    assert len(here.vendor.standing()) == 1
    with pytest.raises(NeedsAttention, match="ehr owns the calendar"):
        cancel_visit(store, visit_id, actor="ann")


def test_what_was_taken_and_is_given_back_is_noted_for_who_pays_back(
    store: SqlStore, here: Others, owner: Engine
) -> None:
    paid, due = booked(store, here, channel="online"), booked(store, here, minutes=60, patient=1)
    for visit_id in (paid, due):
        assert isinstance(cancel(store, here, visit_id, by="practice"), Ended)
    refund = "concat_ws(' ', visit_id, amount_minor, currency, state)"
    assert (
        ask(owner, f"SELECT string_agg({refund}, ',') FROM payment_intent WHERE kind = 'refund'")
        == f"{paid} 5000 USD intended"
    )
    assert ask(owner, "SELECT count(*) FROM domain_event WHERE name = 'refund_intended'") == 1
    assert here.payments.states() == ["captured"]  # nobody was asked


def pull(url: str, store: SqlStore) -> PullResult:
    outside = make_outside(url, None)
    with FhirClient(url) as client:
        return pull_changes(outside.find_system("ehr"), Kind.VISIT, FhirSource(client, "ehr"), store)


def test_the_pull_that_follows_knows_what_the_vendor_confirmed(
    store: SqlStore,
    owner: Engine,
    sandbox_server: FhirDesk,  # noqa: F811
) -> None:
    outside = make_outside(sandbox_server.url, None)
    assert isinstance(confirm_booking(store, wanted(), outside, ANN), Booked)
    pulled = pull(sandbox_server.url, store)
    assert (pulled.recognised, pulled.inserted, pulled.updated) == (1, 0, 0)
    assert ask(owner, "SELECT count(*) FROM visit") == 1


def test_a_pull_before_the_outcome_is_known_makes_no_second_visit(
    store: SqlStore,
    owner: Engine,
    clock: HandClock,
    sandbox_server: FhirDesk,  # noqa: F811
) -> None:
    outside = make_outside(sandbox_server.url, None)
    sandbox_server.fault(kind="truncated")
    assert isinstance(confirm_booking(store, wanted(), outside, ANN), Undecided)
    sandbox_server.fault()
    assert pull(sandbox_server.url, store).inserted == 0
    clock.now += timedelta(minutes=5)
    assert reconcile_bookings(store, outside) == ReconcileResult(done=1)
    assert pull(sandbox_server.url, store).inserted == 0
    assert ask(owner, "SELECT count(*) FROM visit") == 1
    assert ask(owner, "SELECT count(*) FROM claim WHERE NOT firm") == 0


def test_what_arrives_there_after_it_was_given_up_is_withdrawn(
    store: SqlStore,
    owner: Engine,
    clock: HandClock,
    sandbox_server: FhirDesk,  # noqa: F811
) -> None:
    """The vendor was slow beyond all patience: the pull meets its appointment, and the reconciler cancels it there."""
    outside = make_outside(sandbox_server.url, None)
    sandbox_server.fault(kind="error")
    undecided = confirm_booking(store, wanted(), outside, ANN)
    assert isinstance(undecided, Undecided)
    sandbox_server.fault()
    clock.now += timedelta(minutes=5)
    assert reconcile_bookings(store, outside) == ReconcileResult(released=1)
    late = {**appointment("late"), "identifier": [{"system": "urn:medspa-hub:visit", "value": undecided.visit_ids[0]}]}
    sandbox_server.put(late)
    assert pull(sandbox_server.url, store).inserted == 0
    assert reconcile_bookings(store, outside) == ReconcileResult(released=1)
    assert [one["status"] for one in sandbox_server.all("Appointment")] == ["cancelled"]
    for _ in range(2):  # what the hub wrote comes back, is looked at once more, and that is all
        pull(sandbox_server.url, store)
        reconcile_bookings(store, outside)
    assert pull(sandbox_server.url, store).inserted == 0
    assert ask(owner, "SELECT count(*) FROM visit") == 0
    assert ask(owner, "SELECT count(*) FROM pending_change WHERE settled_at IS NULL") == 0


def test_an_overlap_that_is_made_there_is_seen_at_the_next_pull(
    store: SqlStore,
    owner: Engine,
    sandbox_server: FhirDesk,  # noqa: F811
) -> None:
    outside = make_outside(sandbox_server.url, None)
    assert isinstance(confirm_booking(store, wanted(), outside, ANN), Booked)
    [ours] = sandbox_server.all("Appointment")
    theirs = {key: value for key, value in ours.items() if key not in ("id", "meta", "identifier")}
    people = ({"actor": {"reference": who}, "status": "accepted"} for who in ("Patient/p1", "Practitioner/lee"))
    sandbox_server.post({**theirs, "participant": list(people)})
    assert pull(sandbox_server.url, store).contested > 0
    assert ask(owner, "SELECT count(*) FROM review_issue WHERE state = 'open'") == 1
