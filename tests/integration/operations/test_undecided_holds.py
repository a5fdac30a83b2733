"""A hold whose outcome nobody knows takes its time for whoever reads or writes the book, however late it is."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from hub.canonical.time import Span
from hub.operations.book_visit import book_hold, book_visit
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking, confirm_hold
from hub.operations.find_openings import find_openings
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.reconcile_bookings import reconcile_bookings
from hub.ports import FactClaim
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.request import OpeningsRequest
from hub.store.board_query import BoardQuery
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.shared_practice import HandClock, ask, open_practice, others, wanted
from tests.integration.operations.small_practice import NINE

ANN = Asking("ann")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    """Three tubes of gel, all of them in holds that a vendor's silence keeps; a day later."""
    made = SqlStore(engine, clock=clock)
    open_practice(made)
    with others() as here:
        held = hold_visit(made, wanted(), actor="ann")
        assert isinstance(held, Held)
        find_openings(made, OpeningsRequest(wanted().trip, NINE.date(), NINE.date()))  # now there is a copy to follow
        here.vendor.writes = here.vendor.reads = "down"
        assert isinstance(confirm_hold(made, held.hold_id, here.outside, ANN), Undecided)
        for n in (1, 2):
            assert isinstance(confirm_booking(made, wanted(minutes=30 * n, patient=n), here.outside, ANN), Undecided)
        clock.now += timedelta(days=1)
        assert reconcile_bookings(made, here.outside).waiting == 3
    return made


def test_find_offers_nothing_of_it(store: SqlStore) -> None:
    found = find_openings(store, OpeningsRequest(wanted("talk", patient=5).trip, NINE.date(), NINE.date()))
    assert isinstance(found, Openings)
    taken = {NINE + timedelta(minutes=15 * n) for n in range(-1, 6)}
    assert not taken & set(found.arrivals)
    assert NINE + timedelta(minutes=90) in found.arrivals


def test_neither_its_time_nor_its_stock_nor_its_patient_is_given_away(store: SqlStore) -> None:
    with others() as here:
        assert confirm_booking(store, wanted("talk", patient=5), here.outside, ANN) == Refusal(("no_provider",))
        later = wanted(minutes=600, patient=5)
        assert confirm_booking(store, later, here.outside, ANN) == Refusal(("no_stock",))
    elsewhere = wanted("talk", patient=0, location="own")
    assert book_visit(store, elsewhere, actor="ann") == Refusal(("patient_busy",))


def test_facts_are_contested_by_it(store: SqlStore) -> None:
    span = Span(NINE, NINE + timedelta(minutes=30))
    with store.begin("test") as work:
        work.claims.save_block("lunch", "main", span)
        assert work.claims.place([FactClaim("resource", "dr-lee", span, block_id="lunch")]).contested == 1


def test_nobody_else_books_or_takes_it_out(store: SqlStore, owner: Engine) -> None:
    hold_id = str(ask(owner, "SELECT min(trip_id) FROM hold"))
    with others() as here:
        assert confirm_hold(store, hold_id, here.outside, ANN) == Refusal(("hold_expired",))
    with store.begin("test") as work:
        keys = [("claim", "dr-lee", f"2098-03-0{day}") for day in (2, 3, 4)] + [("stock", "gel", "main")]
        assert work.holds.find_over(keys).ids == ()
    assert ask(owner, "SELECT count(*) FROM hold") == 3


def test_the_day_board_shows_it(store: SqlStore, engine: Engine) -> None:
    board = BoardQuery(engine)
    here = next(one for one in board.load_locations() if one.id == "main")
    assert len(board.load_day(here, NINE.date()).blocks) == 3


@pytest.mark.parametrize(
    "change", ["expires_at = now()", "pending_id = NULL", "pending_id = NULL, expires_at = 'infinity'"]
)
def test_the_database_itself_lets_none_expire_nor_be_forgotten(store: SqlStore, owner: Engine, change: str) -> None:
    with pytest.raises(IntegrityError, match="undecided_does_not_expire"), owner.begin() as connection:
        connection.execute(text(f"UPDATE hold SET {change}"))


def test_a_hold_that_nobody_is_asked_about_may_not_last_for_ever(store: SqlStore, owner: Engine) -> None:
    held = hold_visit(store, wanted("talk", 300, patient=7), actor="ann")
    assert isinstance(held, Held)
    with pytest.raises(IntegrityError, match="undecided_does_not_expire"), owner.begin() as connection:
        connection.execute(text("UPDATE hold SET expires_at = '9999-06-01' WHERE id = :id"), {"id": held.hold_id})
    assert book_hold(store, "vis_unknown", actor="ann") == Refusal(("hold_expired",))
