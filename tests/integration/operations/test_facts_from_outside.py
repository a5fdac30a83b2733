"""Visits that others made: what their records leave open is filled, and makes way; what they break is said."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from hub.canonical.time import Span
from hub.operations.add_away import add_away
from hub.operations.block_time import block_time
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.find_openings import find_openings
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.place_facts import place_facts, recheck_facts
from hub.operations.run_visit import finish_visit
from hub.operations.tend_book import tend_book
from hub.scheduling import reassign
from hub.scheduling.decision import Openings, Refusal
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.outside_practice import (
    NINE,
    arrive,
    fact,
    flagged,
    nobody_outside,
    open_practice,
    openings,
    rooms,
    taken,
    wanted,
)
from tests.integration.operations.small_practice import assert_nobody_is_booked_twice
from tests.integration.operations.test_booking_races import at_once


@pytest.fixture
def practice(store: SqlStore) -> SqlStore:
    open_practice(store)
    return store


def test_a_fact_without_a_room_gets_one_that_may_be_changed(practice: SqlStore, owner: Engine) -> None:
    arrive(practice, fact("v1", provider_id="dr-lee"))
    assert taken(owner, "v1") == [
        ("dr-lee", "provider", "talk", 0, 30, True, False),
        ("room-1", "room", "talk", 0, 30, True, True),
    ]
    assert flagged(practice) == {}


def test_a_fact_as_long_as_its_service_is_placed_step_by_step(practice: SqlStore, owner: Engine) -> None:
    arrive(practice, fact("v0", provider_id="dr-kim"), fact("v1", 60, 45, service="laser", provider_id="dr-lee"))
    assert taken(owner, "v1") == [
        ("room-1", "room", "numb", 60, 85, True, True),
        ("dr-lee", "provider", "shoot", 85, 105, True, False),
        ("room-1", "room", "shoot", 85, 105, True, True),
        ("room-1", "room", "clean", 105, 120, True, True),
    ]


def test_a_fact_of_another_length_takes_everybody_throughout(practice: SqlStore, owner: Engine) -> None:
    arrive(practice, fact("v1", length=50, provider_id="dr-kim"))
    assert taken(owner, "v1") == [
        ("dr-kim", "provider", None, 0, 50, True, False),
        ("room-1", "room", None, 0, 50, True, True),
    ]


def test_a_booking_that_needs_the_very_room_gets_it_and_the_fact_goes_to_the_other(
    practice: SqlStore, owner: Engine, engine: Engine
) -> None:
    arrive(practice, fact("v1", provider_id="dr-lee"))
    request = wanted("massage")
    found = find_openings(practice, openings(request))
    assert isinstance(found, Openings)
    assert NINE in found.arrivals
    booked = book_visit(practice, request, actor="desk", push_to=["ehr"])
    assert isinstance(booked, Booked)
    assert rooms(owner, booked.visits[0].id, "v1") == ["room-1", "room-2"]
    assert_nobody_is_booked_twice(owner)
    with engine.connect() as connection:
        events = connection.execute(text("SELECT subject_id, data FROM domain_event WHERE name = 'visit_reassigned'"))
        assert [tuple(row) for row in events] == [("v1", {"resources": {"room": "room-2"}})]
        told = connection.execute(text("SELECT DISTINCT canonical_id FROM outbox_delivery")).scalars().all()
    assert told == [booked.visits[0].id], "the record never named a room"


@pytest.mark.parametrize("days", [-3, -2, -1, 1, 2, 3])
def test_a_fact_days_away_is_in_nobodys_way(practice: SqlStore, days: int) -> None:
    asked = openings(wanted("massage"))
    arrive(practice, fact("v0", provider_id="dr-kim"), fact("v1", 60, provider_id="dr-lee", room_id="room-1"))
    before = find_openings(practice, asked)
    arrive(practice, fact("v2", days * 24 * 60, provider_id="dr-lee"))
    assert find_openings(practice, asked) == before
    assert isinstance(book_visit(practice, wanted("massage"), actor="desk"), Booked)


def test_what_a_record_names_never_moves(practice: SqlStore, owner: Engine) -> None:
    arrive(practice, fact("v1", provider_id="dr-lee", room_id="room-1"))
    assert book_visit(practice, wanted("massage"), actor="desk") == Refusal(("no_room",))
    found = find_openings(practice, openings(wanted("massage")))
    assert isinstance(found, Openings)
    assert NINE not in found.arrivals
    assert NINE + timedelta(minutes=30) in found.arrivals
    assert rooms(owner, "v1") == ["room-1"]


def test_a_record_that_names_the_room_takes_it_from_one_that_left_it_open(practice: SqlStore, owner: Engine) -> None:
    arrive(practice, fact("v1", provider_id="dr-lee"))
    arrive(practice, fact("v2", patient=21, provider_id="dr-kim", room_id="room-1"))
    assert rooms(owner, "v1", "v2") == ["room-2", "room-1"]
    assert flagged(practice) == flagged(practice, "overlap") == {}


def test_the_rules_that_a_fact_breaks_are_said_and_its_claims_stay_firm(practice: SqlStore, owner: Engine) -> None:
    late = fact("v1", 120, 45, service="laser", provider_id="dr-kim")
    arrive(practice, late)
    assert flagged(practice) == {"v1": ("missing_prerequisite", "none_suitable")}
    assert [one[5] for one in taken(owner, "v1")] == [True] * 4
    closing = fact("v2", 165, 30, patient=21, provider_id="dr-ray")
    arrive(practice, closing)
    assert flagged(practice)["v2"] == ("closed",)


def test_what_is_flagged_is_judged_again_when_the_obstacle_goes(practice: SqlStore, owner: Engine) -> None:
    rivals = [book_visit(practice, wanted("consult", patient=n), actor="desk") for n in range(2)]
    arrive(practice, fact("v1", provider_id="dr-ray"))
    assert flagged(practice) == {"v1": ("no_room",)}
    assert [one[0] for one in taken(owner, "v1")] == ["dr-ray"]
    assert isinstance(rivals[0], Booked)
    cancel_visit(practice, rivals[0].visits[0].id, actor="desk")
    assert flagged(practice) == {}
    assert rooms(owner, "v1") == ["room-1"]


def test_a_missing_consultation_that_is_booked_is_missing_no_more(practice: SqlStore) -> None:
    arrive(practice, fact("v1", 60, 45, service="laser", provider_id="dr-lee"))
    assert flagged(practice) == {"v1": ("missing_prerequisite",)}
    assert isinstance(book_visit(practice, wanted("consult", patient=20), actor="desk"), Booked)
    assert flagged(practice) == {}


def test_a_room_that_is_away_is_left_by_what_the_engine_put_there_and_what_is_named_is_flagged(
    practice: SqlStore, owner: Engine
) -> None:
    arrive(practice, fact("v1", provider_id="dr-lee"), fact("v2", patient=21, provider_id="dr-kim", room_id="room-2"))
    add_away(practice, "room-1", Span(NINE, NINE + timedelta(hours=1)), actor="desk")
    assert flagged(practice) == {"v1": ("no_room",)}
    add_away(practice, "dr-kim", Span(NINE, NINE + timedelta(hours=1)), actor="desk")
    assert flagged(practice) == {"v1": ("no_room",), "v2": ("no_provider",)}
    assert rooms(owner, "v2") == ["room-2"]


def test_taking_the_same_facts_in_again_changes_nothing(practice: SqlStore, owner: Engine, engine: Engine) -> None:
    def rows() -> list[tuple[object, ...]]:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text("SELECT id, unit_id, during FROM claim ORDER BY id"))]

    visits = [fact(f"v{n}", 30 * n, patient=20 + n) for n in range(6)]
    arrive(practice, *visits)
    before = rows()
    arrive(practice, *visits)
    assert rows() == before
    assert len({(unit, str(during)) for _, unit, during in before}) == len(before)


def test_a_flag_goes_with_the_visit_that_is_cancelled_and_stays_with_one_that_began(
    practice: SqlStore, engine: Engine
) -> None:
    arrive(practice, *(fact(f"v{n}", 165, patient=20 + n, provider_id="dr-ray") for n in range(2)))
    assert set(flagged(practice)) == {"v0", "v1"}
    cancel_visit(practice, "v0", actor="desk")
    assert set(flagged(practice)) == {"v1"}
    later = SqlStore(engine, clock=lambda _connection: NINE + timedelta(minutes=170))
    with later.begin("test") as work:
        place_facts(work, ["v1"])
    recheck_facts(later)
    assert flagged(practice) == {"v1": ("closed",)}


def test_of_two_who_want_the_room_of_one_fact_one_gets_it_and_the_fact_moves_once(
    practice: SqlStore, owner: Engine
) -> None:
    arrive(practice, fact("v1", provider_id="dr-lee"))
    wishes = [wanted("massage", patient=n) for n in range(8)]
    outcomes = at_once([lambda one=one: book_visit(practice, one, actor="desk") for one in wishes])
    booked = [one for one in outcomes if isinstance(one, Booked)]
    assert len(booked) == 1
    assert [one for one in outcomes if not isinstance(one, Booked)] == [Refusal(("no_room",))] * 7
    assert rooms(owner, booked[0].visits[0].id, "v1") == ["room-1", "room-2"]
    assert_nobody_is_booked_twice(owner)


def test_facts_that_come_in_while_others_book_end_with_rooms_or_say_that_there_is_none(
    practice: SqlStore, owner: Engine
) -> None:
    times = [0, 30, 60, 90, 120, 150]
    facts = [fact(f"v{at}", at, patient=20 + n, provider_id="dr-ray") for n, at in enumerate(times)]
    wishes = [wanted("massage" if at % 60 else "consult", at, patient=n) for n, at in enumerate(2 * times)]
    outcomes = at_once(
        [
            *(lambda one=one: arrive(practice, one) for one in facts),
            *(lambda one=one: book_visit(practice, one, actor="desk") for one in wishes),
        ]
    )
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert_nobody_is_booked_twice(owner)
    without = {one.id for one in facts if not any(claim[1] == "room" for claim in taken(owner, one.id))}
    assert without == {one for one, codes in flagged(practice).items() if "no_room" in codes}
    assert flagged(practice, "overlap") == {}


def test_a_hold_that_is_over_and_that_nobody_met_is_found_gone_when_the_book_is_tended(
    practice: SqlStore, engine: Engine, owner: Engine
) -> None:
    for n in range(2):
        assert isinstance(hold_visit(practice, wanted(patient=n), actor="desk"), Held)
    arrive(practice, fact("v1", provider_id="dr-ray"))
    assert flagged(practice) == {"v1": ("no_room",)}
    later = SqlStore(engine, clock=lambda _connection: NINE - timedelta(days=1))
    tend_book(later, nobody_outside())
    assert flagged(practice) == {}
    assert rooms(owner, "v1") == ["room-1"]


def test_a_block_that_is_lifted_frees_what_somebody_waited_for(practice: SqlStore, owner: Engine) -> None:
    half = timedelta(minutes=30)
    block_time(practice, "clean", ["room-1", "room-2"], Span(NINE, NINE + half), actor="desk")
    arrive(practice, fact("v1", provider_id="dr-ray"))
    assert flagged(practice) == {"v1": ("no_room",)}
    block_time(practice, "clean", ["room-2"], Span(NINE, NINE + half), actor="desk")
    assert flagged(practice) == {}
    assert rooms(owner, "v1") == ["room-1"]


def test_a_visit_that_is_over_early_leaves_its_room_to_who_waited_for_one(
    practice: SqlStore, engine: Engine, owner: Engine
) -> None:
    first, second = (book_visit(practice, wanted("consult", patient=n), actor="desk") for n in range(2))
    assert isinstance(first, Booked)
    assert isinstance(second, Booked)
    arrive(practice, fact("v1", 15, provider_id="dr-ray"))
    assert flagged(practice) == {"v1": ("no_room",)}
    at_ten_past = SqlStore(engine, clock=lambda _connection: NINE + timedelta(minutes=10))
    finish_visit(at_ten_past, first.visits[0].id, actor="desk")
    assert flagged(practice) == {}
    assert rooms(owner, "v1") == rooms(owner, first.visits[0].id)


def test_where_the_search_for_a_room_is_stopped_the_fact_says_so(
    practice: SqlStore, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(practice, fact("v1", provider_id="dr-lee"))
    monkeypatch.setattr(reassign, "MOST_TRIALS", 0)
    arrive(practice, fact("v2", patient=21, service="massage", provider_id="dr-kim"))
    assert flagged(practice) == {"v2": ("no_room", "search_stopped")}
    monkeypatch.undo()
    recheck_facts(practice)
    assert flagged(practice) == {}
    assert rooms(owner, "v1", "v2") == ["room-2", "room-1"]
