"""Moved, cancelled, missed, completed: each in one transaction, with what hangs on it."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.canonical.time import Span
from hub.errors import InvalidInput
from hub.operations.add_away import add_away
from hub.operations.block_time import block_time
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.complete_visit import complete_visit
from hub.operations.find_openings import find_openings
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.operations.no_show_visit import no_show_visit
from hub.ports import FactClaim, Placed
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.operations.small_practice import (
    NINE,
    assert_nobody_is_booked_twice,
    count_rows,
    open_practice,
    wanted,
)
from tests.integration.operations.test_booking_races import at_once

HALF = timedelta(minutes=30)


@pytest.fixture
def clock() -> list[object]:
    return [NINE - timedelta(days=3)]


@pytest.fixture
def store(engine: Engine, clock: list) -> SqlStore:
    made = SqlStore(engine, clock=lambda _: clock[0])
    open_practice(made)
    return made


def book(store: SqlStore, request: BookingRequest) -> str:
    booked = book_visit(store, request, actor="ann")
    assert isinstance(booked, Booked)
    return booked.visits[0].id


def everything(owner: Engine) -> list[list[tuple[object, ...]]]:
    tables = ("visit", "claim", "stock_promise", "package_use", "lot", "domain_event", "audit_entry", "outbox_delivery")
    with owner.connect() as connection:
        return [
            [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name} ORDER BY id"))] for name in tables
        ]


def test_a_moved_visit_is_the_same_one_at_another_time(store: SqlStore, owner: Engine) -> None:
    visit_id = book(store, wanted("laser", resources={"provider": "dr-lee"}))
    moved = move_visit(store, MoveRequest([visit_id], NINE + HALF), actor="bob", push_to=["ehr"])
    assert isinstance(moved, Moved)
    assert [(one.id, one.start, one.provider_id) for one in moved.visits] == [(visit_id, NINE + HALF, "dr-lee")]
    with owner.connect() as connection:
        first = text("SELECT min(lower(during)) FROM claim WHERE visit_id = :id")
        assert connection.execute(first, {"id": visit_id}).scalar_one() == NINE + HALF
        names = text("SELECT name FROM domain_event WHERE subject_id = :id ORDER BY id")
        assert list(connection.execute(names, {"id": visit_id}).scalars()) == ["visit_booked", "visit_moved"]
    assert count_rows(owner)["outbox_delivery"] == 1


def test_a_refused_move_changes_nothing_at_all(store: SqlStore, owner: Engine) -> None:
    visit_id = book(store, wanted("gel-mask", resources={"provider": "dr-lee"}))
    book(store, wanted("gel-mask", 60, patient=1, resources={"provider": "dr-lee"}))
    before = everything(owner)
    with_lee = MoveRequest([visit_id], NINE + 2 * HALF, resources={"provider": "dr-lee"})
    assert move_visit(store, with_lee, actor="bob", push_to=["ehr"]) == Refusal(("no_provider",))
    with pytest.raises(InvalidInput):
        move_visit(store, MoveRequest([visit_id], NINE + timedelta(seconds=1)), actor="bob")
    assert everything(owner) == before


def test_a_move_keeps_whom_the_booking_asked_for_where_that_works_and_else_takes_anybody(store: SqlStore) -> None:
    visit_id = book(store, wanted("gel-mask", resources={"provider": "dr-kim"}))
    book(store, wanted("gel-mask", 60, patient=1, resources={"provider": "dr-kim"}))
    for minutes, provider in ((30, "dr-kim"), (60, "dr-lee"), (0, "dr-kim")):
        moved = move_visit(store, MoveRequest([visit_id], NINE + timedelta(minutes=minutes)), actor="bob")
        assert isinstance(moved, Moved)
        assert dict(moved.booking.visits[0].resources)["provider"] == provider


def test_what_a_moved_visit_leaves_goes_to_the_fact_that_waited_for_it(store: SqlStore) -> None:
    visit_id = book(store, wanted("gel-mask", resources={"provider": "dr-lee"}))
    span = Span(NINE, NINE + HALF)
    with store.begin("test") as work:
        work.claims.save_block("lunch", "main", span)
        assert work.claims.place([FactClaim("resource", "dr-lee", span, block_id="lunch")]).contested == 1
    assert isinstance(move_visit(store, MoveRequest([visit_id], NINE + 2 * HALF), actor="bob"), Moved)
    with store.begin("test") as work:
        assert work.issues.find_open("overlap") == ()


def test_units_come_out_of_the_lots_and_say_into_whom(store: SqlStore, owner: Engine, clock: list) -> None:
    visit_id = book(store, wanted("gel-mask"))
    assert complete_visit(store, visit_id, actor="ann") == Refusal(("not_begun",))
    clock[0] = NINE
    assert complete_visit(store, visit_id, actor="ann", used={"gel": Decimal(4)}) == Refusal(("no_stock",))
    assert not isinstance(complete_visit(store, visit_id, actor="ann", used={"gel": Decimal(2)}), Refusal)
    with owner.connect() as connection:
        query = text(
            "SELECT l.on_hand, -u.change, u.visit_id FROM lot l JOIN lot_movement u ON u.lot_id = l.id"
            " WHERE u.kind = 'used'"
        )
        assert [tuple(row) for row in connection.execute(query)] == [(1, 2, visit_id)]
    assert count_rows(owner)["stock_promise"] == 0
    for again in (complete_visit, cancel_visit, no_show_visit):
        assert again(store, visit_id, actor="ann") == Refusal(("not_booked",))
    assert move_visit(store, MoveRequest([visit_id], NINE), actor="ann") == Refusal(("not_booked",))


def test_whoever_is_away_is_not_offered_and_not_booked(store: SqlStore) -> None:
    day = NINE.date()
    looking = OpeningsRequest(wanted("gel-mask", resources={"provider": "dr-lee"}).trip, day, day)
    stays = book(store, wanted("gel-mask", patient=1, resources={"provider": "dr-lee"}))
    assert add_away(store, "dr-who", Span(NINE, NINE + HALF), actor="ann") == Refusal(("unknown_resource",))
    add_away(store, "dr-lee", Span(NINE, NINE + 2 * HALF), actor="ann", reason="leave")
    found = find_openings(store, looking)
    assert not isinstance(found, Refusal)
    assert found.arrivals[0] == NINE + 2 * HALF
    refused = book_visit(store, wanted("gel-mask", 30, resources={"provider": "dr-lee"}), actor="ann")
    assert refused == Refusal(("no_provider",))
    assert not isinstance(cancel_visit(store, stays, actor="ann"), Refusal)


def test_a_block_takes_one_unit_of_each_and_leaves_what_is_booked(store: SqlStore) -> None:
    booked = book(store, wanted("gel-mask", resources={"provider": "dr-lee"}))
    span = Span(NINE, NINE + HALF)
    assert block_time(store, "b-1", ["lounge", "dr-who"], span, actor="ann") == Refusal(("unknown_resource",))
    placed = block_time(store, "b-1", ["lounge", "dr-lee"], span, actor="ann", reason="cleaning")
    assert placed == Placed(firm=1, contested=1, contested_visits=())
    assert isinstance(book_visit(store, wanted("drip", patient=1), actor="ann"), Booked)
    assert book_visit(store, wanted("drip", patient=2), actor="ann") == Refusal(("no_lounge",))
    cancel_visit(store, booked, actor="ann")
    with store.begin("test") as work:
        assert work.issues.find_open("overlap") == ()


def test_a_package_pays_once_whoever_holds_or_books(store: SqlStore, owner: Engine, clock: list) -> None:
    """One credit, sixteen who hold or book at different hours: one of them has it; not lost as a fee it comes back."""
    with owner.begin() as connection:
        connection.execute(
            text("INSERT INTO package (id, patient_id, service_id, credits) VALUES ('pk', 'pat-0', 'consult', 1)")
        )

    def paid(n: int) -> BookingRequest:
        trip = replace(wanted().trip, parts=(Part("consult", "pat-0", package_id="pk"),))
        return BookingRequest(trip, NINE + (n % 6) * HALF)

    tasks = [
        lambda n=n: hold_visit(store, paid(n), actor="test") if n % 2 else book_visit(store, paid(n), actor="test")
        for n in range(16)
    ]
    outcomes = at_once(tasks)
    assert sum(isinstance(one, Booked | Held) for one in outcomes) == 1
    assert all("no_credit" in one.reasons for one in outcomes if isinstance(one, Refusal))
    for one in outcomes:
        if isinstance(one, Held):
            assert isinstance(book_hold(store, one.hold_id, actor="test"), Booked)
    with owner.connect() as connection:
        (visit_id,) = connection.execute(text("SELECT visit_id FROM package_use")).scalars()
    cancel_visit(store, visit_id, actor="test")
    again = book(store, paid(3))
    clock[0] = NINE + 3 * HALF
    assert not isinstance(no_show_visit(store, again, actor="test"), Refusal)  # the policy has no fee for it
    with owner.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM package_use")).scalar_one() == 0


def test_the_fee_is_that_of_the_policy_that_was_accepted(store: SqlStore, owner: Engine, clock: list) -> None:
    """The practice makes its policy dearer after the booking."""
    visit_id = book(store, wanted("gel-mask"))
    with owner.begin() as connection:
        connection.execute(text("UPDATE visit SET price_minor = 10000, price_currency = 'USD'"))
        dearer = "document || 'policy: {cancellation: [{no_show: true, fee_share: 1.0}]}'"
        insert = (
            f"INSERT INTO practice_version (name, document, sha256) SELECT name, {dearer}, '' FROM practice_version"
        )
        connection.execute(text(insert))
    clock[0] = NINE
    ended = no_show_visit(store, visit_id, actor="ann")
    assert not isinstance(ended, Refusal)
    assert ended.settlement.fee == 0
    later = book(store, wanted("gel-mask", 60))
    with owner.begin() as connection:
        connection.execute(text("UPDATE visit SET price_minor = 10000, price_currency = 'USD'"))
    clock[0] = NINE + 2 * HALF
    ended = no_show_visit(store, later, actor="ann")
    assert not isinstance(ended, Refusal)
    assert ended.settlement.fee == 10000


def test_moving_booking_holding_and_cancelling_at_once_leave_a_whole_book(store: SqlStore, owner: Engine) -> None:
    visits = [book(store, wanted("consult", 30 * (n % 6), patient=n)) for n in range(6)]
    moves = [
        lambda n=n: move_visit(store, MoveRequest([visits[n % 6]], NINE + (n % 5) * HALF), actor="test")
        for n in range(18)
    ]
    books = [lambda n=n: book_visit(store, wanted("laser", 5 * n, patient=20 + n), actor="test") for n in range(18)]
    holds = [lambda n=n: hold_visit(store, wanted("drip", 5 * n, patient=40 + n), actor="test") for n in range(12)]
    cancels = [lambda n=n: cancel_visit(store, visits[n], actor="test") for n in range(3)]
    outcomes = at_once([*moves[:9], *books[:9], *cancels, *holds, *moves[9:], *books[9:]])
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert any(isinstance(one, Held) for one in outcomes)
    assert_nobody_is_booked_twice(owner)


HOLDER = """
import sys
from hub.operations.block_time import block_time
from hub.operations.book_visit import book_hold
from hub.store.checkpoint import kill_at_named_point
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
book_hold(SqlStore(application_engine(sys.argv[1]), kill_at_named_point), sys.argv[2], actor="test", key="k")
"""


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_a_process_killed_while_it_confirms_leaves_the_hold_or_the_visit(
    point: str, engine: Engine, owner: Engine, database: Database
) -> None:
    store = SqlStore(engine)
    open_practice(store)
    held = hold_visit(store, wanted("gel-mask"), actor="ann")
    assert isinstance(held, Held)
    _killed(HOLDER, f"book_visit:{point}", database, held.hold_id)
    again = book_hold(store, held.hold_id, actor="test", key="k")
    assert isinstance(again, Booked)
    assert [one.id for one in again.visits] == [held.hold_id]
    assert count_rows(owner) | {"domain_event": 0, "audit_entry": 0} == {
        "visit": 1,
        "claim": 2,
        "stock_promise": 1,
        "booking_key": 1,
        "domain_event": 0,
        "audit_entry": 0,
        "outbox_delivery": 0,
    }


def _killed(program: str, point: str, database: Database, subject: str) -> None:
    root = Path(__file__).parents[3]
    arguments = [sys.executable, "-c", program, database.text_url, subject]
    environment = os.environ | {"HUB_KILL_AT": point, "PYTHONPATH": str(root)}
    killed = subprocess.run(arguments, check=False, cwd=root, env=environment, capture_output=True, timeout=600)
    assert killed.returncode == -signal.SIGKILL


MOVER = """
import sys
from hub.operations.move_visit import MoveRequest, move_visit
from hub.store.checkpoint import kill_at_named_point
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE, timedelta
store = SqlStore(application_engine(sys.argv[1]), kill_at_named_point)
move_visit(store, MoveRequest([sys.argv[2]], NINE + timedelta(hours=1)), actor="test", push_to=["ehr"])
"""


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_a_process_killed_while_it_moves_leaves_the_visit_here_or_there(
    point: str, store: SqlStore, owner: Engine, database: Database
) -> None:
    visit_id = book(store, wanted("gel-mask"))
    before = everything(owner)
    _killed(MOVER, f"move_visit:{point}", database, visit_id)
    if point == "before_commit":
        assert everything(owner) == before
        return
    with owner.connect() as connection:
        assert connection.execute(text("SELECT start FROM visit")).scalar_one() == NINE + 2 * HALF
    assert count_rows(owner)["outbox_delivery"] == 1
