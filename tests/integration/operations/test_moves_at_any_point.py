"""Whoever dies where while a visit moves: it ends at one of its two times, here and at the vendor the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Engine, text

from hub.operations.book_visit import Booked
from hub.operations.confirm_hold import Asking, confirm_booking
from hub.operations.confirm_move import confirm_move
from hub.operations.move_visit import Moved, MoveRequest
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.scheduling.decision import Refusal
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.shared_practice import HandClock, Others, open_practice, others, wanted
from tests.integration.operations.small_practice import NINE, assert_nobody_is_booked_twice
from tests.integration.operations.test_undecided_at_any_point import Died, Mortal
from tests.peers.vendor import Mood

ANN = Asking("ann", push_to=["ehr", "crm"])
TO = NINE + timedelta(minutes=15)
"""Into itself: what it leaves and what it takes overlap."""
_LIVE_CLAIMS = text("""
    SELECT DISTINCT lower(c.during) FROM claim c LEFT JOIN hold h ON h.id = c.hold_id
    WHERE h.id IS NULL OR h.expires_at > :now""")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def mortal() -> Mortal:
    return Mortal()


@pytest.fixture
def store(engine: Engine, clock: HandClock, mortal: Mortal) -> SqlStore:
    made = SqlStore(engine, mortal, clock)
    open_practice(made)
    return made


@pytest.fixture
def here() -> Iterator[Others]:
    with others() as found:
        yield found


@dataclass
class Move:
    """One visit after the other, each moved once; after each everything is looked at."""

    store: SqlStore
    here: Others
    clock: HandClock
    mortal: Mortal
    owner: Engine

    def try_to(self, mood: Mood, dies_at: int) -> object:
        """What was told; None: it died."""
        booked = confirm_booking(self.store, wanted(), self.here.outside, ANN)
        assert isinstance(booked, Booked)
        self.here.vendor.writes = mood
        self.mortal.left = dies_at
        try:
            request = MoveRequest([booked.visits[0].id], TO)
            return confirm_move(self.store, request, self.here.outside, actor="ann", push_to=ANN.push_to)
        except Died:
            return None
        finally:
            self.mortal.left = None
            self.here.vendor.writes = "yes"

    def reconcile(self, dies_at: int | None = None) -> None:
        self.clock.now += timedelta(minutes=20)
        self.mortal.left = dies_at
        try:
            reconcile_bookings(self.store, self.here.outside, push_to=ANN.push_to)
        except Died:
            pass
        finally:
            self.mortal.left = None

    def check(self, told: object) -> None:
        """Here and there it is the same, nothing is left over, and it is what was told."""
        self.reconcile()
        self.clock.now += timedelta(minutes=20)
        assert reconcile_bookings(self.store, self.here.outside, push_to=ANN.push_to) == ReconcileResult()
        with self.owner.connect() as connection:
            [start] = connection.execute(text("SELECT start FROM visit")).scalars()
            live = connection.execute(_LIVE_CLAIMS, {"now": self.clock.now}).scalars().all()
            due = connection.execute(text("SELECT count(*) FROM stock_promise WHERE visit_id IS NOT NULL")).scalar_one()
        [there] = self.here.vendor.standing()
        assert (datetime.fromisoformat(there["start"]), live, due) == (start, [start], 1)
        assert start in (NINE, TO)
        if isinstance(told, Moved):
            assert start == TO
        if isinstance(told, Refusal):
            assert start == NINE
        assert_nobody_is_booked_twice(self.owner)

    def clear(self) -> None:
        """Forget it, so that the next is looked at alone."""
        with self.owner.begin() as connection:
            names = "visit, hold, payment, pending_change, source_link, outbox_delivery"
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        self.here.vendor.held.clear()


@pytest.fixture
def move(store: SqlStore, here: Others, clock: HandClock, mortal: Mortal, owner: Engine) -> Move:
    return Move(store, here, clock, mortal, owner)


def test_a_move_that_dies_after_the_vendor_was_asked_ends_where_the_vendor_has_it(move: Move) -> None:
    told = move.try_to("yes", 7)
    assert told is None
    move.check(told)


@pytest.mark.slow
@pytest.mark.parametrize("mood", ["yes", "no", "lost", "down"])
def test_a_move_that_dies_anywhere_ends_at_one_time(move: Move, mood: Mood) -> None:
    for point in count():
        told = move.try_to(mood, point)
        move.check(told)
        move.clear()
        if told is not None:
            break
    assert point >= 4  # it really died at several places


@pytest.mark.slow
@pytest.mark.parametrize("mood", ["yes", "lost", "down"])
def test_a_reconciler_that_dies_while_it_settles_a_move_is_followed_by_another(move: Move, mood: Mood) -> None:
    for first, second in ((first, second) for first in (3, 4, 5, 6) for second in range(8)):
        told = move.try_to(mood, first)
        move.reconcile(second)
        move.check(told)
        move.clear()
