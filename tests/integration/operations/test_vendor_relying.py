"""What was to follow a visit is listed, too, when its vendor agreed to another time for it or to none."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked
from hub.operations.cancel_visit import Cancellation
from hub.operations.confirm_cancellation import confirm_cancellation
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking
from hub.operations.confirm_move import confirm_move
from hub.operations.end_visits import Ended
from hub.operations.move_visit import Moved, MoveRequest
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.operations.tend_book import tend_book
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.outside_practice import flagged
from tests.integration.operations.shared_practice import PRACTICE, HandClock, Others, open_practice, others, wanted
from tests.integration.operations.small_practice import NINE

LACKING = ("missing_prerequisite",)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    made = SqlStore(engine, clock=clock)
    open_practice(made)
    apply_practice(made, PRACTICE.replace("- id: talk", "- id: talk\n    requires: [{before: mask}]"), "practice.yaml")
    return made


@pytest.fixture
def here() -> Iterator[Others]:
    with others() as found:
        yield found


def booked(store: SqlStore, here: Others, service: str, minutes: int) -> str:
    done = confirm_booking(store, wanted(service, minutes), here.outside, Asking("ann"))
    assert isinstance(done, Booked)
    return done.visits[0].id


def test_what_was_to_follow_is_listed_until_it_follows_again(store: SqlStore, here: Others) -> None:
    mask, talk = booked(store, here, "mask", 0), booked(store, here, "talk", 60)
    behind = MoveRequest([mask], NINE + timedelta(hours=2))
    assert isinstance(confirm_move(store, behind, here.outside, actor="ann"), Moved)
    assert flagged(store) == {talk: LACKING}
    assert isinstance(confirm_move(store, MoveRequest([mask], NINE), here.outside, actor="ann"), Moved)
    assert flagged(store) == {}
    ended = confirm_cancellation(store, [mask], Cancellation("ann"), here.outside)
    assert isinstance(ended, Ended)
    assert ended.relying == flagged(store) == {talk: LACKING}
    booked(store, here, "mask", 30)
    tend_book(store, here.outside)
    assert flagged(store) == {}


def test_a_refused_cancellation_leaves_nothing_lacking_and_one_that_a_reconciler_ends_does(
    store: SqlStore, here: Others, clock: HandClock
) -> None:
    mask, talk = booked(store, here, "mask", 0), booked(store, here, "talk", 60)
    here.vendor.writes = "no"
    confirm_cancellation(store, [mask], Cancellation("ann"), here.outside)
    assert flagged(store) == {}
    here.vendor.writes = "lost"
    assert isinstance(confirm_cancellation(store, [mask], Cancellation("ann"), here.outside), Undecided)
    assert flagged(store) == {}
    here.vendor.writes = "yes"
    clock.now += timedelta(minutes=20)
    assert reconcile_bookings(store, here.outside) == ReconcileResult(done=1)
    assert flagged(store) == {talk: LACKING}
