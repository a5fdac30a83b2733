"""Lots, vials and counts in the tables: many at once, killed at any point, and nobody writes beside the ledger."""

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.check_stock import StockCheck, check_stock
from hub.operations.complete_visit import complete_visit
from hub.operations.move_visit import MoveRequest, move_visit
from hub.operations.stockroom import Stockroom
from hub.scheduling.counts import Counted, CountRequest, WasteRequest
from hub.scheduling.decision import Refusal
from hub.scheduling.ledger import Movement
from hub.scheduling.request import BookingRequest
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.operations.small_practice import NINE, PRACTICE, open_practice, wanted
from tests.integration.operations.test_booking_races import at_once
from tests.integration.operations.test_stock_on_postgresql import assert_the_ledger_adds_up

VIALS = PRACTICE.replace(
    "products: [{id: gel, unit: tube}]", "products: [{id: gel, unit: tube, vial: {units: 10, open_hours: 24}}]"
).replace("on_hand: 3", "on_hand: 20")
LOT = ("gel", "main", "G1")


@pytest.fixture
def clock() -> list:
    return [NINE - timedelta(days=1)]


@pytest.fixture
def store(engine: Engine, clock: list) -> SqlStore:
    store = SqlStore(engine, clock=lambda _: clock[0])
    open_practice(store)
    apply_practice(store, VIALS, "vials.yaml")
    with store.begin("test") as work:  # the lot of the first file keeps its count
        assert [lot.on_hand for lot in work.stock.load_lots("main", ["gel"])] == [3]
    Stockroom(store, "test").receive(LOT, Decimal(17), date(2099, 12, 31))
    return store


def book(store: SqlStore, minutes: int, patient: int) -> str:
    booked = book_visit(store, wanted("gel-mask", minutes, patient=patient), actor="test")
    assert isinstance(booked, Booked)
    return booked.visits[0].id


def vials(owner: Engine) -> list[tuple[Decimal, ...]]:
    with owner.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT remaining FROM open_vial ORDER BY remaining"))]


def test_many_who_draw_from_one_open_vial_take_each_unit_once(store: SqlStore, owner: Engine, clock: list) -> None:
    visits = [book(store, 30 * (n // 3), n) for n in range(15)]
    clock[0] = NINE + timedelta(hours=3)
    assert isinstance(Stockroom(store, "test").open_vial("gel", "main", "dr-lee"), Movement)
    used = {"gel": Decimal(2)}
    done = at_once([lambda v=v: complete_visit(store, v, actor="test", used=used) for v in visits])
    assert [one for one in done if isinstance(one, Exception)] == []
    assert sorted(one.reasons for one in done if isinstance(one, Refusal)) == [("no_stock",)] * 5
    assert sum(isinstance(one, tuple) for one in done) == 10
    assert_the_ledger_adds_up(owner)
    with owner.connect() as connection:
        assert connection.execute(text("SELECT on_hand FROM lot")).scalar_one() == 0
        per_visit = text("SELECT visit_id, -sum(change) FROM lot_movement WHERE kind = 'used' GROUP BY visit_id")
        assert {row[1] for row in connection.execute(per_visit)} == {2}
    assert vials(owner) == [(0,), (0,)]


def test_using_wasting_counting_and_opening_at_once_keep_the_sum(store: SqlStore, owner: Engine, clock: list) -> None:
    room = Stockroom(store, "test")
    visits = [book(store, 30 * (n // 3), n) for n in range(9)]
    clock[0] = NINE + timedelta(hours=3)
    tasks = [lambda v=v: complete_visit(store, v, actor="test") for v in visits]
    tasks += [lambda: room.open_vial("gel", "main", "dr-lee")] * 3
    tasks += [lambda: room.waste(WasteRequest(LOT, Decimal(2), "dr-lee", "dr-kim", "spilled"))] * 3
    tasks += [lambda n=n: room.count(CountRequest(LOT, Decimal(n), "dr-ray", "recount")) for n in (5, 9)]
    done = at_once(tasks)
    assert [one for one in done if isinstance(one, Exception)] == []
    assert any(isinstance(one, Counted) for one in done)
    assert_the_ledger_adds_up(owner)


OVERDRAWN = """
    INSERT INTO lot_movement (lot_id, kind, at, change, actor, vial_id)
    SELECT l.id, 'used', now(), -11, 'x', v.id FROM lot l, open_vial v"""
COMPLETER = """
import sys
from datetime import date, timedelta
from hub.operations.complete_visit import complete_visit
from hub.operations.move_visit import MoveRequest, move_visit
from hub.store.checkpoint import kill_at_named_point
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE
store = SqlStore(application_engine(sys.argv[1]), kill_at_named_point, clock=lambda _: NINE + timedelta(hours=1))
complete_visit(store, sys.argv[2], actor="test", push_to=["ehr"])
"""


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_a_process_killed_while_it_draws_from_a_vial_took_all_of_it_or_nothing(
    point: str, store: SqlStore, owner: Engine, database: Database, clock: list
) -> None:
    visit_id = book(store, 0, 0)
    root = Path(__file__).parents[3]
    arguments = [sys.executable, "-c", COMPLETER, database.text_url, visit_id]
    environment = os.environ | {"HUB_KILL_AT": f"complete_visit:{point}", "PYTHONPATH": str(root)}
    killed = subprocess.run(arguments, check=False, cwd=root, env=environment, capture_output=True, timeout=600)
    assert killed.returncode == -signal.SIGKILL
    assert_the_ledger_adds_up(owner)
    clock[0] = NINE + timedelta(hours=1)
    again = complete_visit(store, visit_id, actor="test")
    assert (again == Refusal(("not_booked",))) == (point == "after_commit")
    with owner.connect() as connection:
        assert connection.execute(text("SELECT on_hand FROM lot")).scalar_one() == 19
        lines = connection.execute(text("SELECT kind FROM lot_movement WHERE visit_id = :v"), {"v": visit_id})
        assert list(lines.scalars()) == ["used"]
    assert vials(owner) == [(9,)]


def test_hours_that_end_are_written_off_once_and_at_their_own_moment(
    store: SqlStore, owner: Engine, clock: list
) -> None:
    opened = Stockroom(store, "test").open_vial("gel", "main", "dr-lee")
    assert isinstance(opened, Movement)
    clock[0] += timedelta(hours=24)
    done = at_once([lambda: check_stock(store) for _ in range(6)])
    assert sorted(one.lapsed for one in done if isinstance(one, StockCheck)) == [0, 0, 0, 0, 0, 1]
    with owner.connect() as connection:
        row = connection.execute(text("SELECT at, change, reason, provider_id FROM lot_movement WHERE kind = 'wasted'"))
        assert tuple(row.one()) == (opened.closes_at, -10, "lapsed", None)
    assert_the_ledger_adds_up(owner)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lot SET on_hand = 99",
        "INSERT INTO lot (product_id, location_id, name, expires_on, on_hand) VALUES ('gel', 'main', 'X', now(), 5)",
        "UPDATE open_vial SET remaining = 99",
        "UPDATE lot_movement SET change = 99",
        "INSERT INTO lot_movement (lot_id, kind, at, change, actor) SELECT id, 'used', now(), -99, 'x' FROM lot",
        "INSERT INTO lot_movement (lot_id, kind, at, change, actor) SELECT id, 'used', now(), 99, 'x' FROM lot",
        OVERDRAWN,
    ],
)
def test_nobody_changes_what_a_lot_holds_beside_the_ledger_or_below_nothing(
    statement: str, store: SqlStore, engine: Engine, owner: Engine
) -> None:
    Stockroom(store, "test").open_vial("gel", "main", "dr-lee")
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(statement))
    assert_the_ledger_adds_up(owner)


def test_a_variance_waits_for_its_reason_and_is_audited(store: SqlStore, owner: Engine) -> None:
    room = Stockroom(store, "ann")
    for found in (18, 17):
        counted = room.count(CountRequest(LOT, Decimal(found), "dr-lee"))
        assert isinstance(counted, Counted)
        assert counted.is_open
    report = room.variance()
    assert report.unexplained == {LOT: Decimal(-3)}
    with store.begin("look") as work:
        (issue,) = work.issues.find_open("stock_variance")
    assert issue.detail["problems"] == ["Lot G1 of gel at main: -3 against the book"]
    assert "gel/main/G1: received +20, used +0, wasted +0, adjusted -3; on hand 17, -3 unexplained" in report.lines()
    assert room.explain(LOT, " ", "dr-lee") == Refusal(("reason_missing",))
    assert room.explain(LOT, "broken at delivery", "dr-lee") is None
    assert room.explain(LOT, "again", "dr-lee") == Refusal(("no_variance",))
    assert room.variance().unexplained == {}
    with owner.connect() as connection:
        audit = text("SELECT actor, reason FROM audit_entry WHERE action = 'explain_variance'")
        assert tuple(connection.execute(audit).one()) == ("ann", "broken at delivery")


def test_a_shortage_beyond_the_strict_days_is_a_task_that_closes_itself(store: SqlStore) -> None:
    apply_practice(store, VIALS.replace("unit: tube,", "unit: tube, strict_days: 0,"), "later.yaml")
    room = Stockroom(store, "test")
    room.waste(WasteRequest(LOT, Decimal(19), "dr-lee", "dr-kim", "spoilt"))
    book(store, 0, 0)
    second = book(store, 30, 1)
    (task,) = room.reorders()
    assert task == {
        "product": "gel",
        "location": "main",
        "needed_on": "2098-03-03",
        "quantity": "1",
        "problems": ["1 tube of gel short at main from 2098-03-03"],
    }
    cancel_visit(store, second, actor="test")
    assert room.reorders() == ()
    book(store, 30, 2)
    assert len(room.reorders()) == 1
    room.receive(("gel", "main", "NEW"), Decimal(5), date(2099, 1, 1))
    assert room.reorders() == ()
    assert check_stock(store) == StockCheck(lapsed=0, reorders=0)


def test_what_is_promised_of_an_always_strict_product_and_then_lost_is_reordered_until_it_is_given_back(
    store: SqlStore,
) -> None:
    room = Stockroom(store, "test")
    visits = [book(store, 30 * n, n) for n in range(3)]
    assert room.reorders() == ()
    room.waste(WasteRequest(LOT, Decimal(18), "dr-lee", "dr-kim", "spoilt"))
    assert [task["quantity"] for task in room.reorders()] == ["1"]
    cancel_visit(store, visits[0], actor="test")
    assert room.reorders() == ()
    over = wanted("gel-mask", 90, patient=3)
    override = BookingRequest(over.trip, over.arrives_at, frozenset({"no_stock"}), "comes by courier", "owner")
    apply_practice(store, VIALS + "policy: {overrides: {owner: [no_stock]}}\n", "owner.yaml")
    assert isinstance(book_visit(store, override, actor="test"), Booked)
    assert [task["quantity"] for task in room.reorders()] == ["1"]
    move_visit(store, MoveRequest((visits[1],), NINE + timedelta(days=1)), actor="test")
    assert [task["quantity"] for task in room.reorders()] == ["1"], "its promise went along"


def test_an_earlier_expiry_that_a_file_brings_is_a_reorder(store: SqlStore) -> None:
    room = Stockroom(store, "test")
    book(store, 0, 0)
    soon = VIALS.replace("expires: 2099-12-31", "expires: 2098-03-02")
    apply_practice(store, soon, "soon.yaml")
    assert [task["quantity"] for task in room.reorders()] == ["1"]
    apply_practice(store, VIALS, "vials.yaml")
    assert room.reorders() == ()
