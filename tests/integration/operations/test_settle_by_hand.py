"""A person settles what nobody decides, by role and with a reason; who says the opposite later is shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked
from hub.operations.cancel_visit import Cancellation
from hub.operations.confirm_cancellation import confirm_cancellation
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking
from hub.operations.confirm_move import confirm_move
from hub.operations.move_visit import MoveRequest
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.operations.settle_by_hand import OTHERWISE, Word, settle_by_hand
from hub.ports import Pending
from hub.scheduling.by_hand import Verdict
from hub.scheduling.decision import Refusal
from hub.scheduling.pending import PaymentState, Stage
from hub.scheduling.request import BookingRequest
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.shared_practice import (
    PRACTICE,
    HandClock,
    Others,
    ask,
    open_practice,
    others,
    wanted,
)
from tests.integration.operations.small_practice import NINE

ANN = Asking("ann", push_to=["ehr", "crm"], method="tok_1")
STANDS, DID_NOT_HAPPEN = Verdict.STANDS, Verdict.DID_NOT_HAPPEN


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    made = SqlStore(engine, clock=clock)
    open_practice(made)
    apply_practice(made, f"{PRACTICE}  settles: [owner]\n", "practice.yaml")
    return made


@pytest.fixture
def here() -> Iterator[Others]:
    with others() as found:
        yield found


@dataclass
class Desk:
    """Where a person settles things."""

    store: SqlStore
    here: Others
    clock: HandClock
    owner: Engine

    def undecided(self) -> str:
        """A booking of which the vendor, which is down, has nothing; long after it was asked."""
        self.here.vendor.writes = self.here.vendor.reads = "down"
        told = confirm_booking(self.store, wanted(), self.here.outside, ANN)
        assert isinstance(told, Undecided)
        self.clock.now += timedelta(minutes=5)
        return told.visit_ids[0]

    def booked(self, request: BookingRequest) -> str:
        done = confirm_booking(self.store, request, self.here.outside, ANN)
        assert isinstance(done, Booked)
        return done.visits[0].id

    def say(self, visit_id: str, verdict: Verdict, *, role: str = "owner", reason: str = "rang") -> Pending | Refusal:
        word = Word(verdict, "bea", role, reason)
        return settle_by_hand(self.store, visit_id, word, self.here.outside, push_to=ANN.push_to)

    def ask(self, question: str) -> object:
        return ask(self.owner, question)

    def look_again(self) -> list[tuple[str, ...]]:
        """The issues that are open once everybody answers."""
        self.clock.now += timedelta(minutes=20)
        self.here.vendor.writes = self.here.vendor.reads = "yes"
        self.here.payments.moods = {}
        assert reconcile_bookings(self.store, self.here.outside, push_to=ANN.push_to) == ReconcileResult()
        with self.store.begin("test") as work:
            assert work.pendings.find_unsettled() == ()
            return [one.codes for one in work.issues.find_open(OTHERWISE)]


@pytest.fixture
def desk(store: SqlStore, here: Others, clock: HandClock, owner: Engine) -> Desk:
    return Desk(store, here, clock, owner)


def test_only_a_role_that_the_policy_names_settles_and_with_a_reason_and_not_at_once(desk: Desk, owner: Engine) -> None:
    visit_id = desk.undecided()
    assert desk.say(visit_id, STANDS, reason=" ") == Refusal(("reason_missing",))
    assert desk.say(visit_id, STANDS, role="front_desk") == Refusal(("may_not_settle",))
    assert desk.say("vis_other", STANDS) == Refusal(("nothing_undecided",))
    desk.clock.now -= timedelta(minutes=4)
    assert desk.say(visit_id, STANDS) == Refusal(("still_being_asked",))
    assert desk.ask("SELECT count(*) FROM visit") == 0


@pytest.mark.parametrize(("stored", "issues"), [(True, []), (False, [("confirm", "done")])])
def test_a_booking_that_stands_by_hand_is_booked_and_looked_at_again(
    desk: Desk, stored: bool, issues: list[tuple[str, ...]]
) -> None:
    visit_id = desk.undecided()
    done = desk.say(visit_id, STANDS)
    assert isinstance(done, Pending)
    assert (done.standing.stage, desk.ask("SELECT id FROM visit")) == (Stage.DONE, visit_id)
    audited = "SELECT concat_ws(' ', actor, role, reason) FROM audit_entry WHERE action = 'settle_by_hand'"
    assert desk.ask(audited) == "bea owner rang"
    assert desk.say(visit_id, STANDS) == Refusal(("nothing_undecided",))
    assert reconcile_bookings(desk.store, desk.here.outside) == ReconcileResult()  # it is still down
    if stored:
        mine = [{"system": "urn:medspa-hub:visit", "value": visit_id}]
        times = {"start": "2098-03-03T15:00:00Z", "end": "2098-03-03T15:30:00Z"}
        held = {"resourceType": "Appointment", "id": "a1", "status": "booked", "identifier": mine}
        desk.here.vendor.held.append(held | times | {"meta": {"versionId": "1"}})
    assert desk.look_again() == issues
    assert desk.ask("SELECT count(*) FROM visit") == 1


@pytest.mark.parametrize(("stored", "issues"), [(False, []), (True, [("confirm", "released")])])
def test_a_booking_that_did_not_happen_by_hand_is_free_and_looked_at_again(
    desk: Desk, stored: bool, issues: list[tuple[str, ...]]
) -> None:
    desk.here.vendor.writes, desk.here.vendor.reads = ("lost" if stored else "down"), "down"
    told = confirm_booking(desk.store, wanted(), desk.here.outside, ANN)
    assert isinstance(told, Undecided)
    desk.clock.now += timedelta(minutes=5)
    done = desk.say(told.visit_ids[0], DID_NOT_HAPPEN)
    assert isinstance(done, Pending)
    assert (done.standing.stage, desk.ask("SELECT count(*) FROM visit")) == (Stage.RELEASED, 0)
    assert desk.look_again() == issues


def test_what_the_vendor_is_known_not_to_have_is_never_promised(desk: Desk, owner: Engine) -> None:
    visit_id = desk.undecided()
    desk.here.vendor.reads = "yes"  # it can be seen again that it has nothing
    assert desk.say(visit_id, STANDS) == Refusal(("known_otherwise",))
    assert desk.ask("SELECT count(*) FROM visit") == 0


def test_what_was_given_up_does_not_stand_by_anybodys_word(desk: Desk, owner: Engine) -> None:
    desk.here.vendor.next_writes = ["yes", "no"]
    desk.here.vendor.writes = "down"
    one = wanted()
    parts = (*one.trip.parts, type(one.trip.parts[0])("talk", "pat-0"))
    trip = type(one)(type(one.trip)(parts, "main"), one.arrives_at)
    assert confirm_booking(desk.store, trip, desk.here.outside, ANN) == Refusal(("vendor_refused",))
    visit_id = desk.here.vendor.held[0]["identifier"][-1]["value"]
    desk.clock.now += timedelta(minutes=10)
    assert desk.say(visit_id, STANDS) == Refusal(("nothing_undecided",))
    desk.here.vendor.held[0]["status"] = "cancelled"  # a person does it there
    desk.here.vendor.reads = "down"
    done = desk.say(visit_id, DID_NOT_HAPPEN)
    assert isinstance(done, Pending)
    assert done.standing.stage is Stage.RELEASED
    assert desk.look_again() == []


@pytest.mark.parametrize(("verdict", "start", "issues"), [
    (STANDS, NINE + timedelta(days=1), []),
    (DID_NOT_HAPPEN, NINE, [("confirm", "released")]),
])  # fmt: skip
def test_a_move_is_settled_by_hand_at_one_of_its_times(
    desk: Desk, verdict: Verdict, start: object, issues: object
) -> None:
    visit_id = desk.booked(wanted())
    desk.here.vendor.writes = "lost"  # it has it at the new time
    request = MoveRequest([visit_id], NINE + timedelta(days=1))
    assert isinstance(confirm_move(desk.store, request, desk.here.outside, actor="ann"), Undecided)
    desk.here.vendor.reads = "down"
    desk.clock.now += timedelta(minutes=5)
    assert isinstance(desk.say(visit_id, verdict), Pending)
    assert desk.ask("SELECT start FROM visit") == start
    assert desk.look_again() == issues


def test_a_cancellation_that_did_not_happen_by_hand_leaves_the_visit(desk: Desk, owner: Engine) -> None:
    visit_id = desk.booked(wanted())
    desk.here.vendor.writes, desk.here.vendor.reads = "lost", "yes"  # it did cancel
    told = confirm_cancellation(desk.store, [visit_id], Cancellation("ann"), desk.here.outside)
    assert isinstance(told, Undecided)
    desk.here.vendor.writes = desk.here.vendor.reads = "down"
    desk.clock.now += timedelta(minutes=5)
    assert isinstance(desk.say(visit_id, DID_NOT_HAPPEN), Pending)
    assert desk.ask("SELECT state FROM visit") == "booked"
    assert desk.look_again() == [("confirm", "released")]


@pytest.mark.parametrize(("mood", "verdict", "state", "issues"), [
    ("lost", STANDS, PaymentState.CAPTURED, []),
    ("down", STANDS, PaymentState.CAPTURED, [("capture", "done")]),
    ("lost", DID_NOT_HAPPEN, PaymentState.FAILED, [("capture", "done")]),
    ("down", DID_NOT_HAPPEN, PaymentState.FAILED, []),
])  # fmt: skip
def test_a_payment_is_settled_by_hand_and_looked_at_again(
    desk: Desk, mood: str, verdict: Verdict, state: object, issues: object
) -> None:
    desk.here.payments.moods["capture"] = mood  # type: ignore[assignment]
    visit_id = desk.booked(wanted("talk", location="own", channel="online"))
    desk.here.payments.moods = {"capture": "down", "look": "down"}
    desk.clock.now += timedelta(minutes=5)
    done = desk.say(visit_id, verdict)
    assert isinstance(done, Pending)
    assert done.standing.payment is state
    assert desk.look_again() == issues
