"""Trips on the tables: several visits that were booked as one stay one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from hub.errors import InvalidInput
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE, open_practice, wanted

HALF = timedelta(minutes=30)


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    made = SqlStore(engine, clock=lambda _: NINE - timedelta(days=3))
    open_practice(made)
    return made


def two_in_a_row() -> BookingRequest:
    return BookingRequest(Trip((Part("consult", "pat-1"), Part("gel-mask", "pat-1")), "main"), NINE)


def book_trip(store: SqlStore, *, from_hold: bool = False) -> tuple[str, ...]:
    if from_hold:
        held = hold_visit(store, two_in_a_row(), actor="ann")
        assert isinstance(held, Held)
        booked = book_hold(store, held.hold_id, actor="ann")
    else:
        booked = book_visit(store, two_in_a_row(), actor="ann")
    assert isinstance(booked, Booked)
    return tuple(visit.id for visit in booked.visits)


@pytest.mark.parametrize("from_hold", [False, True])
def test_a_part_of_a_trip_is_not_moved_alone(store: SqlStore, *, from_hold: bool) -> None:
    first, second = book_trip(store, from_hold=from_hold)
    for alone in (first, second):
        with pytest.raises(InvalidInput, match="a part of a trip is not moved alone"):
            move_visit(store, MoveRequest([alone], NINE + 2 * HALF), actor="ann")


def test_a_trip_moves_whole_and_keeps_its_order_however_it_is_named(store: SqlStore) -> None:
    first, second = book_trip(store)
    moved = move_visit(store, MoveRequest([second, first], NINE + 2 * HALF), actor="ann")
    assert isinstance(moved, Moved)
    assert [(visit.id, visit.start) for visit in moved.visits] == [(first, NINE + 2 * HALF), (second, NINE + 3 * HALF)]


def test_what_is_left_of_a_trip_moves_when_a_part_was_cancelled(store: SqlStore) -> None:
    first, second = book_trip(store)
    cancel_visit(store, first, actor="ann")
    assert isinstance(move_visit(store, MoveRequest([second], NINE), actor="ann"), Moved)


def test_two_visits_that_were_booked_alone_do_not_move_as_one(store: SqlStore) -> None:
    ids = []
    for number in (0, 1):
        booked = book_visit(store, replace(wanted(patient=number), arrives_at=NINE), actor="ann")
        assert isinstance(booked, Booked)
        ids.append(booked.visits[0].id)
    with pytest.raises(InvalidInput, match="one visit or one trip"):
        move_visit(store, MoveRequest(ids, NINE + HALF), actor="ann")
