"""A series on the tables: every session or none, whoever else books meanwhile."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, text

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.operations.apply_practice import apply_practice
from hub.operations.book_series import BookedSeries, book_series
from hub.operations.book_series_together import book_series_together
from hub.operations.book_visit import Booked, book_visit
from hub.operations.explain_series import explain_series
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.scheduling.series import SeriesRequest
from hub.store import tables
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import assert_nobody_is_booked_twice, count_rows
from tests.integration.operations.test_booking_races import at_once

PRACTICE = """
zone: UTC
resources:
  - {id: lee, kind: provider, hours: [{days: mon-sun, from: "09:00", to: "11:00"}]}
  - {id: lounge, kind: lounge, capacity: 2, hours: [{days: mon-sun, from: "09:00", to: "10:00"}]}
products: [{id: gel, unit: tube}]
stock: [{product: gel, lot: A, on_hand: 4, expires: 2098-12-31}]
services:
  - id: peel
    series: {sessions: 3, min_days: 2, max_days: 3}
    steps: [{name: peel, minutes: 60, needs: [{kind: provider}]}]
    uses: [{product: gel, quantity: 1}]
  - {id: drip, steps: [{name: drip, minutes: 60, needs: [{kind: lounge}]}]}
"""
NOW = datetime.fromisoformat("2098-03-01T08:00+00:00")
NO_SERIES = Refusal(("no_series",))


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    made = SqlStore(engine, clock=lambda _: NOW)
    apply_practice(made, PRACTICE, "practice.yaml")
    with made.begin("test") as work:
        work.records.save([Patient(id=PatientId(f"pat-{n}")) for n in range(20)])
    with engine.begin() as connection:
        row = {"id": "pk", "patient_id": "pat-0", "service_id": "peel", "credits": 3, "expires_on": date(2098, 12, 31)}
        connection.execute(insert(tables.package), row)
    return made


def series(patient: int = 0, *, service: str = "peel", package: str | None = None, days: int = 30) -> SeriesRequest:
    trip = Trip((Part(service, f"pat-{patient}", package_id=package),), "main")
    return SeriesRequest(trip, date(2098, 3, 2), date(2098, 3, 1) + timedelta(days=days))


def book(store: SqlStore, request: SeriesRequest, key: str | None = None) -> BookedSeries:
    booked = book_series(store, request, actor="ann", key=key, push_to=["ehr"])
    assert isinstance(booked, BookedSeries)
    return booked


def at(day: int, hour: int = 9) -> datetime:
    return NOW.replace(day=day, hour=hour)


def test_every_session_stands_in_the_book_with_event_audit_and_delivery(store: SqlStore, owner: Engine) -> None:
    visits = book(store, series(package="pk")).visits
    assert [visit.start for visit in visits] == [at(2), at(4), at(6)]
    rows = count_rows(owner)
    names = ("visit", "claim", "stock_promise", "outbox_delivery")
    assert {name: rows[name] for name in names} == {"visit": 3, "claim": 6, "stock_promise": 3, "outbox_delivery": 3}
    with owner.connect() as connection:
        of = connection.execute(text("SELECT count(DISTINCT series_id), count(trip_id) FROM visit")).one()
        left = connection.execute(text("SELECT count(*) FROM package_use WHERE package_id = 'pk'")).scalar_one()
    assert (*of, left) == (1, 0, 3)


def test_what_cannot_be_completed_books_nothing(store: SqlStore, owner: Engine) -> None:
    before = count_rows(owner)
    assert book_series(store, series(days=4), actor="ann") == NO_SERIES
    book(store, series(1))
    rows = count_rows(owner)
    assert book_series(store, series(package="pk"), actor="ann", key="k") == NO_SERIES  # one tube is left
    assert count_rows(owner) == rows
    assert before["visit"] == 0


def test_a_key_books_once_and_only_the_same_series(store: SqlStore, owner: Engine) -> None:
    first = book(store, series(), key="k")
    again = book(store, series(), key="k")
    assert again.visits == first.visits
    assert again.booking is None
    assert book_series(store, series(days=29), actor="ann", key="k") == Refusal(("key_reused",))
    assert count_rows(owner)["visit"] == 3


def test_a_session_moves_only_within_the_days_to_its_neighbours(store: SqlStore) -> None:
    _, second, third = (visit.id for visit in book(store, series()).visits)

    def moved(visit_id: str, day: int) -> object:
        return move_visit(store, MoveRequest([visit_id], at(day)), actor="ann")

    assert moved(third, 8) == Refusal(("too_late",))
    assert moved(second, 3) == Refusal(("too_soon",))
    assert isinstance(moved(third, 7), Moved)
    assert isinstance(moved(second, 5), Moved)
    alone = book_visit(store, BookingRequest(Trip((Part("peel", "pat-0"),), "main"), at(20)), actor="ann")
    assert isinstance(alone, Booked)  # not a session of it: the widest gap does not bind


def test_sessions_of_one_day_take_their_own_units(store: SqlStore, owner: Engine) -> None:
    other = book_visit(store, BookingRequest(Trip((Part("drip", "pat-5"),), "main"), at(2)), actor="ann")
    assert isinstance(other, Booked)
    request = SeriesRequest(series(service="drip").trip, date(2098, 3, 2), date(2098, 3, 4), 3)
    assert [visit.start.day for visit in book(store, request).visits] == [2, 3, 4]
    assert_nobody_is_booked_twice(owner)


def test_of_many_at_once_each_gets_a_whole_series_or_none(store: SqlStore, owner: Engine) -> None:
    done = at_once([lambda n=n: book_series(store, series(n), actor="ann") for n in range(8)], threads=8)
    # Four tubes make one series of three, and nobody half of another.
    assert [isinstance(one, BookedSeries) for one in done].count(True) == 1
    assert [one for one in done if not isinstance(one, BookedSeries)] == [NO_SERIES] * 7
    assert count_rows(owner)["visit"] == 3
    assert_nobody_is_booked_twice(owner)


def test_series_and_single_visits_at_once_leave_a_whole_book(store: SqlStore, owner: Engine) -> None:
    def ask(n: int) -> object:
        if n % 2:
            request = BookingRequest(Trip((Part("drip", f"pat-{n}"),), "main"), at(2 + n % 3))
            return book_visit(store, request, actor="ann")
        return book_series(
            store, SeriesRequest(series(n, service="drip").trip, date(2098, 3, 2), date(2098, 3, 12), 3), actor="ann"
        )

    done = at_once([lambda n=n: ask(n) for n in range(8)], threads=8)
    assert [len(one.visits) for one in done if isinstance(one, BookedSeries)] == [3] * 4
    assert all(isinstance(one, Booked | BookedSeries | Refusal) for one in done)
    assert_nobody_is_booked_twice(owner)


def test_two_peoples_series_are_booked_in_one_transaction_or_not_at_all(store: SqlStore, owner: Engine) -> None:
    two = [series(0, package="pk"), replace(series(1), sessions=2)]
    assert book_series_together(store, two, actor="ann") == NO_SERIES, "there is gel for four"
    assert _visits(owner) == 0
    assert explain_series(store, *two).patient_id == "pat-1"
    fewer = [two[0], replace(two[1], sessions=1)]
    done = book_series_together(store, fewer, actor="ann", key="k", push_to=["ehr"])
    assert isinstance(done, BookedSeries)
    assert [visit.patient_id for visit in done.visits] == ["pat-0"] * 3 + ["pat-1"]
    assert_nobody_is_booked_twice(owner)
    with owner.connect() as connection:
        rows = connection.execute(text("SELECT patient_id, count(DISTINCT series_id), count(*) FROM visit GROUP BY 1"))
        assert sorted(tuple(row) for row in rows) == [("pat-0", 1, 3), ("pat-1", 1, 1)]
        assert connection.execute(text("SELECT count(DISTINCT CAST(xmin AS text)) FROM visit")).scalar_one() == 1
    again = book_series_together(store, fewer, actor="ann", key="k")
    assert isinstance(again, BookedSeries)
    assert [visit.id for visit in again.visits] == [visit.id for visit in done.visits]
    assert book_series_together(store, two, actor="ann", key="k") == Refusal(("key_reused",))


def test_of_couples_who_want_the_same_days_at_once_each_is_booked_whole_or_refused(
    store: SqlStore, owner: Engine
) -> None:
    couples = [[replace(series(2 * n + one, service="drip"), sessions=2) for one in range(2)] for n in range(4)]
    days = [[replace(one, until_on=one.start_on + timedelta(days=2)) for one in couple] for couple in couples]
    outcomes = at_once([lambda two=two: book_series_together(store, two, actor="ann") for two in days])
    booked = [one for one in outcomes if isinstance(one, BookedSeries)]
    assert len(booked) == 1, "two chairs on three mornings: four visits of one couple, and two are left"
    assert [one for one in outcomes if one not in booked] == [NO_SERIES] * 3
    assert _visits(owner) == 4
    assert_nobody_is_booked_twice(owner)


def _visits(owner: Engine) -> int:
    with owner.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM visit")).scalar_one()
