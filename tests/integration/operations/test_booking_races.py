"""Many want the same hour: nobody gets it twice, nobody who could have one goes without or hears of the rush."""

import random
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.operations.apply_practice import load_practice
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.end_visits import Ended
from hub.ports import UnitOfWork
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import (
    NINE,
    assert_nobody_is_booked_twice,
    open_practice,
    wanted,
)
from tests.integration.store.records_made_up import visit

Outcome = Booked | Ended | Refusal | Exception


def at_once(tasks: Sequence[Callable[[], Outcome]], threads: int = 16) -> list[Outcome]:
    """Every task's outcome, an unexpected error too, with so many working at once."""
    waiting = list(enumerate(tasks))
    outcomes: dict[int, Outcome] = {}
    together = threading.Barrier(threads)

    def work() -> None:
        together.wait()
        while waiting:
            try:
                number, task = waiting.pop()
            except IndexError:
                return
            try:
                outcomes[number] = task()
            except Exception as error:  # noqa: BLE001 whatever it is, the test must see it
                outcomes[number] = error

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [outcomes[number] for number in range(len(tasks))]


def book_all(store: SqlStore, requests: Sequence[BookingRequest]) -> list[Outcome]:
    tasks = [lambda request=request: book_visit(store, request, actor="test") for request in requests]
    outcomes = at_once(tasks)
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    return outcomes


def assert_every_refusal_still_holds(
    store: SqlStore, requests: Sequence[BookingRequest], outcomes: list[Outcome]
) -> None:
    """The pure engine finds no room in the final book for any request that was refused."""
    with store.begin("test") as work:
        practice = load_practice(work)
        for request, outcome in zip(requests, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                assert isinstance(decide_booking(practice, _diary(work, request), request, work.now), Refusal)


def _diary(work: UnitOfWork, request: BookingRequest):
    day, patients = request.arrives_at.date(), [part.patient_id for part in request.trip.parts]
    return work.diaries.load(first_on=day, last_on=day, patient_ids=patients, location_id="main")


def test_a_day_that_holds_twelve_takes_twelve_of_forty_eight(store: SqlStore, owner: Engine) -> None:
    """Two rooms, six half hours; three providers; every half hour is wanted eight times."""
    open_practice(store)
    requests = [wanted(minutes=30 * (n % 6), patient=n) for n in range(48)]
    outcomes = book_all(store, requests)
    booked = [one for one in outcomes if isinstance(one, Booked)]
    assert len(booked) == 12
    assert {one.reasons for one in outcomes if isinstance(one, Refusal)} == {("no_room",)}
    assert_nobody_is_booked_twice(owner)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_overlapping_protocols_fill_the_day_until_nothing_fits(store: SqlStore, owner: Engine, seed: int) -> None:
    open_practice(store)
    dice = random.Random(seed)
    requests = [
        wanted(dice.choice(["laser", "consult", "drip"]), 5 * dice.randrange(36), patient=dice.randrange(40))
        for _ in range(64)
    ]
    outcomes = book_all(store, requests)
    assert any(isinstance(one, Booked) for one in outcomes)
    assert_every_refusal_still_holds(store, requests, outcomes)
    assert_nobody_is_booked_twice(owner)


def test_a_lounge_for_two_holds_two_at_every_minute_and_never_a_third(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    requests = [wanted("drip", 30 * (n % 5), patient=n) for n in range(40)]
    outcomes = book_all(store, requests)
    assert_every_refusal_still_holds(store, requests, outcomes)
    assert_nobody_is_booked_twice(owner)
    with owner.connect() as connection:
        numbers = connection.execute(
            text("SELECT DISTINCT number FROM claim c JOIN resource_unit u ON u.id = unit_id WHERE owner_id = 'lounge'")
        )
        assert sorted(numbers.scalars()) == [1, 2]


def test_stock_is_never_promised_beyond_what_is_there(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    outcomes = book_all(store, [wanted("gel-mask", 30 * (n % 6), patient=n) for n in range(18)])
    assert sum(isinstance(one, Booked) for one in outcomes) == 3
    assert all("no_stock" in one.reasons for one in outcomes if isinstance(one, Refusal))
    assert_nobody_is_booked_twice(owner)


def test_one_patient_cannot_be_in_two_places(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    outcomes = book_all(store, [wanted(minutes=0, patient=7) for _ in range(16)])
    assert sum(isinstance(one, Booked) for one in outcomes) == 1
    assert_nobody_is_booked_twice(owner)


def test_one_key_books_once_however_many_ask_at_once(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    tasks = [lambda: book_visit(store, wanted(), actor="test", key="k-1") for _ in range(16)]
    outcomes = at_once(tasks)
    assert all(isinstance(one, Booked) for one in outcomes)
    assert len({one.visits for one in outcomes}) == 1
    assert sum(one.booking is not None for one in outcomes) == 1
    with owner.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM visit")).scalar_one() == 1


def test_facts_from_outside_and_bookings_meet_without_an_error(store: SqlStore, owner: Engine) -> None:
    """An import places a day's visits in one operation while the desk books that very day."""
    open_practice(store)
    facts = [
        visit(n, 30 * (n % 6), 30 * (n % 6) + 30, patient=50 + n, room="room-1").model_copy(
            update={"start": NINE + timedelta(minutes=30 * (n % 6)), "end": NINE + timedelta(minutes=30 * (n % 6) + 30)}
        )
        for n in range(6)
    ]

    def import_them() -> Outcome:
        with store.begin("test") as work:
            work.records.save(facts)
            work.claims.place_facts([one.id for one in facts])
        return Refusal(())

    bookings = [lambda n=n: book_visit(store, wanted(minutes=30 * (n % 6), patient=n), actor="test") for n in range(30)]
    outcomes = at_once([*bookings[:15], import_them, *bookings[15:]])
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    with owner.connect() as connection:
        claims = connection.execute(
            text("SELECT count(*) FROM claim WHERE visit_id = ANY(:ids)"), {"ids": [f.id for f in facts]}
        )
        assert claims.scalar_one() == 3 * len(facts)  # each in the book, firm or contested
        firm = text("""
            SELECT count(*) FROM claim a JOIN claim b ON a.unit_id = b.unit_id AND a.id < b.id AND a.during && b.during
            WHERE a.firm AND b.firm""")
        assert connection.execute(firm).scalar_one() == 0


def test_cancelling_and_booking_at_once_neither_blocks_nor_doubles(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    first = [book_visit(store, wanted(minutes=30 * (n % 6), patient=n), actor="test") for n in range(12)]
    cancels = [lambda one=one: cancel_visit(store, one.visits[0].id, actor="test") for one in first]
    again = [
        lambda n=n: book_visit(store, wanted(minutes=30 * (n % 6), patient=20 + n), actor="test") for n in range(36)
    ]
    tasks = [*cancels, *again]
    random.Random(5).shuffle(tasks)
    outcomes = at_once(tasks)
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert_nobody_is_booked_twice(owner)


def test_pulls_and_cancellations_of_visits_in_one_anothers_way_never_lock_each_other_out(
    store: SqlStore, owner: Engine
) -> None:
    """Each settles what the other holds: six visits at one hour, of which one is firm, change hands all the time."""
    open_practice(store)
    facts = [visit(n, 0, 30, patient=50 + n) for n in range(6)]

    def pull(number: int, note: int) -> Outcome:
        with store.begin("test") as work:
            work.records.save([facts[number].model_copy(update={"note": str(note)})])
            work.claims.place_facts([facts[number].id])
        return Refusal(())

    for n in range(6):
        pull(n, 0)
    pulls = [lambda n=n: pull(n % 6, n) for n in range(48)]
    cancels = [lambda n=n: cancel_visit(store, f"v{n % 6}", actor="test") for n in range(48)]
    tasks = [*pulls, *cancels]
    random.Random(3).shuffle(tasks)
    outcomes = at_once(tasks)
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    with store.begin("test") as work:
        found = work.records.load_all(Kind.VISIT)
        waiting = {issue.subject_id for issue in work.issues.find_open("overlap")}
    standing = {visit_id for visit_id, one in found.items() if isinstance(one, Visit) and one.state.occupies}
    assert waiting <= standing
    assert len(standing - waiting) == min(1, len(standing))  # one of them has the provider, the others wait
