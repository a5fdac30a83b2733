"""The waitlist on the tables: served in the order of joining, whoever frees, serves or dies when."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind, PatientId
from hub.canonical.records import Patient, Visit, VisitState
from hub.errors import InvalidInput
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.complete_visit import complete_visit
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.join_waitlist import join_waitlist, leave_waitlist
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.operations.no_show_visit import no_show_visit
from hub.operations.serve_waitlist import STALE, find_offers, serve_waitlist
from hub.ports.waitlist import WaitlistEntry
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, OpeningsRequest, Part, Trip
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import assert_nobody_is_booked_twice
from tests.integration.operations.test_booking_races import at_once
from tests.integration.operations.test_holds import HandClock, count

PRACTICE = """
zone: UTC
grid_minutes: 60
resources: [{id: lee, kind: provider, hours: [{days: mon-sun, from: "09:00", to: "11:00"}]}]
services:
  - {id: peel, steps: [{name: peel, minutes: 60, needs: [{kind: provider}]}]}
  - {id: mask, steps: [{name: mask, minutes: 60, needs: [{kind: provider}]}]}
policy: {hold_minutes: 30, offer_minutes: 60}
"""
DAY = date(2098, 3, 3)
NINE = datetime.fromisoformat("2098-03-03T09:00+00:00")
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    made = SqlStore(engine, clock=clock)
    apply_practice(made, PRACTICE, "practice.yaml")
    with made.begin("test") as work:
        work.records.save([Patient(id=PatientId(f"pat-{n}")) for n in range(20)])
    return made


def trip(patient: int, service: str = "peel") -> Trip:
    return Trip((Part(service, f"pat-{patient}"),), "main")


def book(store: SqlStore, patient: int, at: datetime = NINE) -> str:
    booked = book_visit(store, BookingRequest(trip(patient), at), actor="ann")
    assert isinstance(booked, Booked)
    return booked.visits[0].id


def fill_the_day(store: SqlStore) -> tuple[str, str]:
    return book(store, 18), book(store, 19, NINE + HOUR)


def join(store: SqlStore, patient: int, service: str = "peel") -> WaitlistEntry:
    joined = join_waitlist(store, OpeningsRequest(trip(patient, service), DAY, DAY), actor="ann")
    assert isinstance(joined, WaitlistEntry)
    return joined


def offered(store: SqlStore) -> list[tuple[str, datetime]]:
    return [(offer.entry.patient_ids[0], offer.arrives_at) for offer in find_offers(store)]


def test_a_freed_hour_waits_in_the_tables_for_whoever_serves(store: SqlStore, engine: Engine, clock: HandClock) -> None:
    first, _ = fill_the_day(store)
    join(store, 1)
    join(store, 2)
    cancel_visit(store, first, actor="ann")
    assert offered(store) == []
    another = SqlStore(engine, clock=clock)  # as after a restart
    (offer,) = serve_waitlist(another)
    assert offered(another) == [("pat-1", NINE)]
    assert offer.expires_at == clock.now + HOUR
    assert serve_waitlist(another) == ()
    booked = book_hold(another, offer.hold_id, actor="ann")
    assert isinstance(booked, Booked)
    assert [visit.id for visit in booked.visits] == list(offer.visit_ids)
    serve_waitlist(another)
    assert offered(another) == []


def test_many_who_serve_at_once_offer_each_hour_once_in_the_order_of_joining(store: SqlStore, owner: Engine) -> None:
    visits = fill_the_day(store)
    for patient in range(8):
        join(store, patient)
    done = at_once(
        [
            *(lambda visit=visit: cancel_visit(store, visit, actor="ann") for visit in visits),
            *(lambda: serve_waitlist(store) for _ in range(8)),
        ],
        threads=10,
    )
    assert [one for one in done if isinstance(one, Exception)] == []
    serve_waitlist(store)
    assert sorted(patient for patient, _ in offered(store)) == ["pat-0", "pat-1"]
    assert_nobody_is_booked_twice(owner)


def test_who_serves_and_dies_has_offered_nothing_and_the_next_one_does(
    store: SqlStore, engine: Engine, clock: HandClock, owner: Engine
) -> None:
    first, _ = fill_the_day(store)
    join(store, 1)
    cancel_visit(store, first, actor="ann")

    def die(point: str) -> None:
        if point == "serve_waitlist:before_commit" and dying.pop():
            raise KeyboardInterrupt

    dying = [True]
    with pytest.raises(KeyboardInterrupt):
        serve_waitlist(SqlStore(engine, die, clock))
    assert count(owner, "hold") == 0
    serve_waitlist(store)
    assert offered(store) == [("pat-1", NINE)]


def test_offers_pass_on_as_they_expire_each_to_the_next(store: SqlStore, clock: HandClock) -> None:
    first, _ = fill_the_day(store)
    for patient in (1, 2):
        join(store, patient)
    cancel_visit(store, first, actor="ann")
    serve_waitlist(store)
    clock.now += HOUR - timedelta(microseconds=1)
    serve_waitlist(store)
    assert offered(store) == [("pat-1", NINE)]
    clock.now += timedelta(microseconds=1)
    assert offered(store) == []
    serve_waitlist(store)
    assert offered(store) == [("pat-2", NINE)]


def test_an_offer_that_somebody_else_took_out_is_passed_on_all_the_same(store: SqlStore, clock: HandClock) -> None:
    first, _ = fill_the_day(store)
    join(store, 1)
    join(store, 2)
    cancel_visit(store, first, actor="ann")
    serve_waitlist(store)
    clock.now += HOUR
    quicker = hold_visit(store, BookingRequest(trip(9), NINE), actor="ann")
    assert isinstance(quicker, Held)
    serve_waitlist(store)
    assert offered(store) == []
    clock.now += timedelta(minutes=30)
    serve_waitlist(store)
    assert offered(store) == [("pat-2", NINE)]


def test_a_moved_visit_frees_its_time_and_not_what_was_open_before(store: SqlStore) -> None:
    first = book(store, 18)
    join(store, 1)
    assert isinstance(move_visit(store, MoveRequest([first], NINE + HOUR), actor="ann"), Moved)
    serve_waitlist(store)
    assert offered(store) == [("pat-1", NINE)]


def test_a_cancellation_made_in_another_system_is_offered_too(store: SqlStore) -> None:
    first, _ = fill_the_day(store)
    join(store, 1)
    with store.begin("pull") as work:
        known = work.records.load(Kind.VISIT, [first])[first]
        assert isinstance(known, Visit)
        work.records.save([known.model_copy(update={"state": VisitState.CANCELLED})])
        work.claims.place_facts([first])
    serve_waitlist(store)
    assert offered(store) == [("pat-1", NINE)]


def test_what_was_missed_or_completed_is_offered_to_nobody(store: SqlStore, clock: HandClock, owner: Engine) -> None:
    clock.now = NINE - timedelta(minutes=5)
    first, second = fill_the_day(store)
    join(store, 1)
    clock.now = NINE
    no_show_visit(store, first, actor="ann")
    clock.now = NINE + HOUR
    complete_visit(store, second, actor="ann")
    serve_waitlist(store)
    assert offered(store) == []
    assert count(owner, "freed") == 0


def test_a_freed_hour_that_was_booked_meanwhile_is_offered_to_nobody(store: SqlStore, owner: Engine) -> None:
    first, _ = fill_the_day(store)
    join(store, 1)
    cancel_visit(store, first, actor="ann")
    book(store, 9)
    assert serve_waitlist(store) == ()
    assert count(owner, "freed") == 0


def test_nothing_is_noted_as_freed_while_nobody_waits(store: SqlStore, owner: Engine) -> None:
    entry = join(store, 1)
    assert leave_waitlist(store, entry.id, actor="ann") == entry
    assert leave_waitlist(store, entry.id, actor="ann") is None
    cancel_visit(store, book(store, 18), actor="ann")
    assert count(owner, "freed") == 0


def test_an_entry_that_the_practice_file_no_longer_knows_holds_up_nobody(store: SqlStore, owner: Engine) -> None:
    first, _ = fill_the_day(store)
    request = OpeningsRequest(Trip((Part("mask", "pat-1", resources={"provider": "lee"}),), "main"), DAY, DAY)
    stale = join_waitlist(store, request, actor="ann")
    assert isinstance(stale, WaitlistEntry)
    join(store, 2)
    gone = PRACTICE.replace("name: mask, minutes: 60, needs: [{kind: provider}]", "name: mask, minutes: 60, needs: []")
    apply_practice(store, gone, "practice.yaml")
    cancel_visit(store, first, actor="ann")
    serve_waitlist(store)
    assert offered(store) == [("pat-2", NINE)]
    with owner.connect() as connection:
        issues = connection.execute(text("SELECT kind, subject_id FROM review_issue WHERE state = 'open'")).all()
    assert [tuple(row) for row in issues] == [(STALE, stale.id)]


def test_nobody_waits_for_what_no_time_can_mend(store: SqlStore, owner: Engine) -> None:
    for service, patient, code in (("gone", "pat-1", "unknown_service"), ("peel", "eve", "unknown_patient")):
        request = OpeningsRequest(Trip((Part(service, patient),), "main"), DAY, DAY)
        assert join_waitlist(store, request, actor="ann") == Refusal((code,))
    with pytest.raises(InvalidInput, match="before the first"):
        join_waitlist(store, OpeningsRequest(trip(1), DAY, DAY - timedelta(days=1)), actor="ann")
    assert count(owner, "waitlist_entry") == 0
