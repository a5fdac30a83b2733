"""A visit moves in a vendor's calendar once the vendor agreed; until that is known both of its times are taken."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from hub.canonical.records import VisitState
from hub.errors import InvalidInput
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked
from hub.operations.cancel_visit import Cancellation
from hub.operations.check_in_visit import check_in_visit
from hub.operations.confirm_cancellation import confirm_cancellation
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking
from hub.operations.confirm_move import confirm_move
from hub.operations.move_visit import Moved, MoveRequest
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, Part
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.outside_practice import arrive, fact, rooms
from tests.integration.operations.shared_practice import (
    PRACTICE,
    HandClock,
    Others,
    ask,
    open_practice,
    others,
    wanted,
)
from tests.integration.operations.small_practice import NINE, assert_nobody_is_booked_twice
from tests.peers.vendor import Mood

ANN = Asking("ann", push_to=["ehr", "crm"])
DAY = timedelta(days=1)


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


def booked(store: SqlStore, here: Others, request: BookingRequest | None = None) -> list[str]:
    done = confirm_booking(store, request or wanted(), here.outside, ANN)
    assert isinstance(done, Booked)
    return [visit.id for visit in done.visits]


def move(store: SqlStore, here: Others, ids: list[str], to: timedelta, **more: object) -> Moved | Undecided | Refusal:
    request = MoveRequest(ids, NINE + to, **more)  # type: ignore[arg-type]
    return confirm_move(store, request, here.outside, actor="ann", push_to=ANN.push_to)


def reconcile(store: SqlStore, here: Others) -> ReconcileResult:
    return reconcile_bookings(store, here.outside, push_to=ANN.push_to)


def is_free(store: SqlStore, here: Others, after_nine: timedelta) -> bool:
    """Whether Dr Lee can be booked then; what is booked for it is called off again."""
    minutes = int(after_nine / timedelta(minutes=1))
    moods = (here.vendor.writes, here.vendor.reads)
    here.vendor.writes = here.vendor.reads = "yes"
    done = confirm_booking(store, wanted("talk", minutes, patient=19), here.outside, ANN)
    if isinstance(done, Booked):
        confirm_cancellation(store, [done.visits[0].id], Cancellation("ann", "practice"), here.outside)
    else:
        assert done == Refusal(("no_provider",))
    here.vendor.writes, here.vendor.reads = moods
    return isinstance(done, Booked)


def starts_there(here: Others) -> list[datetime]:
    return sorted(datetime.fromisoformat(one["start"]) for one in here.vendor.standing())


def test_a_move_is_the_vendors_word_first(store: SqlStore, here: Others, owner: Engine) -> None:
    ids = booked(store, here)
    moved = move(store, here, ids, DAY, resources={"provider": "dr-kim"})
    assert isinstance(moved, Moved)
    assert [(one.start, one.provider_id) for one in moved.visits] == [(NINE + DAY, "dr-kim")]
    assert starts_there(here) == [NINE + DAY]
    assert is_free(store, here, timedelta())
    assert ask(owner, "SELECT count(*) FROM hold WHERE expires_at > '2098-01-01'") == 0
    told = f"SELECT string_agg(connection, ',') FROM outbox_delivery WHERE canonical_id = '{ids[0]}'"
    assert ask(owner, told) == "crm,crm"  # of the booking and of the move; the vendor knows
    assert ask(owner, f"SELECT due_on FROM stock_promise WHERE visit_id = '{ids[0]}'") == (NINE + DAY).date()
    assert ask(owner, "SELECT count(*) FROM audit_entry WHERE action = 'move_visit'") == 1


def test_a_move_that_the_vendor_refuses_leaves_the_visit_untouched(
    store: SqlStore, here: Others, owner: Engine
) -> None:
    ids = booked(store, here)
    before = ask(owner, "SELECT to_jsonb(v) || to_jsonb(p) FROM visit v JOIN stock_promise p ON p.visit_id = v.id")
    here.vendor.writes = "no"
    assert move(store, here, ids, DAY) == Refusal(("vendor_refused",))
    after = ask(owner, "SELECT to_jsonb(v) || to_jsonb(p) FROM visit v JOIN stock_promise p ON p.visit_id = v.id")
    assert after == before
    here.vendor.writes = "yes"
    assert (is_free(store, here, timedelta()), is_free(store, here, DAY)) == (False, True)
    assert starts_there(here) == [NINE]


def test_a_vendor_that_is_not_reached_was_not_asked_to_move(store: SqlStore, here: Others) -> None:
    ids = booked(store, here)
    with others() as gone:
        nowhere = gone.outside
    request = MoveRequest(ids, NINE + DAY)
    assert confirm_move(store, request, nowhere, actor="ann") == Refusal(("vendor_unavailable",))
    assert isinstance(move(store, here, ids, DAY), Moved)


@dataclass(frozen=True)
class Silence:
    """What the vendor does without a word, and where the visit was to go."""

    mood: Mood
    stands: bool
    to: timedelta


SILENCES = {
    "moved there": Silence("lost", stands=True, to=DAY),
    "not moved there": Silence("down", stands=False, to=DAY),
    "moved into itself": Silence("lost", stands=True, to=timedelta(minutes=15)),
    "not moved into itself": Silence("down", stands=False, to=timedelta(minutes=15)),
}


@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
def test_no_answer_keeps_both_times_until_it_is_known_which_the_vendor_holds(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine, silence: Silence
) -> None:
    ids = booked(store, here)
    stands, to = silence.stands, silence.to
    here.vendor.writes = silence.mood
    undecided = move(store, here, ids, to)
    assert isinstance(undecided, Undecided)
    assert undecided.visit_ids == tuple(ids)
    clock.now += timedelta(hours=1)
    assert move(store, here, ids, to) == undecided  # it is on its way
    assert move(store, here, ids, 3 * DAY) == Refusal(("undecided_change",))
    assert ask(owner, "SELECT start FROM visit") == NINE
    assert (is_free(store, here, timedelta()), is_free(store, here, to)) == (False, False)
    here.vendor.reads = "down"
    assert reconcile(store, here) == ReconcileResult(waiting=1)
    assert (is_free(store, here, timedelta()), is_free(store, here, to)) == (False, False)
    clock.now += timedelta(minutes=20)
    here.vendor.reads = here.vendor.writes = "yes"
    assert reconcile(store, here) == (ReconcileResult(done=1) if stands else ReconcileResult(released=1))
    stood = NINE + to if stands else NINE
    assert (ask(owner, "SELECT start FROM visit WHERE state = 'booked'"), starts_there(here)) == (stood, [stood])
    assert is_free(store, here, timedelta()) == (stands and to >= timedelta(minutes=30))
    assert is_free(store, here, to) == (not stands and to >= timedelta(minutes=30))
    assert ask(owner, "SELECT due_on FROM stock_promise WHERE visit_id IS NOT NULL") == stood.date()
    assert_nobody_is_booked_twice(owner)


def test_the_last_tube_moves_with_its_visit_and_covers_both_dates_meanwhile(
    store: SqlStore, here: Others, clock: HandClock
) -> None:
    ids = booked(store, here)
    for n in (1, 2):  # the other two of three
        booked(store, here, wanted(minutes=60 * n, patient=n))
    here.vendor.writes = "down"
    assert isinstance(move(store, here, ids, 2 * DAY), Undecided)
    here.vendor.writes = "yes"
    for day in (-1, 0, 1, 2, 3):
        tube = confirm_booking(store, wanted("mask", 24 * 60 * day + 300, patient=5), here.outside, ANN)
        assert tube == Refusal(("no_stock",))
    clock.now += timedelta(minutes=20)
    assert reconcile(store, here) == ReconcileResult(released=1)
    assert isinstance(move(store, here, ids, 2 * DAY), Moved)
    assert isinstance(move(store, here, ids, -DAY), Moved)


def test_a_visit_that_the_vendor_has_at_neither_time_is_put_before_a_person(
    store: SqlStore, here: Others, clock: HandClock
) -> None:
    ids = booked(store, here)
    here.vendor.writes = "lost"
    assert isinstance(move(store, here, ids, DAY), Undecided)
    third = {"start": "2098-03-09T15:00:00Z", "end": "2098-03-09T15:30:00Z"}
    here.vendor.held[0].update(third)
    clock.now += timedelta(minutes=20)
    assert reconcile(store, here) == ReconcileResult(released=1)
    with store.begin("test") as work:
        [issue] = work.issues.find_open("vendor_differs")
    assert (issue.subject_id, issue.codes) == (ids[0], ("other_time",))


def test_a_move_waits_for_what_may_still_arrive(store: SqlStore, here: Others, clock: HandClock) -> None:
    ids = booked(store, here)
    here.vendor.writes = "down"
    assert isinstance(move(store, here, ids, DAY), Undecided)
    clock.now += timedelta(seconds=30)
    assert reconcile(store, here) == ReconcileResult(waiting=1)
    clock.now += timedelta(minutes=3)
    assert reconcile(store, here) == ReconcileResult(released=1)


def test_a_trip_moves_whole_or_is_put_back_there(store: SqlStore, here: Others, owner: Engine) -> None:
    one = wanted()
    trip = BookingRequest(type(one.trip)((*one.trip.parts, Part("talk", "pat-0")), "main"), one.arrives_at)
    ids = booked(store, here, trip)
    stood = starts_there(here)
    here.vendor.next_writes = ["yes", "no"]
    assert move(store, here, ids, DAY) == Refusal(("vendor_refused",))
    assert starts_there(here) == stood
    assert ask(owner, "SELECT count(*) FROM pending_change WHERE settled_at IS NULL") == 0
    assert isinstance(move(store, here, ids, DAY), Moved)
    assert starts_there(here) == [at + DAY for at in stood]


def test_what_cannot_be_put_back_keeps_both_times_until_it_is(store: SqlStore, here: Others, clock: HandClock) -> None:
    one = wanted()
    trip = BookingRequest(type(one.trip)((*one.trip.parts, Part("talk", "pat-0")), "main"), one.arrives_at)
    ids = booked(store, here, trip)
    stood = starts_there(here)
    here.vendor.next_writes = ["yes", "no"]
    here.vendor.writes = "down"
    assert move(store, here, ids, DAY) == Refusal(("vendor_refused",))
    assert (is_free(store, here, timedelta()), is_free(store, here, DAY)) == (False, False)
    clock.now += timedelta(minutes=20)
    assert reconcile(store, here) == ReconcileResult(waiting=1)
    here.vendor.writes = "yes"
    clock.now += timedelta(minutes=20)
    assert reconcile(store, here) == ReconcileResult(released=1)
    assert starts_there(here) == stood
    assert is_free(store, here, DAY)


def test_moving_late_keeps_the_fee_of_the_moment_of_asking(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    ids = booked(store, here)
    clock.now = NINE - timedelta(hours=25)  # outside of the window
    here.vendor.writes = "lost"
    assert isinstance(move(store, here, ids, 7 * DAY), Undecided)
    clock.now = NINE - timedelta(hours=2)  # inside by now
    here.vendor.writes = "yes"
    assert reconcile(store, here) == ReconcileResult(done=1)
    assert ask(owner, "SELECT fee_from FROM visit") is None
    clock.now = NINE + 7 * DAY - timedelta(hours=2)
    assert isinstance(move(store, here, ids, 9 * DAY), Moved)
    assert ask(owner, "SELECT fee_from FROM visit") == NINE + 7 * DAY


def test_while_it_is_undecided_it_is_not_cancelled_and_a_pull_leaves_it_alone(store: SqlStore, here: Others) -> None:
    ids = booked(store, here)
    here.vendor.writes = "down"
    assert isinstance(move(store, here, ids, DAY), Undecided)
    cancelled = confirm_cancellation(store, ids, Cancellation("ann"), here.outside)
    assert cancelled == Refusal(("undecided_change",))
    with store.begin("test") as work:
        assert work.pendings.find_awaited(ids) == set(ids)


def test_a_patient_who_came_before_the_answer_stays_and_the_vendor_is_told(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    ids = booked(store, here)
    clock.now = NINE - timedelta(minutes=10)
    here.vendor.writes = "lost"
    assert isinstance(move(store, here, ids, DAY), Undecided)
    assert not isinstance(check_in_visit(store, ids[0], actor="ann"), Refusal)
    here.vendor.writes = "yes"
    clock.now += timedelta(minutes=5)
    assert reconcile(store, here) == ReconcileResult(done=1)
    assert (ask(owner, "SELECT start FROM visit"), ask(owner, "SELECT state FROM visit")) == (NINE, VisitState.ARRIVED)
    told = "SELECT count(*) FROM outbox_delivery WHERE connection = 'ehr'"
    assert ask(owner, told) == 1
    assert is_free(store, here, DAY)


def test_what_the_hub_itself_refuses_the_vendor_is_not_asked_to_move(store: SqlStore, here: Others) -> None:
    ids = booked(store, here)
    booked(store, here, wanted("talk", 24 * 60, patient=1))
    here.vendor.writes = here.vendor.reads = "down"  # who asks now knows nothing
    lee = {"provider": "dr-lee"}
    assert move(store, here, ids, DAY, resources=lee) == Refusal(("no_provider",))
    assert move(store, here, ["vis_no"], DAY) == Refusal(("not_booked",))


def test_nothing_moves_from_one_owners_calendar_to_anothers(store: SqlStore, here: Others, owner: Engine) -> None:
    theirs = booked(store, here)
    ours = booked(store, here, wanted("talk", 60, patient=1, location="own"))
    stood = starts_there(here)
    here.vendor.writes = here.vendor.reads = "down"  # who asks now knows nothing
    assert move(store, here, theirs, DAY, location_id="own", resources={}) == Refusal(("two_calendars",))
    assert move(store, here, ours, DAY, location_id="main", resources={}) == Refusal(("two_calendars",))
    assert ask(owner, "SELECT count(*) FROM visit WHERE start > '2098-03-03T17:00Z'") == 0
    assert (ask(owner, "SELECT count(*) FROM hold"), starts_there(here)) == (0, stood)
    with pytest.raises(InvalidInput, match="'nowhere' is not declared"):
        move(store, here, ours, DAY, location_id="nowhere", resources={})


WITH_ROOMS = PRACTICE.replace(
    "products:", "  - {id: room-1, kind: room}\n  - {id: room-2, kind: room}\nproducts:"
).replace("talk, minutes: 30, needs: [{kind: provider}]", "talk, minutes: 30, needs: [{kind: provider}, {kind: room}]")


def test_a_place_that_is_to_be_had_only_once_the_old_one_is_given_up_cannot_be_held(
    store: SqlStore, here: Others, owner: Engine
) -> None:
    """Whose room the engine chose would have to go where the visit still is."""
    apply_practice(store, WITH_ROOMS, "practice.yaml")
    request = wanted("talk")
    part = replace(request.trip.parts[0], resources={"provider": "dr-lee", "room": "room-1"})
    ids = booked(store, here, replace(request, trip=replace(request.trip, parts=(part,))))
    arrive(store, fact("vis_fact", 15, patient=9, service="talk", provider_id="dr-kim"))
    assert rooms(owner, "vis_fact") == ["room-2"]
    quarter = timedelta(minutes=15)
    here.vendor.writes = here.vendor.reads = "down"  # who asks now knows nothing
    assert move(store, here, ids, quarter, resources={"room": "room-2"}) == Refusal(("cannot_hold_both",))
    assert (ask(owner, "SELECT count(*) FROM hold"), rooms(owner, *ids, "vis_fact")) == (0, ["room-1", "room-2"])
    here.vendor.writes = here.vendor.reads = "yes"
    assert isinstance(move(store, here, ids, quarter, resources={"room": "room-1"}), Moved)
    assert isinstance(move(store, here, ids, timedelta(hours=1), resources={"room": "room-2"}), Moved)
    assert_nobody_is_booked_twice(owner)
