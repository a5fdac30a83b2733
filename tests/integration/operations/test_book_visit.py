"""Booking one visit: everything is written together, once, and a refusal writes nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.records import VisitState
from hub.canonical.time import Span
from hub.errors import InvalidInput, NeedsAttention, RetryLater
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.find_nearest import find_nearest
from hub.operations.find_openings import find_openings
from hub.ports import FactClaim, UnitOfWork
from hub.scheduling.absences import Absence
from hub.scheduling.decision import Refusal
from hub.scheduling.request import OpeningsRequest, Part, Trip
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.operations.small_practice import NINE, count_rows, open_practice, wanted

NOTHING = dict.fromkeys(
    ("visit", "claim", "stock_promise", "booking_key", "domain_event", "audit_entry", "outbox_delivery"), 0
)
OPENED = NOTHING | {"domain_event": 1, "audit_entry": 1}
"""Opening the practice is an event too."""


def test_a_booking_writes_everything_that_hangs_on_it(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    booked = book_visit(store, wanted("gel-mask"), actor="ann", key="k", push_to=["ehr", "crm"])
    assert isinstance(booked, Booked)
    assert count_rows(owner) == {
        "visit": 1,
        "claim": 2,
        "stock_promise": 1,
        "booking_key": 1,
        "domain_event": 2,
        "audit_entry": 2,
        "outbox_delivery": 2,
    }
    (visit,) = booked.visits
    assert (visit.patient_id, visit.service_id, visit.start, visit.booked_via) == ("pat-0", "gel-mask", NINE, "desk")
    assert visit.provider_id in {"dr-lee", "dr-kim", "dr-ray"}
    with store.begin("test") as work:
        (delivery,) = work.outbox.lease("ehr")
        assert (delivery.kind, delivery.canonical_id) == (Kind.VISIT, visit.id)


def test_steps_without_the_patient_are_claimed_but_are_not_the_visit(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    booked = book_visit(store, wanted("laser"), actor="ann")
    assert isinstance(booked, Booked)
    assert (booked.visits[0].end - booked.visits[0].start).total_seconds() == 45 * 60
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT step, need, extract(epoch FROM upper(during) - lower(during)) / 60 AS long FROM claim")
        )
        assert sorted((row.step or "", row.need, int(row.long)) for row in rows) == [
            ("", "patient", 45),
            ("clean", "room", 10),
            ("numb", "room", 25),
            ("shoot", "provider", 20),
            ("shoot", "room", 20),
        ]


def test_a_refusal_writes_nothing_and_leaves_the_key_unused(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    refused = book_visit(store, wanted(minutes=600), actor="ann", key="k", push_to=["ehr"])
    assert refused == Refusal(("closed",))
    assert count_rows(owner) == OPENED
    assert isinstance(book_visit(store, wanted(), actor="ann", key="k"), Booked)


def test_a_key_gives_the_same_visit_for_the_same_request_only(store: SqlStore) -> None:
    open_practice(store)
    asked = wanted(resources={"provider": "dr-lee", "room": "room-1"})
    same = wanted(resources={"room": "room-1", "provider": "dr-lee"})
    first, again = (book_visit(store, request, actor="ann", key="k") for request in (asked, same))
    assert isinstance(first, Booked)
    assert isinstance(again, Booked)
    assert again.visits == first.visits
    for other in (wanted(), wanted(patient=1), wanted(minutes=30), wanted("laser")):
        assert book_visit(store, other, actor="ann", key="k") == Refusal(("key_reused",))


def test_somebody_who_takes_no_locks_is_met_by_the_constraint_and_booked_around(store: SqlStore, owner: Engine) -> None:
    """Between the second decision and the write a foreign program takes the very room; the booking takes the other."""
    open_practice(store)
    book_visit(store, wanted(minutes=60), actor="ann")  # gives the units of both rooms a claim to copy
    taken: list[str] = []
    store_with_intruder = _IntrudedStore(store, owner, taken)
    booked = book_visit(store_with_intruder, wanted(patient=1), actor="ann")
    assert isinstance(booked, Booked)
    assert taken == ["room-1"]
    assert booked.visits[0].room_id == "room-2"


class _IntrudedStore:
    """A store in which, once, a foreign program writes just before a booking does."""

    def __init__(self, store: SqlStore, owner: Engine, taken: list[str]) -> None:
        self._store, self._owner, self._taken = store, owner, taken
        self.checkpoint = store.checkpoint

    @contextmanager
    def begin(self, operation: str, *, in_turn: bool) -> Iterator[UnitOfWork]:
        with self._store.begin(operation, in_turn=in_turn) as work:
            save = work.bookings.save

            def save_late(booking, trip, booked_on):
                if not self._taken:
                    (room,) = [claim.resource_id for claim in booking.visits[0].claims if claim.need == "room"]
                    self._taken.append(room)
                    self._intrude(room)
                return save(booking, trip, booked_on)

            work.bookings.save = save_late
            yield work

    def _intrude(self, room: str) -> None:
        with self._owner.begin() as connection:
            connection.execute(
                text("INSERT INTO block (id, during) VALUES ('foreign', tstzrange(:a, NULL))"), {"a": NINE}
            )
            connection.execute(
                text("""
                INSERT INTO claim (unit_id, during, block_id)
                SELECT id, tstzrange(:a, :a + interval '5 minutes'), 'foreign'
                FROM resource_unit WHERE owner_id = :room"""),
                {"a": NINE, "room": room},
            )


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_a_process_killed_at_the_commit_leaves_all_or_nothing(
    point: str, store: SqlStore, owner: Engine, database: Database
) -> None:
    open_practice(store)
    killed = _book_in_a_process(database, HUB_KILL_AT=f"book_visit:{point}")
    assert killed.returncode == -signal.SIGKILL
    whole = {name: number + (2 if name == "claim" else 1) for name, number in OPENED.items()}
    assert count_rows(owner) == (whole if point == "after_commit" else OPENED)
    again = _book_in_a_process(database)
    assert again.returncode == 0, again.stderr
    assert count_rows(owner) == whole
    with owner.connect() as connection:
        assert connection.execute(text("SELECT id FROM visit")).scalar_one() == again.stdout


def _book_in_a_process(database: Database, **environment: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "tests.integration.operations.small_practice", database.text_url, "k-1"]
    root = Path(__file__).parents[3]
    return subprocess.run(
        program, check=False, capture_output=True, text=True, cwd=root, env=os.environ | environment, timeout=600
    )


def test_what_is_found_can_be_booked_and_is_gone_then(store: SqlStore) -> None:
    open_practice(store)
    day = NINE.date()
    looking = OpeningsRequest(Trip((Part("drip", "pat-0"),), "main"), day, day)
    found = find_openings(store, looking)
    assert not isinstance(found, Refusal)
    assert len(found.arrivals) == 5  # 9:00 to 11:00, every half hour
    for patient in (1, 2):
        assert isinstance(book_visit(store, wanted("drip", 30, patient=patient), actor="ann"), Booked)
    left = find_openings(store, looking)
    assert not isinstance(left, Refusal)
    assert [int((arrival - NINE).total_seconds() / 60) for arrival in left.arrivals] == [90, 120]


def test_nothing_is_found_or_booked_without_a_practice(store: SqlStore, owner: Engine) -> None:
    day = NINE.date()
    with pytest.raises(NeedsAttention, match="no practice file is in force"):
        find_openings(store, OpeningsRequest(wanted().trip, day, day))
    with pytest.raises(NeedsAttention, match="no practice file is in force"):
        book_visit(store, wanted(), actor="ann")
    assert count_rows(owner) == NOTHING


def test_an_undeclared_location_is_a_mistake_of_the_caller(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    with pytest.raises(InvalidInput):
        find_openings(store, OpeningsRequest(Trip(wanted().trip.parts, "nowhere"), NINE.date(), NINE.date()))
    assert count_rows(owner) == OPENED


def test_a_cancelled_visit_frees_its_time_and_stock_and_is_told(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    visits = [book_visit(store, wanted("gel-mask", patient=n), actor="ann") for n in range(3)]
    assert isinstance(visits[2], Booked)
    assert book_visit(store, wanted("gel-mask", 30, patient=4), actor="ann") == Refusal(("no_stock",))
    cancelled = cancel_visit(store, visits[2].visits[0].id, actor="ann", push_to=["ehr"])
    assert not isinstance(cancelled, Refusal)
    (gone,) = cancelled.visits
    assert gone.state == "cancelled"
    assert isinstance(book_visit(store, wanted("gel-mask", patient=4), actor="ann"), Booked)
    with store.begin("test") as work:
        assert [one.canonical_id for one in work.outbox.lease("ehr")] == [gone.id]
    with owner.connect() as connection:
        names = connection.execute(
            text("SELECT name FROM domain_event WHERE subject_id = :id ORDER BY id"), {"id": gone.id}
        )
        assert list(names.scalars()) == ["visit_booked", "visit_cancelled"]


@pytest.mark.parametrize("twice", [True, False])
def test_only_what_is_still_booked_can_be_cancelled(store: SqlStore, twice: bool) -> None:
    open_practice(store)
    booked = book_visit(store, wanted(), actor="ann")
    assert isinstance(booked, Booked)
    visit_id = booked.visits[0].id if twice else "vis_nobody"
    if twice:
        cancel_visit(store, visit_id, actor="ann")
    assert cancel_visit(store, visit_id, actor="ann") == Refusal(("not_booked",))


def test_a_database_that_goes_away_is_something_to_try_again(store: SqlStore, owner: Engine) -> None:
    open_practice(store)
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    cut = text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    with pytest.raises(RetryLater), store.begin("test") as work:  # noqa: PT012 the cut must come inside the operation
        with owner.connect() as connection:
            connection.execute(cut)
        work.records.load_all(Kind.PATIENT)
    assert isinstance(book_visit(store, wanted(), actor="ann"), Booked)


def test_a_place_that_is_free_at_every_minute_but_on_no_unit_throughout_is_made(store: SqlStore, owner: Engine) -> None:
    """One is there until ten, one from ten, on different couches: a third fits between if one of them moves."""
    open_practice(store)
    by_start = [(0, 1), (0, 2), (60, 3), (60, 4)]
    booked = [book_visit(store, wanted("drip", minutes, patient=n), actor="ann") for minutes, n in by_start]
    units = text(
        "SELECT visit_id, number FROM claim c JOIN resource_unit u ON u.id = unit_id WHERE owner_id = 'lounge'"
    )
    with owner.connect() as connection:
        unit_of = {row.visit_id: row.number for row in connection.execute(units)}
    ids = [one.visits[0].id for one in booked if isinstance(one, Booked)]
    early = next(one for one in ids[:2] if unit_of[one] == 1)
    late = next(one for one in ids[2:] if unit_of[one] == 2)
    for other in set(ids) - {early, late}:
        cancel_visit(store, other, actor="ann")
    between = book_visit(store, wanted("drip", 30, patient=5), actor="ann")
    assert isinstance(between, Booked)
    with owner.connect() as connection:
        unit_of = {row.visit_id: row.number for row in connection.execute(units)}
    assert unit_of[early] == unit_of[late] != unit_of[between.visits[0].id]


def test_a_contested_fact_takes_time_but_stands_in_nobodys_way_beyond_it(store: SqlStore) -> None:
    """Three are in the lounge for two at nine: the third is contested. A visit from ten needs another couch to move."""
    open_practice(store)
    spans = {"x": (0, 90), "b": (0, 60), "y": (90, 150), "c": (0, 30)}
    with store.begin("test") as work:
        for name, (start, end) in spans.items():
            span = Span(NINE + timedelta(minutes=start), NINE + timedelta(minutes=end))
            work.claims.save_block(name, "main", span)
            placed = work.claims.place([FactClaim("resource", "lounge", span, block_id=name)])
            assert placed.contested == (1 if name == "c" else 0)
    assert book_visit(store, wanted("drip", 0), actor="ann") == Refusal(("no_lounge",))
    assert isinstance(book_visit(store, wanted("drip", 60), actor="ann"), Booked)


def _claims_of(engine: Engine, visit_id: str) -> list[tuple[str, str, int, int]]:
    query = text("""
        SELECT coalesce(step, '') AS step, need, lower(during) AS start, upper(during) AS "end"
        FROM claim WHERE visit_id = :id AND firm""")
    with engine.connect() as connection:
        rows = connection.execute(query, {"id": visit_id}).all()
    minutes = [
        (row.step, row.need, *((at - NINE).total_seconds() // 60 for at in (row.start, row.end))) for row in rows
    ]
    return sorted((step, need, int(start), int(end)) for step, need, start, end in minutes)


def test_a_visit_that_comes_back_unmoved_keeps_its_steps(store: SqlStore, engine: Engine) -> None:
    open_practice(store)
    booked = book_visit(store, wanted("laser"), actor="ann")
    assert isinstance(booked, Booked)
    before = _claims_of(engine, booked.visits[0].id)
    with store.begin("test") as work:
        work.records.save([booked.visits[0].model_copy(update={"state": VisitState.ARRIVED})])
        work.claims.place_facts([booked.visits[0].id])
    assert _claims_of(engine, booked.visits[0].id) == before
    assert len(before) == 5


@pytest.mark.parametrize(
    ("change", "provider_busy"),
    [
        ({"start": NINE + timedelta(minutes=30), "end": NINE + timedelta(minutes=75)}, (30, 75)),
        ({"provider_id": "dr-ray"}, (0, 45)),
    ],
)
def test_a_visit_that_was_changed_outside_is_busy_as_the_outside_says(
    store: SqlStore, engine: Engine, change: dict[str, object], provider_busy: tuple[int, int]
) -> None:
    open_practice(store)
    booked = book_visit(store, wanted("laser", resources={"provider": "dr-lee"}), actor="ann")
    assert isinstance(booked, Booked)
    with store.begin("test") as work:
        work.records.save([booked.visits[0].model_copy(update=change)])
        work.claims.place_facts([booked.visits[0].id])
    claims = _claims_of(engine, booked.visits[0].id)
    assert [claim for claim in claims if claim[1] == "provider"] == [("", "provider", *provider_busy)]
    assert len(claims) == 3


def test_a_visit_that_was_cancelled_outside_gives_its_stock_back(store: SqlStore) -> None:
    open_practice(store)
    visits = [book_visit(store, wanted("gel-mask", patient=n), actor="ann") for n in range(3)]
    assert isinstance(visits[0], Booked)
    with store.begin("test") as work:
        work.records.save([visits[0].visits[0].model_copy(update={"state": VisitState.CANCELLED})])
        work.claims.place_facts([visits[0].visits[0].id])
    assert isinstance(book_visit(store, wanted("gel-mask", patient=4), actor="ann"), Booked)


@pytest.mark.parametrize(("days", "found"), [(13, 13), (30, 30), (100, None)])
def test_the_nearest_time_is_found_weeks_away_where_no_nearer_one_is(
    store: SqlStore, days: int, found: int | None
) -> None:
    open_practice(store)
    with store.begin("test") as work:
        for room in ("room-1", "room-2"):
            work.practices.save_absence(Absence(room, NINE, NINE + timedelta(days)))
    refused = book_visit(store, wanted(), actor="test")
    assert isinstance(refused, Refusal)
    after = find_nearest(store, wanted()).after
    # The clocks go forward on the 9th: nine is an hour earlier from then on, and the rooms are back an hour after it.
    assert after == (None if found is None else NINE + timedelta(days=found))
