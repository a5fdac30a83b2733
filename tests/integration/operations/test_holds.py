"""Holds: they take like a booking, until their end and not an instant longer, and become it once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from hub.canonical.time import Span
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.hold_visit import Held, hold_visit
from hub.ports import FactClaim
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest
from hub.store.board_query import BoardQuery
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE, assert_nobody_is_booked_twice, open_practice, wanted
from tests.integration.operations.test_booking_races import at_once

EXPIRED = Refusal(("hold_expired",))
TEN_MINUTES = timedelta(minutes=10)


class HandClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2098, 3, 1, 12, tzinfo=UTC)

    def __call__(self, _: object) -> datetime:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    made = SqlStore(engine, clock=clock)
    open_practice(made)
    return made


def hold(store: SqlStore, request: BookingRequest) -> Held:
    held = hold_visit(store, request, actor="ann")
    assert isinstance(held, Held)
    return held


def count(owner: Engine, table: str) -> int:
    with owner.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_hold_becomes_exactly_what_was_held(store: SqlStore, owner: Engine) -> None:
    held = hold(store, wanted("laser", resources={"provider": "dr-kim"}))
    claims = text("SELECT id, unit_id, during, step, need FROM claim ORDER BY id")
    with owner.connect() as connection:
        before = connection.execute(claims).all()
    booked = book_hold(store, held.hold_id, actor="ann", push_to=["ehr"])
    assert isinstance(booked, Booked)
    (visit,) = booked.visits
    assert (visit.start, visit.provider_id, visit.booked_via) == (NINE, "dr-kim", "desk")
    with owner.connect() as connection:
        assert connection.execute(claims).all() == before
    assert [count(owner, name) for name in ("hold", "visit", "outbox_delivery")] == [0, 1, 1]


@pytest.mark.parametrize(("after", "is_there"), [(TEN_MINUTES - timedelta(microseconds=1), True), (TEN_MINUTES, False)])
def test_hold_expires_at_its_deadline_not_after(
    store: SqlStore, clock: HandClock, after: timedelta, is_there: bool
) -> None:
    held = hold(store, wanted("gel-mask", resources={"provider": "dr-lee"}))
    clock.now += after
    other = book_visit(store, wanted("gel-mask", patient=1, resources={"provider": "dr-lee"}), actor="bob")
    confirmed = book_hold(store, held.hold_id, actor="ann")
    assert isinstance(confirmed, Booked) == is_there
    assert isinstance(other, Booked) != is_there
    assert is_there or confirmed == EXPIRED


def test_a_hold_that_is_over_promises_nothing_any_more(store: SqlStore, clock: HandClock, owner: Engine) -> None:
    for n in range(3):
        hold(store, wanted("gel-mask", patient=n))
    assert book_visit(store, wanted("gel-mask", 60, patient=4), actor="bob") == Refusal(("no_stock",))
    clock.now += TEN_MINUTES
    booked = [book_visit(store, wanted("gel-mask", 60, patient=n), actor="bob") for n in (4, 5, 6)]
    assert all(isinstance(one, Booked) for one in booked)
    assert count(owner, "hold") == 0  # what stood in the way of the stock was taken out
    assert count(owner, "stock_promise") == 3


def test_an_unknown_hold_and_one_that_was_booked_are_expired(store: SqlStore) -> None:
    held = hold(store, wanted())
    first = book_hold(store, held.hold_id, actor="ann", key="k")
    assert book_hold(store, held.hold_id, actor="ann") == EXPIRED
    assert book_hold(store, "vis_nothing", actor="ann") == EXPIRED
    again = book_hold(store, held.hold_id, actor="ann", key="k")
    assert isinstance(first, Booked)
    assert isinstance(again, Booked)
    assert again.visits == first.visits
    assert book_visit(store, wanted(minutes=60), actor="ann", key="k") == Refusal(("key_reused",))


def test_a_hold_that_is_over_yields_to_facts(store: SqlStore, clock: HandClock) -> None:
    hold(store, wanted("gel-mask", resources={"provider": "dr-lee"}))
    span = Span(NINE, NINE + timedelta(minutes=30))
    fact = FactClaim("resource", "dr-lee", span, block_id="lunch")
    with store.begin("test") as work:
        work.claims.save_block("lunch", "main", span)
        assert work.claims.place([fact]).contested == 1
    clock.now += TEN_MINUTES
    with store.begin("test") as work:
        assert work.claims.place([fact]).contested == 0


def test_sixteen_who_confirm_one_hold_make_one_visit(store: SqlStore, owner: Engine) -> None:
    held = hold(store, wanted("laser"))
    outcomes = at_once([lambda: book_hold(store, held.hold_id, actor="test") for _ in range(16)])
    assert sum(isinstance(one, Booked) for one in outcomes) == 1
    assert outcomes.count(EXPIRED) == 15
    assert count(owner, "visit") == 1


@pytest.mark.parametrize("seed", range(4))
def test_in_a_holds_last_moment_either_its_owner_or_the_next_gets_the_hour(
    engine: Engine, owner: Engine, clock: HandClock, seed: int
) -> None:
    """Clients whose transactions began just before the end confirm, others that began at it book the same times."""
    early = SqlStore(engine, clock=clock)
    open_practice(early)
    doctors = ["dr-lee", "dr-kim", "dr-ray"]
    holds = [hold(early, wanted("gel-mask", patient=n, resources={"provider": doctors[n]})) for n in range(3)]
    end = clock.now + TEN_MINUTES
    clock.now = end - timedelta(microseconds=1)
    late = SqlStore(engine, clock=lambda _: end)
    confirms = [lambda one=one: book_hold(early, one.hold_id, actor="ann") for one in holds for _ in range(2)]
    books = [
        lambda n=n: book_visit(
            late, wanted("gel-mask", patient=10 + n, resources={"provider": doctors[n % 3]}), actor="bob"
        )
        for n in range(9)
    ]
    tasks = [*books, *confirms] if seed % 2 else [*confirms, *books]
    outcomes = at_once(tasks, threads=15)
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert sum(isinstance(one, Booked) for one in outcomes) == 3  # one for each provider, and three tubes of gel
    assert count(owner, "visit") == count(owner, "stock_promise") == 3
    assert_nobody_is_booked_twice(owner)


def test_stock_of_a_hold_that_is_being_booked_is_waited_for(
    store: SqlStore, engine: Engine, owner: Engine, clock: HandClock
) -> None:
    """All gel is held and being booked just in time; whoever comes at the end for another provider must not get it."""
    holds = [hold(store, wanted("gel-mask", 30 * n, patient=n, resources={"provider": "dr-lee"})) for n in range(3)]
    end = clock.now + TEN_MINUTES
    late = SqlStore(engine, clock=lambda _: end)
    wish = wanted("gel-mask", patient=9, resources={"provider": "dr-kim"})
    outcomes: list[object] = []
    other = threading.Thread(target=lambda: outcomes.append(book_visit(late, wish, actor="bob")))
    with store.begin("test") as work:
        assert all(work.holds.confirm(one.hold_id) for one in holds)
        other.start()
        while other.is_alive() and not _somebody_waits(owner):
            pass
    other.join()
    assert outcomes == [Refusal(("no_stock",))]
    assert count(owner, "stock_promise") == 3


def _somebody_waits(owner: Engine) -> bool:
    waiting = text("""
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'""")
    with owner.connect() as connection:
        return bool(connection.execute(waiting).scalar_one())


def test_ten_simultaneous_identical_requests_book_once(store: SqlStore, owner: Engine) -> None:
    outcomes = at_once([lambda: book_visit(store, wanted("laser"), actor="test", key="k") for _ in range(10)], 10)
    assert all(isinstance(one, Booked) for one in outcomes)
    assert count(owner, "visit") == 1


def test_holding_confirming_and_cancelling_at_once_leave_a_whole_book(store: SqlStore, owner: Engine) -> None:
    def live(n: int) -> object:
        held = hold_visit(store, wanted("consult", 30 * (n % 6), patient=n), actor="test")
        if isinstance(held, Refusal):
            return held
        booked = book_hold(store, held.hold_id, actor="test")
        assert isinstance(booked, Booked)
        return cancel_visit(store, booked.visits[0].id, actor="test") if n % 3 == 0 else booked

    outcomes = at_once([lambda n=n: live(n) for n in range(48)])
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert_nobody_is_booked_twice(owner)
    assert count(owner, "hold") == 0


def test_the_day_board_shows_a_hold_until_it_is_over(engine: Engine, owner: Engine) -> None:
    store = SqlStore(engine)
    open_practice(store)
    hold(store, wanted("gel-mask", resources={"provider": "dr-lee"}))
    board = BoardQuery(engine)
    (here,) = board.load_locations()
    (shown,) = board.load_day(here, NINE.date()).blocks
    assert (shown.resource_id, shown.span, shown.reason) == ("dr-lee", Span(NINE, NINE + timedelta(minutes=30)), "hold")
    with owner.begin() as connection:
        connection.execute(text("UPDATE hold SET expires_at = now()"))
    assert board.load_day(here, NINE.date()).blocks == ()
