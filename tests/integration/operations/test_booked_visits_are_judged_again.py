"""What was booked here and breaks a rule afterwards is listed with its reasons until the obstacle goes (S14, S15)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from hub.canonical.time import Span
from hub.operations.add_away import add_away
from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.end_visits import Ended
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.operations.no_show_visit import no_show_visit
from hub.operations.place_facts import recheck_all_facts
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.outside_practice import (
    NINE,
    PRACTICE,
    arrive,
    fact,
    flagged,
    open_practice,
    wanted,
)
from tests.integration.operations.shared_practice import HandClock

HOUR = timedelta(hours=1)
RULES = PRACTICE + (
    "  - {id: peel, spacing: [{after: massage, min_days: 7}],"
    " steps: [{name: peel, minutes: 30, needs: [{kind: provider}]}]}\n"
    "policy: {overrides: {owner: [missing_prerequisite]}}\n"
)


@pytest.fixture
def practice(store: SqlStore) -> SqlStore:
    open_practice(store, RULES)
    return store


def booked(store: SqlStore, request: BookingRequest) -> str:
    outcome = book_visit(store, request, actor="desk")
    assert isinstance(outcome, Booked)
    return outcome.visits[0].id


def apply(store: SqlStore, text: str) -> None:
    """As `hub config apply` does."""
    apply_practice(store, text, "practice.yaml")
    recheck_all_facts(store)


def test_who_is_booked_with_somebody_who_is_away_is_listed_and_no_more_once_moved(practice: SqlStore) -> None:
    visit = booked(practice, wanted(resources={"provider": "dr-lee"}))
    other = booked(practice, wanted(patient=1, resources={"provider": "dr-kim"}))
    add_away(practice, "dr-lee", Span(NINE, NINE + HOUR), actor="desk")
    assert flagged(practice) == {visit: ("no_provider",)}
    move_visit(practice, MoveRequest((visit,), NINE + HOUR), actor="desk")
    assert flagged(practice) == {}
    add_away(practice, "dr-kim", Span(NINE + HOUR, NINE + 2 * HOUR), actor="desk")
    assert flagged(practice) == {}, other


def test_a_visit_that_a_new_file_breaks_is_listed_until_a_file_mends_it_or_it_is_cancelled(practice: SqlStore) -> None:
    early, late = booked(practice, wanted()), booked(practice, wanted(minutes=120, patient=1))
    shorter = RULES.replace('to: "12:00"', 'to: "11:00"')
    apply(practice, shorter)
    assert flagged(practice) == {late: ("closed",)}
    apply(practice, RULES)
    assert flagged(practice) == {}
    apply(practice, shorter.replace('from: "09:00"', 'from: "09:30"'))
    assert flagged(practice) == {early: ("closed",), late: ("closed",)}
    cancel_visit(practice, late, actor="desk", by="practice")
    assert flagged(practice) == {early: ("closed",)}


def test_what_the_file_names_no_more_is_said(practice: SqlStore) -> None:
    gone = booked(practice, wanted("peel"))
    room = booked(practice, wanted(patient=1, resources={"room": "room-2"}))
    apply(practice, PRACTICE.replace("  - {id: room-2, kind: room}\n", ""))
    assert flagged(practice) == {gone: ("unknown_service",), room: ("unknown_resource",)}


def test_a_visit_from_outside_that_comes_too_close_to_a_booked_one_is_said_of_both(practice: SqlStore) -> None:
    visit = booked(practice, wanted("peel", patient=20))
    arrive(practice, fact("v1", 60 - 24 * 60, service="massage", provider_id="dr-lee"))
    assert flagged(practice) == {"v1": ("too_soon",), visit: ("too_soon",)}
    cancel_visit(practice, "v1", actor="desk")
    assert flagged(practice) == {}


def test_what_was_passed_over_at_booking_is_not_held_against_the_visit(practice: SqlStore) -> None:
    request = wanted("laser")
    override = frozenset({"missing_prerequisite"})
    visit = booked(practice, BookingRequest(request.trip, request.arrives_at, override, "photos seen", "owner"))
    apply(practice, RULES.replace('to: "12:00"', 'to: "11:00"'))
    assert flagged(practice) == {}
    apply(practice, RULES.replace('from: "09:00"', 'from: "09:30"'))
    assert flagged(practice) == {visit: ("closed",)}


def consult_and_laser(store: SqlStore) -> tuple[str, str]:
    consult = booked(store, wanted(resources={"provider": "dr-kim", "room": "room-1"}))
    return consult, booked(store, wanted("laser", 60))


def test_what_was_to_follow_a_visit_that_is_cancelled_is_listed_until_that_is_booked_again(practice: SqlStore) -> None:
    consult, laser = consult_and_laser(practice)
    other = booked(practice, wanted("massage", 120))
    ended = cancel_visit(practice, consult, actor="desk")
    assert isinstance(ended, Ended)
    assert ended.relying == flagged(practice) == {laser: ("missing_prerequisite",)}
    cancelled = cancel_visit(practice, other, actor="desk")
    assert isinstance(cancelled, Ended)
    assert cancelled.relying == {}  # nothing asks for a massage before it
    booked(practice, wanted(minutes=30))
    assert flagged(practice) == {}


def test_what_was_to_follow_a_visit_that_nobody_came_to_is_listed(engine: Engine) -> None:
    clock = HandClock()
    store = SqlStore(engine, clock=clock)
    open_practice(store, RULES)
    consult, laser = consult_and_laser(store)
    clock.now = NINE + timedelta(minutes=30)
    no_show_visit(store, consult, actor="desk")
    assert flagged(store) == {laser: ("missing_prerequisite",)}


def test_what_was_to_follow_a_visit_that_moves_behind_it_is_listed_until_it_is_before_it_again(
    practice: SqlStore,
) -> None:
    consult, laser = consult_and_laser(practice)
    move_visit(practice, MoveRequest((consult,), NINE + 2 * HOUR), actor="desk")
    assert flagged(practice) == {laser: ("missing_prerequisite",)}
    move_visit(practice, MoveRequest((consult,), NINE), actor="desk")
    assert flagged(practice) == {}


def test_who_may_come_without_what_comes_first_is_not_listed(practice: SqlStore) -> None:
    request = wanted("laser", 60)
    consult = booked(practice, wanted())
    override = frozenset({"missing_prerequisite"})
    move = MoveRequest((booked(practice, request),), NINE - HOUR, override=override, reason="photos", role="owner")
    assert isinstance(move_visit(practice, move, actor="desk"), Refusal)  # closed
    move = replace(move, arrives_at=NINE)
    cancel_visit(practice, consult, actor="desk")
    assert isinstance(move_visit(practice, move, actor="desk"), Moved)
    assert flagged(practice) == {}


def test_whom_a_visit_meets_is_contested_and_no_rule_that_it_breaks(practice: SqlStore) -> None:
    booked(practice, wanted(resources={"room": "room-1"}))
    arrive(practice, fact("v1", provider_id="dr-kim", room_id="room-1"))
    recheck_all_facts(practice)
    assert flagged(practice) == {}
    assert flagged(practice, "overlap") == {"v1": ("room",)}
