"""What to lock is chosen by the book as it was seen last; what is booked is decided on the book as it stands."""

import pytest
from sqlalchemy import Engine

from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.end_visits import Ended
from hub.scheduling.decision import Refusal
from hub.store.journey import Journeys
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import (
    PRACTICE,
    assert_nobody_is_booked_twice,
    open_practice,
    wanted,
)


@pytest.fixture
def store(store: SqlStore) -> SqlStore:
    """Of a process that has looked at the day."""
    open_practice(store)
    assert isinstance(book_visit(store, wanted("laser", minutes=90), actor="ann"), Booked)
    return store


@pytest.fixture
def other(engine: Engine) -> SqlStore:
    """Another process's."""
    return SqlStore(engine)


@pytest.fixture
def journeys(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements went in each journey to the server."""
    made: list[int] = []
    go = Journeys.go
    monkeypatch.setattr(Journeys, "go", lambda self, statements: made.append(len(statements)) or go(self, statements))
    return made


def test_others_wait_for_two_journeys_of_a_booking_one_of_a_cancellation(store: SqlStore, journeys: list[int]) -> None:
    booked = book_visit(store, wanted("gel-mask"), actor="ann", key=None, push_to=["ehr"])
    assert isinstance(booked, Booked)
    assert len(journeys) == 2
    del journeys[:]
    assert isinstance(cancel_visit(store, booked.visits[0].id, actor="ann", push_to=["ehr"]), Ended)
    assert len(journeys) == 2  # the first reads the visit, before anything is locked


def test_others_wait_for_one_journey_of_a_cancellation_of_several(store: SqlStore, journeys: list[int]) -> None:
    booked = [book_visit(store, wanted("gel-mask", patient=n), actor="ann") for n in range(3)]
    ids = sorted((one.visits[0].id for one in booked if isinstance(one, Booked)), reverse=True)
    del journeys[:]
    ended = cancel_visit(store, *ids, actor="ann")
    assert isinstance(ended, Ended)
    assert [one.id for one in ended.visits] == ids
    assert len(journeys) == 2


def test_whom_others_took_meanwhile_is_not_booked_again(store: SqlStore, other: SqlStore, owner: Engine) -> None:
    theirs = book_visit(other, wanted(patient=1), actor="bob")
    mine = book_visit(store, wanted(patient=2), actor="ann")
    assert isinstance(theirs, Booked)
    assert isinstance(mine, Booked)
    assert theirs.visits[0].room_id != mine.visits[0].room_id
    assert_nobody_is_booked_twice(owner)


def test_a_time_that_others_filled_meanwhile_is_refused_and_one_they_gave_up_is_had(
    store: SqlStore, other: SqlStore
) -> None:
    theirs = [book_visit(other, wanted(patient=patient), actor="bob") for patient in (1, 2)]
    assert book_visit(store, wanted(patient=3), actor="ann") == Refusal(("no_room",))
    assert isinstance(theirs[0], Booked)
    cancel_visit(other, theirs[0].visits[0].id, actor="bob")
    assert isinstance(book_visit(store, wanted(patient=3), actor="ann"), Booked)


def test_a_practice_file_that_came_into_force_meanwhile_counts(store: SqlStore, other: SqlStore) -> None:
    open_practice(other, practice=PRACTICE.replace("id: consult", "id: first-talk"))
    assert book_visit(store, wanted("consult"), actor="ann") == Refusal(("unknown_service",))
    assert isinstance(book_visit(store, wanted("first-talk"), actor="ann"), Booked)
