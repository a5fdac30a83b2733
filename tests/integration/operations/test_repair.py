"""The repair of a day on the tables: proposed, looked at, approved whole or in part, checked again each time."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.canonical.time import Span
from hub.errors import InvalidInput
from hub.operations.add_away import add_away
from hub.operations.apply_practice import apply_practice
from hub.operations.approve_repair import Approved, NotApproved, approve_repair
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.operations.propose_repair import UNPLACED, find_proposal, propose_repair
from hub.ports.repairs import Proposal, ProposedChange
from hub.scheduling.repair.approval import Objection
from hub.scheduling.repair.day import Aim, Better, Fate
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import assert_nobody_is_booked_twice, count_rows
from tests.integration.operations.test_booking_races import at_once
from tests.integration.operations.test_holds import HandClock

PRACTICE = """
zone: UTC
grid_minutes: 60
locations: [{id: main, hours: [{days: mon-sun, from: "09:00", to: "12:00"}]}]
resources:
  - {id: lee, kind: provider}
  - {id: kim, kind: provider}
  - {id: room-1, kind: room}
  - {id: room-2, kind: room}
services:
  - {id: talk, steps: [{name: talk, minutes: 60, needs: [{kind: provider}, {kind: room}]}]}
  - {id: only-lee, steps: [{name: talk, minutes: 60, needs: [{kind: provider, id: lee}, {kind: room}]}]}
policy: {cancellation: [{within_hours: 72, fee_share: 1.0}]}
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
        work.records.save([Patient(id=PatientId(f"pat-{n}")) for n in range(9)])
    return made


def book(store: SqlStore, patient: int, hours: int, **resources: str) -> str:
    trip = Trip((Part("talk", f"pat-{patient}", resources=resources),), "main")
    booked = book_visit(store, BookingRequest(trip, NINE + hours * HOUR), actor="ann")
    assert isinstance(booked, Booked)
    return booked.visits[0].id


def away(store: SqlStore, resource: str, first: int, last: int) -> None:
    add_away(store, resource, Span(NINE + first * HOUR, NINE + last * HOUR), actor="ann")


def propose(store: SqlStore, notice_minutes: int = 0) -> Proposal:
    return propose_repair(store, "main", DAY, notice_minutes=notice_minutes, actor="ann", seconds=20)


def arrivals(owner: Engine) -> dict[str, datetime]:
    with owner.connect() as connection:
        return {row.id: row.start for row in connection.execute(text("SELECT id, start FROM visit"))}


def open_issues(owner: Engine) -> list[tuple[str, str]]:
    query = text("SELECT kind, subject_id FROM review_issue WHERE state = 'open' ORDER BY opened_at, id")
    with owner.connect() as connection:
        return [(row.kind, row.subject_id) for row in connection.execute(query)]


def test_a_proposal_says_of_each_change_from_where_to_where_and_why(store: SqlStore, owner: Engine) -> None:
    moved = book(store, 1, 0, provider="lee")
    away(store, "lee", 0, 1)
    proposal = propose(store)
    (change,) = proposal.changes
    assert (change.visit_id, change.fate, change.from_at, change.to_at) == (moved, Fate.KEPT, NINE, NINE)
    assert (change.from_resources["provider"], change.to_resources["provider"]) == ("lee", "kim")
    assert change.why == ("no_provider",)
    assert proposal.proven
    assert find_proposal(store, proposal.id) == proposal
    assert arrivals(owner) == {moved: NINE}  # nothing of the book has changed


def test_without_time_a_proposal_keeps_how_much_better_another_one_could_be(store: SqlStore) -> None:
    book(store, 1, 0, provider="lee")
    away(store, "lee", 0, 1)
    proposal = propose_repair(store, "main", NINE.date(), actor="ann", seconds=0)
    assert not proposal.proven
    assert proposal.better == Better(Aim.RESOURCES, 1)
    assert find_proposal(store, proposal.id) == proposal


def test_what_is_approved_is_made_with_event_audit_and_delivery(store: SqlStore, owner: Engine) -> None:
    visit = book(store, 1, 0, provider="lee")
    away(store, "lee", 0, 1)
    before = count_rows(owner)
    proposal = propose(store)
    approved = approve_repair(store, proposal.id, actor="ann", push_to=["ehr"])
    assert isinstance(approved, Approved)
    assert [(one.id, one.provider_id) for one in approved.visits] == [(visit, "kim")]
    rows = count_rows(owner)
    assert rows["claim"] == before["claim"]
    assert rows["outbox_delivery"] == 1
    assert [change.applied_at is not None for change in find_proposal(store, proposal.id).changes] == [True]  # type: ignore[union-attr]
    again = approve_repair(store, proposal.id, actor="ann", push_to=["ehr"])
    assert again == Approved((), is_stale=True)
    assert propose(store).changes == ()


def test_a_place_that_was_taken_since_the_proposal_refuses_the_approval(store: SqlStore, owner: Engine) -> None:
    first = book(store, 1, 0, provider="kim")
    second = book(store, 2, 1, provider="lee")
    for resource in ("lee", "room-2"):
        away(store, resource, 0, 3)
    away(store, "kim", 1, 2)  # left: kim at nine and at eleven, in one room
    proposal = propose(store)
    (change,) = [one for one in proposal.changes if one.visit_id == second]
    assert change.fate is Fate.MOVED
    other = book(store, 3, 2)  # nobody of the proposal, in the way since then
    refused = approve_repair(store, proposal.id, [second], actor="ann")
    assert refused == NotApproved((Objection(second, ("no_provider", "no_room")),), is_stale=True)
    assert arrivals(owner) == {first: NINE, second: NINE + HOUR, other: NINE + 2 * HOUR}


def test_a_move_into_a_place_that_an_unapproved_change_frees_is_refused_with_the_change_it_needs(
    store: SqlStore, owner: Engine
) -> None:
    """Two exchange places: neither can go without the other."""
    one = book(store, 1, 0, provider="kim")
    other = book(store, 2, 1, provider="lee")
    away(store, "room-2", 0, 3)
    away(store, "lee", 1, 3)
    proposal = propose(store)
    exchanged = _as_an_exchange(store, proposal, one, other)
    refused = approve_repair(store, exchanged, [one], actor="ann")
    assert isinstance(refused, NotApproved)
    ((objection),) = refused.objections
    assert (objection.visit_id, objection.needs) == (one, (other,))
    assert set(objection.reasons) >= {"no_room"}
    assert arrivals(owner) == {one: NINE, other: NINE + HOUR}
    assert isinstance(approve_repair(store, exchanged, actor="ann"), Approved)
    assert arrivals(owner) == {one: NINE + HOUR, other: NINE}
    assert_nobody_is_booked_twice(owner)


def _as_an_exchange(store: SqlStore, proposal: Proposal, one: str, other: str) -> str:
    """A proposal in which the two change places, written as a solver with other wishes would."""

    def change(visit_id: str, at: int, to: int, provider: str, then: str) -> ProposedChange:
        room = {"room": "room-1"}
        start = (NINE + at * HOUR, NINE + to * HOUR)
        return ProposedChange(
            visit_id, None, Fate.MOVED, *start, {"provider": provider} | room, {"provider": then} | room, ("no_room",)
        )

    changes = (change(one, 0, 1, "kim", "kim"), change(other, 1, 0, "lee", "lee"))
    exchanged = replace(proposal, id="rep_exchange", changes=changes)
    with store.begin("test") as work:
        work.repairs.save(exchanged)
    return exchanged.id


def test_who_was_moved_meanwhile_is_not_moved_again(store: SqlStore) -> None:
    visit = book(store, 1, 0, provider="lee")
    away(store, "lee", 0, 1)
    proposal = propose(store)
    assert isinstance(move_visit(store, MoveRequest([visit], NINE + HOUR), actor="ann"), Moved)
    refused = approve_repair(store, proposal.id, actor="ann")
    assert refused == NotApproved((Objection(visit, ("changed_since",)),), is_stale=True)
    cancel_visit(store, visit, actor="ann")
    assert isinstance(approve_repair(store, proposal.id, actor="ann"), NotApproved)


def test_nobody_is_told_later_than_the_notice_by_the_time_of_approval(store: SqlStore, clock: HandClock) -> None:
    book(store, 1, 0, provider="kim")
    visit = book(store, 2, 0, provider="lee")
    away(store, "lee", 0, 3)
    proposal = propose(store, notice_minutes=90)
    assert [(one.visit_id, one.to_at) for one in proposal.changes] == [(visit, NINE + HOUR)]
    clock.now = NINE - timedelta(minutes=29)
    refused = approve_repair(store, proposal.id, actor="ann")
    assert refused == NotApproved((Objection(visit, ("too_short_notice",)),), is_stale=False)
    clock.now = NINE - timedelta(minutes=30)
    assert isinstance(approve_repair(store, proposal.id, actor="ann"), Approved)


def test_who_could_stay_and_is_on_the_way_by_the_time_of_approval_is_not_moved(
    store: SqlStore, clock: HandClock
) -> None:
    one = book(store, 1, 0, provider="kim")
    other = book(store, 2, 1, provider="lee")
    away(store, "room-2", 0, 3)
    away(store, "lee", 1, 3)
    exchanged = _as_an_exchange(store, propose(store, notice_minutes=60), one, other)
    clock.now = NINE - timedelta(minutes=30)
    refused = approve_repair(store, exchanged, actor="ann")
    assert isinstance(refused, NotApproved)
    assert {(each.visit_id, each.reasons) for each in refused.objections} == {
        (one, ("on_the_way",)),
        (other, ("too_short_notice",)),
    }


def test_who_has_no_place_is_flagged_and_stays_until_there_is_one(store: SqlStore, owner: Engine) -> None:
    for hour in range(3):
        book(store, hour, hour, provider="kim")
    lost = book(store, 5, 0, provider="lee")
    away(store, "lee", 0, 3)
    proposal = propose(store)
    assert [(one.visit_id, one.fate) for one in proposal.changes] == [(lost, Fate.UNPLACED)]
    assert set(open_issues(owner)) == {("breaks_rules", lost), (UNPLACED, lost)}
    with pytest.raises(InvalidInput, match="changes nothing of"):
        approve_repair(store, proposal.id, [lost], actor="ann")
    assert isinstance(approve_repair(store, proposal.id, actor="ann"), Approved)
    assert arrivals(owner)[lost] == NINE


def test_who_has_no_place_yields_the_room_and_is_contested(store: SqlStore, owner: Engine) -> None:
    trip = Trip((Part("only-lee", "pat-1", resources={"room": "room-1"}),), "main")
    booked = book_visit(store, BookingRequest(trip, NINE), actor="ann")
    assert isinstance(booked, Booked)
    lost = booked.visits[0].id
    moved = book(store, 2, 1, provider="kim", room="room-1")
    away(store, "room-2", 0, 3)
    away(store, "lee", 0, 3)
    away(store, "kim", 1, 3)
    proposal = propose(store)
    assert {one.visit_id: one.fate for one in proposal.changes} == {lost: Fate.UNPLACED, moved: Fate.MOVED}
    assert isinstance(approve_repair(store, proposal.id, actor="ann"), Approved)
    assert arrivals(owner) == {lost: NINE, moved: NINE}
    assert set(open_issues(owner)) == {("breaks_rules", lost), (UNPLACED, lost), ("overlap", lost)}
    with owner.connect() as connection:
        firm = text("SELECT bool_and(firm) FROM claim WHERE visit_id = :id")
        assert connection.execute(firm, {"id": moved}).scalar_one()


def test_a_trip_is_approved_whole(store: SqlStore) -> None:
    parts = (Part("talk", "pat-1", resources={"provider": "lee"}), Part("talk", "pat-1"))
    booked = book_visit(store, BookingRequest(Trip(parts, "main"), NINE), actor="ann")
    assert isinstance(booked, Booked)
    away(store, "lee", 0, 1)
    away(store, "kim", 0, 1)
    proposal = propose(store)
    first, second = (visit.id for visit in booked.visits)
    assert {one.visit_id for one in proposal.changes} == {first, second}
    with pytest.raises(InvalidInput, match="a trip is changed whole"):
        approve_repair(store, proposal.id, [first], actor="ann")
    assert isinstance(approve_repair(store, proposal.id, [first, second], actor="ann"), Approved)


def test_ten_who_approve_at_once_make_each_change_once(store: SqlStore, owner: Engine) -> None:
    book(store, 1, 0, provider="lee")
    away(store, "lee", 0, 1)
    proposal = propose(store)
    done = at_once(
        [lambda: approve_repair(store, proposal.id, actor="ann", push_to=["ehr"]) for _ in range(10)], threads=10
    )
    assert [one for one in done if not isinstance(one, Approved)] == []
    assert count_rows(owner)["outbox_delivery"] == 1
    assert_nobody_is_booked_twice(owner)


def test_a_visit_moved_inside_a_window_keeps_the_arrival_of_its_fee(store: SqlStore, owner: Engine) -> None:
    book(store, 1, 0, provider="kim")
    visit = book(store, 2, 0, provider="lee")
    away(store, "lee", 0, 3)
    assert isinstance(approve_repair(store, propose(store).id, actor="ann"), Approved)
    with owner.connect() as connection:
        row = connection.execute(text("SELECT start, fee_from FROM visit WHERE id = :id"), {"id": visit}).one()
    assert tuple(row) == (NINE + HOUR, NINE)


def test_an_unknown_proposal_and_an_unknown_place_are_said_to_be(store: SqlStore) -> None:
    with pytest.raises(InvalidInput, match="no proposal"):
        approve_repair(store, "rep_nothing", actor="ann")
    with pytest.raises(InvalidInput, match="not declared"):
        propose_repair(store, "moon", DAY, actor="ann")
    assert find_proposal(store, "rep_nothing") is None


def test_a_hold_that_is_over_is_in_nobodys_way(store: SqlStore, clock: HandClock, owner: Engine) -> None:
    visit = book(store, 0, 0, provider="lee")
    trip = Trip((Part("talk", "pat-1", resources={"provider": "kim"}),), "main")
    assert isinstance(hold_visit(store, BookingRequest(trip, NINE), actor="ann"), Held)
    clock.now += timedelta(minutes=10)
    away(store, "lee", 0, 1)
    assert isinstance(approve_repair(store, propose(store).id, actor="ann"), Approved)
    with owner.connect() as connection:
        query = text("SELECT provider_id FROM visit WHERE id = :id")
        assert connection.execute(query, {"id": visit}).scalar_one() == "kim"
