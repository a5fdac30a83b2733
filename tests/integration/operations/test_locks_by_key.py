"""Who changes a visit keeps out only those who want the same; what it frees goes to facts that waited for it."""

import random
import threading
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from hub.canonical.time import Span
from hub.operations.apply_practice import apply_practice
from hub.operations.block_time import block_time
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import Cancellation, cancel_standing, cancel_visit
from hub.operations.complete_visit import complete_visit
from hub.operations.end_visits import Ended
from hub.operations.expire_holds import expire_holds
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.operations.no_show_visit import no_show_visit
from hub.ports import Placed, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.keys import Key
from hub.scheduling.request import BookingRequest
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import (
    NINE,
    PRACTICE,
    assert_nobody_is_booked_twice,
    open_practice,
    wanted,
)
from tests.integration.operations.test_booking_races import at_once

HALF = timedelta(minutes=30)
DAY = NINE.date().isoformat()
LEE = {"provider": "dr-lee"}


@pytest.fixture
def clock() -> list[datetime]:
    return [NINE - timedelta(days=3)]


@pytest.fixture
def store(engine: Engine, clock: list[datetime]) -> SqlStore:
    made = SqlStore(engine, clock=lambda _: clock[0])
    open_practice(made)
    return made


def book(store: SqlStore, request: BookingRequest) -> str:
    booked = book_visit(store, request, actor="ann")
    assert isinstance(booked, Booked)
    return booked.visits[0].id


def block(store: SqlStore, name: str, resource: str, start: datetime, end: datetime) -> Placed:
    placed = block_time(store, name, [resource], Span(start, end), actor="ann")
    assert isinstance(placed, Placed)
    return placed


def waiting_facts(store: SqlStore) -> list[str]:
    with store.begin("test") as work:
        return sorted(issue.subject_id for issue in work.issues.find_open("overlap"))


def does_it_wait_for(
    store: SqlStore,
    owner: Engine,
    keys: Collection[Key],
    change: Callable[[], object],
    meanwhile: Callable[[UnitOfWork], object] = lambda _: None,
) -> tuple[bool, object]:
    """Whether a change waits for one who has these keys and does something then, and what it gives in the end."""
    outcomes: list[object] = []
    other = threading.Thread(target=lambda: outcomes.append(change()))
    waits = text("""
        SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""")
    waited = False
    with store.begin("test") as work, owner.connect() as connection:
        work.bookings.lock(keys)
        other.start()
        while other.is_alive() and not waited:
            waited = bool(connection.execute(waits).scalar_one())
        meanwhile(work)
    other.join()
    return waited, outcomes[0]


@pytest.mark.parametrize(
    ("key", "waits"),
    [
        (("claim", "dr-lee", DAY), True),
        (("claim", "dr-kim", DAY), False),
        (("claim", "dr-lee", (NINE + timedelta(days=1)).date().isoformat()), False),
        (("patient", "pat-0"), True),
        (("patient", "pat-1"), False),
        (("stock", "gel", "main"), True),
        (("visit", "vis_another"), False),
    ],
)
def test_a_cancellation_waits_for_those_who_want_the_same_and_for_nobody_else(
    store: SqlStore, owner: Engine, key: Key, waits: bool
) -> None:
    visit_id = book(store, wanted("gel-mask", resources=LEE))
    waited, ended = does_it_wait_for(store, owner, [key], lambda: cancel_visit(store, visit_id, actor="ann"))
    assert isinstance(ended, Ended)
    assert waited == waits


def keys_of(store: SqlStore, visit_id: str) -> frozenset[Key]:
    with store.begin("test") as work:
        (standing,) = work.visits.load_standing([visit_id])
        return standing.keys


def cancel_behind_bob(store: SqlStore, owner: Engine, visit_id: str) -> tuple[bool, object]:
    """Whether a cancellation waits for another of the same visit that is not committed yet, and what it says then."""
    return does_it_wait_for(
        store,
        owner,
        keys_of(store, visit_id),
        lambda: cancel_visit(store, visit_id, actor="ann"),
        lambda work: cancel_standing(work, [visit_id], Cancellation("bob"), ()),
    )


def test_a_cancellation_that_waited_for_another_of_the_same_visit_finds_nothing_to_cancel(
    store: SqlStore, owner: Engine
) -> None:
    visit_id = book(store, wanted("gel-mask"))
    assert cancel_behind_bob(store, owner, visit_id) == (True, Refusal(("not_booked",)))
    with owner.connect() as connection:
        told = text("SELECT actor FROM audit_entry WHERE action = 'cancel_visit'")
        assert connection.execute(told).scalars().all() == ["bob"]


def test_a_cancellation_that_counts_stock_and_finds_its_visit_changed_meanwhile_does_not_ask_to_be_repeated(
    store: SqlStore, owner: Engine
) -> None:
    """The first to hear of the change is then the question what lies in stock."""
    apply_practice(store, PRACTICE.replace("unit: tube", "unit: tube, strict_days: 30"), "practice.yaml")
    visit_id = book(store, wanted("gel-mask"))
    assert cancel_behind_bob(store, owner, visit_id) == (True, Refusal(("not_booked",)))


def test_who_arrives_while_somebody_waits_to_say_that_they_missed_it_has_not_missed_it(
    store: SqlStore, clock: list[datetime], owner: Engine
) -> None:
    visit_id = book(store, wanted("gel-mask"))
    clock[0] = NINE + HALF
    waited, ended = does_it_wait_for(
        store,
        owner,
        keys_of(store, visit_id),
        lambda: no_show_visit(store, visit_id, actor="ann"),
        lambda work: work.consents.check_in([visit_id]),
    )
    assert (waited, ended) == (True, Refusal(("already_arrived",)))


def test_a_cancellation_waits_for_whoever_has_the_fact_that_gets_its_time(store: SqlStore, owner: Engine) -> None:
    """The block reaches into the next day, whose key the visit alone would not need."""
    visit_id = book(store, wanted("gel-mask", resources=LEE))
    assert block(store, "leave", "dr-lee", NINE, NINE + timedelta(days=1)).contested == 1
    tomorrow = ("claim", "dr-lee", (NINE + timedelta(days=1)).date().isoformat())
    waited, ended = does_it_wait_for(store, owner, [tomorrow], lambda: cancel_visit(store, visit_id, actor="ann"))
    assert waited
    assert isinstance(ended, Ended)
    assert waiting_facts(store) == []


def test_a_move_waits_for_where_it_goes_not_only_for_where_it_is(store: SqlStore, owner: Engine) -> None:
    visit_id = book(store, wanted("gel-mask", resources=LEE))
    there = NINE + timedelta(days=2)
    key = ("claim", "dr-kim", there.date().isoformat())
    request = MoveRequest([visit_id], there, resources={"provider": "dr-kim"})
    waited, moved = does_it_wait_for(store, owner, [key], lambda: move_visit(store, request, actor="ann"))
    assert waited
    assert isinstance(moved, Moved)
    assert (moved.visits[0].start, moved.visits[0].provider_id) == (there, "dr-kim")


def test_a_fact_becomes_firm_when_the_hold_in_its_way_is_over_and_taken_out(
    store: SqlStore, clock: list[datetime]
) -> None:
    assert isinstance(hold_visit(store, wanted("gel-mask", resources=LEE), actor="ann"), Held)
    assert block(store, "lunch", "dr-lee", NINE, NINE + HALF).contested == 1
    clock[0] += timedelta(minutes=10)
    book(store, wanted("gel-mask", 90, patient=1, resources=LEE))
    assert waiting_facts(store) == []
    assert book_visit(store, wanted("gel-mask", patient=2, resources=LEE), actor="ann") == Refusal(("no_provider",))


def test_a_fact_becomes_firm_when_the_hold_in_its_way_is_over_and_nobody_comes_by(
    store: SqlStore, clock: list[datetime]
) -> None:
    assert isinstance(hold_visit(store, wanted("gel-mask", resources=LEE), actor="ann"), Held)
    assert block(store, "lunch", "dr-lee", NINE, NINE + HALF).contested == 1
    assert expire_holds(store) == 0
    clock[0] += timedelta(minutes=10)
    assert [expire_holds(store), expire_holds(store)] == [1, 0]
    assert waiting_facts(store) == []


def test_a_fact_becomes_firm_when_its_resource_holds_more(store: SqlStore) -> None:
    for patient in (1, 2):
        book(store, wanted("drip", patient=patient))
    assert block(store, "cleaning", "lounge", NINE, NINE + HALF).contested == 1
    apply_practice(store, PRACTICE.replace("capacity: 2", "capacity: 3"), "practice.yaml")
    assert waiting_facts(store) == []
    assert book_visit(store, wanted("drip", patient=3), actor="ann") == Refusal(("no_lounge",))


def test_what_makes_way_is_locked_on_every_day_that_it_takes(store: SqlStore, owner: Engine) -> None:
    """The long block stands beside the short one's unit though that is free again: the drip fits where it makes way."""
    tomorrow = NINE + timedelta(days=1)
    assert block(store, "short", "lounge", NINE, NINE + timedelta(minutes=45)).contested == 0
    assert block(store, "long", "lounge", NINE + HALF, tomorrow).contested == 0
    assert block(store, "short", "lounge", NINE, NINE + HALF).contested == 0
    key = ("claim", "lounge", tomorrow.date().isoformat())
    waited, booked = does_it_wait_for(store, owner, [key], lambda: book_visit(store, wanted("drip"), actor="ann"))
    assert waited
    assert isinstance(booked, Booked)
    assert booked.booking is not None
    assert [one.end_at for one in booked.booking.recolourings] == [tomorrow]
    assert_nobody_is_booked_twice(owner)


class Rush:
    """Every kind of change at once on two days, beside facts that overlap them; some clients are days ahead."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.early = SqlStore(engine, clock=lambda _: NINE - timedelta(days=3))
        self.late = SqlStore(engine, clock=lambda _: NINE + timedelta(minutes=100))
        self.dice = random.Random(seed)
        self.names = [f"fact-{n}" for n in range(6)]

    def request(self, number: int) -> BookingRequest:
        service = self.dice.choice(["laser", "consult", "drip", "gel-mask"])
        days = 1440 * self.dice.randrange(2)
        return wanted(service, days + 5 * self.dice.randrange(36), patient=number % 40)

    def task(self, number: int) -> Callable[[], object]:
        request, again, dice = self.request(number), self.request(number), random.Random(self.dice.random())

        def change(visit_id: str) -> object:
            kind = dice.randrange(6)
            if kind == 0:
                return move_visit(self.early, MoveRequest([visit_id], again.arrives_at), actor="ann")
            if kind == 1:
                return complete_visit(self.late, visit_id, actor="ann")
            if kind == 2:
                return no_show_visit(self.late, visit_id, actor="ann")
            return cancel_visit(self.early, visit_id, actor="ann") if kind < 5 else None

        def book_and_change() -> object:
            booked = book_visit(self.early, request, actor="ann", key=f"k-{number}", push_to=["ehr"])
            return change(booked.visits[0].id) if isinstance(booked, Booked) else booked

        def hold_and_book() -> object:
            held = hold_visit(self.early, request, actor="ann")
            if isinstance(held, Refusal) or dice.random() < 0.4:
                return held  # over by the clock of those who come late, who take it out
            booked = book_hold(self.early, held.hold_id, actor="ann")
            return change(booked.visits[0].id) if isinstance(booked, Booked) else booked

        def come_late() -> object:
            later = BookingRequest(request.trip, NINE + timedelta(days=1, minutes=5 * dice.randrange(36)))
            return book_visit(self.late, later, actor="ann")

        def place() -> object:
            start = NINE + timedelta(days=dice.randrange(2), minutes=5 * dice.randrange(30))
            resources = dice.sample(["dr-lee", "dr-kim", "room-1", "lounge"], 2)
            span = Span(start, start + timedelta(minutes=dice.choice([20, 45, 1500])))
            return block_time(self.early, dice.choice(self.names), resources, span, actor="ann")

        return dice.choices([book_and_change, hold_and_book, come_late, place], [4, 3, 2, 2])[0]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_rush_of_every_change_beside_contested_facts_never_locks_itself_out(
    store: SqlStore, engine: Engine, owner: Engine, seed: int
) -> None:
    rush = Rush(engine, seed)
    outcomes = at_once([rush.task(n) for n in range(160)])
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    with store.begin("test") as work:  # whatever is over by now is taken out, as the next booking would
        work.claims.place([])
    assert_book_is_sound(owner)


def assert_book_is_sound(owner: Engine) -> None:
    """No unit twice; nothing contested without an obstacle; flags and issues say what the claims say."""
    faults = {
        "two firm claims of one unit": """
            SELECT a.id FROM claim a JOIN claim b ON a.unit_id = b.unit_id AND a.id < b.id AND a.during && b.during
            WHERE a.firm AND b.firm""",
        "contested without an obstacle": """
            SELECT c.id FROM claim c JOIN resource_unit u ON u.id = c.unit_id
            LEFT JOIN resource r ON r.id = u.owner_id
            WHERE NOT c.firm AND (SELECT count(*) FROM claim f JOIN resource_unit o ON o.id = f.unit_id
                WHERE f.firm AND f.during && c.during
                AND (o.owner_kind, o.owner_id) = (u.owner_kind, u.owner_id)) < coalesce(r.capacity, 1)""",
        "an issue of nothing, or contested without an issue": """
            SELECT coalesce(i.subject_id, c.block_id) FROM
                (SELECT subject_id FROM review_issue WHERE kind = 'overlap' AND state = 'open') i
                FULL JOIN (SELECT DISTINCT coalesce(visit_id, block_id) AS block_id FROM claim WHERE NOT firm) c
                ON c.block_id = i.subject_id WHERE i.subject_id IS NULL OR c.block_id IS NULL""",
        "stock promised beyond what is there": """
            SELECT 1 WHERE (SELECT coalesce(sum(quantity), 0) FROM stock_promise) > (SELECT sum(on_hand) FROM lot)""",
        "deadlocks": "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database() AND deadlocks > 0",
    }
    with owner.connect() as connection:
        found = {name: connection.execute(text(query)).scalars().all() for name, query in faults.items()}
    assert {name: rows for name, rows in found.items() if rows} == {}
