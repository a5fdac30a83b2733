"""A visit that does not go as planned, on the tables: its claims are firm, whom it meets is contested."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from hub.canonical.time import Span
from hub.operations.apply_practice import apply_practice
from hub.operations.block_time import block_time
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.operations.run_visit import Ran, finish_visit, late_visit, overrun_visit
from hub.ports import FactClaim
from hub.scheduling.decision import Refusal
from hub.store.unit_of_work import SqlStore
from tests.integration.operations import outside_practice as outside
from tests.integration.operations.small_practice import (
    NINE,
    PRACTICE,
    assert_nobody_is_booked_twice,
    count_rows,
    open_practice,
    wanted,
)
from tests.integration.operations.test_booking_races import at_once

WITH_LEE = {"provider": "dr-lee", "room": "room-1"}


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def clock() -> list[object]:
    return [NINE + minutes(5)]


@pytest.fixture
def store(engine: Engine, clock: list) -> SqlStore:
    made = SqlStore(engine, clock=lambda _: clock[0])
    open_practice(made)
    return made


def book(store: SqlStore, clock: list, after: int, patient: int, service: str = "consult", **asked) -> str:
    now, clock[0] = clock[0], NINE - minutes(600)
    booked = book_visit(store, wanted(service, after, patient=patient, **asked), actor="ann")
    clock[0] = now
    assert isinstance(booked, Booked)
    return booked.visits[0].id


def claims(owner: Engine, visit_id: str) -> list[tuple[str, int, int, bool]]:
    rows = text("""
        SELECT u.owner_id, lower(c.during) AS start, upper(c.during) AS "end", c.firm FROM claim c
        JOIN resource_unit u ON u.id = c.unit_id WHERE c.visit_id = :id ORDER BY lower(c.during), u.owner_id""")
    with owner.connect() as connection:
        return [
            (row.owner_id, (row.start - NINE) // minutes(1), (row.end - NINE) // minutes(1), row.firm)
            for row in connection.execute(rows, {"id": visit_id})
        ]


def issues(owner: Engine) -> list[tuple[str, tuple[str, ...]]]:
    rows = text("SELECT subject_id, codes FROM review_issue WHERE state = 'open' AND kind = 'overlap'")
    with owner.connect() as connection:
        return [(row.subject_id, tuple(row.codes)) for row in connection.execute(rows)]


def test_what_runs_over_is_firm_and_whom_it_meets_is_contested_with_its_reason(store, owner, clock) -> None:
    first = book(store, clock, 0, 1, resources=WITH_LEE)
    second = book(store, clock, 30, 2, resources=WITH_LEE)
    ran = overrun_visit(store, first, minutes=10, actor="bob", push_to=["ehr"])
    assert isinstance(ran, Ran)
    assert [(one.visit_id, one.minutes, one.because) for one in ran.knock_on.pushed] == [
        (second, 10, ("dr-lee", "room-1"))
    ]
    assert ran.knock_on.contested == (second,)
    assert claims(owner, first) == [("dr-lee", 0, 40, True), ("pat-1", 0, 40, True), ("room-1", 0, 40, True)]
    assert claims(owner, second) == [("dr-lee", 30, 60, False), ("pat-2", 30, 60, True), ("room-1", 30, 60, False)]
    assert issues(owner) == [(second, ("provider", "room"))]


def test_the_fact_is_told_in_one_transaction_with_its_audit_row_and_word_to_the_systems(store, owner, clock) -> None:
    visit_id = book(store, clock, 0, 1)
    before = count_rows(owner)
    late_visit(store, visit_id, minutes=10, actor="bob", push_to=["ehr"])
    after = count_rows(owner)
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {"domain_event": 1, "audit_entry": 1, "outbox_delivery": 1}
    with owner.connect() as connection:
        event = connection.execute(text("SELECT name, data FROM domain_event ORDER BY id DESC LIMIT 1")).one()
        audit = connection.execute(text("SELECT actor, action, patient_id FROM audit_entry ORDER BY id DESC")).first()
    nine, ten_past = NINE.isoformat(), (NINE + minutes(10)).isoformat()
    assert event.name == "visit_delayed"
    assert event.data == {"from": nine, "to": ten_past, "contested": [], "waiting": {}}
    assert tuple(audit) == ("bob", "late_visit", "pat-1")


@pytest.mark.parametrize("leave", ["move", "cancel", "finish"])
def test_what_was_contested_is_firm_again_when_the_obstacle_goes(store, owner, clock, leave) -> None:
    first = book(store, clock, 0, 1, resources=WITH_LEE)
    second = book(store, clock, 30, 2, resources=WITH_LEE)
    overrun_visit(store, first, minutes=10, actor="bob")
    if leave == "move":
        assert isinstance(move_visit(store, MoveRequest([second], NINE + minutes(60)), actor="bob"), Moved)
    elif leave == "cancel":
        cancel_visit(store, first, actor="bob")
    else:
        clock[0] = NINE + minutes(25)
        finish_visit(store, first, actor="bob")
    assert issues(owner) == []
    assert {firm for *_, firm in claims(owner, second)} == {True}
    assert_nobody_is_booked_twice(owner)


def test_a_shift_into_another_unit_of_a_lounge_meets_nobody(store, owner, clock) -> None:
    first = book(store, clock, 0, 1, "drip")
    book(store, clock, 0, 2, "drip")
    third = book(store, clock, 60, 3, "drip")
    ran = overrun_visit(store, first, minutes=30, actor="bob")
    assert isinstance(ran, Ran)
    assert ran.knock_on.contested == ()
    assert {firm for *_, firm in [*claims(owner, first), *claims(owner, third)]} == {True}
    assert_nobody_is_booked_twice(owner)


def test_a_hold_that_is_met_can_be_booked_and_is_contested_then(store, owner, clock) -> None:
    first = book(store, clock, 0, 1, resources=WITH_LEE)
    held = hold_visit(store, wanted(minutes=30, patient=2, resources=WITH_LEE), actor="ann")
    assert isinstance(held, Held)
    ran = overrun_visit(store, first, minutes=10, actor="bob")
    assert isinstance(ran, Ran)
    assert (ran.knock_on.contested, ran.knock_on.pushed) == ((held.hold_id,), ())
    booked = book_hold(store, held.hold_id, actor="ann")
    assert isinstance(booked, Booked)
    assert issues(owner) == [(booked.visits[0].id, ("provider", "room"))]


def test_a_block_that_is_met_waits_for_a_person(store, owner, clock) -> None:
    first = book(store, clock, 0, 1, resources=WITH_LEE)
    block_time(store, "cleaning", ["room-1"], Span(NINE + minutes(30), NINE + minutes(45)), actor="ann")
    ran = overrun_visit(store, first, minutes=5, actor="bob")
    assert isinstance(ran, Ran)
    assert ran.knock_on.contested == ("cleaning",)
    assert issues(owner) == [("cleaning", ("time",))]


def test_a_fact_from_outside_without_steps_runs_over_as_one(store, owner, clock) -> None:
    visit_id = book(store, clock, 0, 1, "laser")
    with store.begin("test") as work:
        work.claims.place([FactClaim("resource", "room-1", Span(NINE, NINE + minutes(45)), visit_id=visit_id)])
    ran = overrun_visit(store, visit_id, step="shoot", minutes=10, actor="bob")
    assert ran == Refusal(("not_begun",))
    ran = overrun_visit(store, visit_id, step="numb", minutes=10, actor="bob")
    assert isinstance(ran, Ran)
    assert claims(owner, visit_id) == [("room-1", 0, 55, True)]


def test_the_lengths_that_were_booked_count_and_not_those_of_a_newer_practice_file(store, owner, clock) -> None:
    visit_id = book(store, clock, 0, 1, "laser", resources=WITH_LEE)
    apply_practice(store, PRACTICE.replace("minutes: 25", "minutes: 40"), "practice.yaml")
    clock[0] = NINE + minutes(26)
    ran = overrun_visit(store, visit_id, minutes=5, actor="bob")
    assert isinstance(ran, Ran)
    assert [row[:3] for row in claims(owner, visit_id)] == [
        ("pat-1", 0, 50),
        ("room-1", 0, 25),
        ("dr-lee", 25, 50),
        ("room-1", 25, 50),
        ("room-1", 50, 60),
    ]


def test_what_is_refused_changes_nothing(store, owner, clock) -> None:
    visit_id = book(store, clock, 0, 1)
    before = count_rows(owner), claims(owner, visit_id)
    refusals = [
        late_visit(store, "nobody", minutes=5, actor="bob"),
        overrun_visit(store, visit_id, until=NINE + minutes(30), actor="bob"),
        overrun_visit(store, visit_id, step="dance", minutes=5, actor="bob"),
        finish_visit(store, visit_id, at=NINE, actor="bob"),
        finish_visit(store, visit_id, at=NINE + minutes(6), actor="bob"),
    ]
    codes = ["not_booked", "not_over", "unknown_step", "not_begun", "in_the_future"]
    assert refusals == [Refusal((code,)) for code in codes]
    assert (count_rows(owner), claims(owner, visit_id)) == before


def test_while_one_runs_over_others_book_and_nobody_is_firm_twice(store, owner, clock) -> None:
    first = book(store, clock, 0, 1, resources=WITH_LEE)

    tasks = [lambda: overrun_visit(store, first, minutes=25, actor="bob")]
    tasks += [lambda n=n: book_visit(store, wanted(minutes=30, patient=n), actor="ann") for n in range(2, 8)]
    done = at_once(tasks, threads=4)
    assert isinstance(done[0], Ran)
    firm_twice = text("""
        SELECT count(*) FROM claim a JOIN claim b ON a.unit_id = b.unit_id AND a.id < b.id AND a.during && b.during
        WHERE a.firm AND b.firm""")
    with owner.connect() as connection:
        assert connection.execute(firm_twice).scalar_one() == 0
    assert {firm for *_, firm in claims(owner, first)} == {True}


def test_a_visit_from_outside_that_left_its_room_open_goes_to_another_one(engine, owner) -> None:
    """What others booked is met, and stands elsewhere with what the engine may choose for it."""
    now = [outside.NINE - minutes(600)]
    store = SqlStore(engine, clock=lambda _: now[0])
    outside.open_practice(store)
    asked = {"provider": "dr-lee", "room": "room-1"}
    booked = book_visit(store, outside.wanted(resources=asked), actor="ann")
    assert isinstance(booked, Booked)
    beside = book_visit(store, outside.wanted(patient=1, resources={"room": "room-2"}), actor="ann")
    assert isinstance(beside, Booked)
    outside.arrive(store, outside.fact("from-ehr", 30, provider_id="dr-ray"))
    (room,) = outside.rooms(owner, "from-ehr")
    runs = {one.room_id: one.id for one in (*booked.visits, *beside.visits)}[room]
    now[0] = outside.NINE + minutes(20)
    ran = overrun_visit(store, runs, minutes=15, actor="bob")
    assert isinstance(ran, Ran)
    assert ran.knock_on.contested == ("from-ehr",)
    assert outside.rooms(owner, "from-ehr") == [{"room-1": "room-2", "room-2": "room-1"}[room]]
    assert issues(owner) == []
