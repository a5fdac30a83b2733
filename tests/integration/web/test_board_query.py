"""The board's read model on a real PostgreSQL: what stands in the book is what stands on the board."""

from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import InternalError

from hub.canonical.board import BoardDay, BoardIssue, BoardLocation
from hub.canonical.ids import LocationId, PatientId, ProviderId, ResourceId, ServiceId, VisitId
from hub.canonical.practice import read_practice
from hub.canonical.records import Location, Patient, Provider, Service, Visit, VisitState
from hub.canonical.time import Span
from hub.errors import RetryLater
from hub.ports import BookableResource, FactClaim, Issue, Site, UnitOfWork
from hub.store.board_query import BoardQuery
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from hub.web.app import create_app
from hub.web.board import lay_out_board
from tests.board_day import CHICAGO, MONDAY, NOW, span
from tests.browser import serving

PRACTICE = """
zone: America/Chicago
locations:
  - {id: main, name: Main, hours: [{days: mon-fri, from: "08:00", to: "18:00"}], closed: [2026-03-06]}
  - {id: far, name: Far, zone: Asia/Kolkata}
resources:
  - id: dr-lee
    name: Dr. Lee
    kind: provider
    hours: [{days: mon-fri, from: "09:00", to: "17:00"}]
    away: [{from: 2026-03-02T12:00, to: 2026-03-02T13:00}]
  - {id: room-2, name: Room 2, kind: room, capacity: 2}
  - {id: room-1, name: Room 1, kind: room}
  - {id: gentlemax, name: GentleMax, kind: device, in: room-1}
  - {id: far-room, name: Far room, kind: room, location: far}
services:
  - id: laser
    steps:
      - {name: numbing, minutes: 20, needs: [{kind: room}]}
      - {name: laser, minutes: 40, needs: [{kind: room}, {kind: provider}]}
      - {name: turnover, minutes: 10, patient: false, needs: [{kind: room}]}
"""

Write = Callable[[UnitOfWork], object]


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    made = SqlStore(engine)
    with made.begin("test") as work:
        _apply(work, PRACTICE)
        people = [("pat-1", "Ana", "Pellegrini"), ("pat-2", "Ben", "Quispe"), ("pat-3", None, None)]
        work.records.save([Patient(id=PatientId(one), given_name=g, family_name=f) for one, g, f in people])
        work.records.save([Service(id=ServiceId("laser"), sku="Laser legs", name="Laser, legs")])
    return made


def _apply(work: UnitOfWork, document: str) -> None:
    practice = read_practice(document, "practice.yaml")
    work.practices.save("practice.yaml", document)
    zones = [(one, practice.zone_of(one.id).key) for one in practice.locations]
    work.practices.save_sites([Site(one.id, one.name or one.id, zone) for one, zone in zones])
    work.practices.save_resources(
        [
            BookableResource(r.id, r.kind, r.name or r.id, practice.location_of(r), r.capacity)
            for r in practice.resources
        ]
    )


def a_visit(visit_id: str, start: str, end: str, patient: str = "pat-1", on: date = MONDAY, **changes) -> Visit:
    stay = span(start, end, on=on)
    values = {
        "id": VisitId(visit_id),
        "patient_id": PatientId(patient),
        "service_id": ServiceId("laser"),
        "location_id": LocationId("main"),
        "provider_id": ProviderId("dr-lee"),
        "room_id": ResourceId("room-1"),
        "start": stay.start,
        "end": stay.end,
        "state": VisitState.BOOKED,
    }
    return Visit.model_validate(values | changes)


def put(store: SqlStore, *visits: Visit) -> None:
    with store.begin("test") as work:
        work.records.save(visits)
        work.claims.place_facts([one.id for one in visits])


def main(query: BoardQuery) -> BoardLocation:
    return next(one for one in query.load_locations() if one.id == "main")


def load(engine: Engine, on: date = MONDAY, location_id: str = "main") -> BoardDay:
    query = BoardQuery(engine)
    here = next(one for one in query.load_locations() if one.id == location_id)
    return query.load_day(here, on)


def test_locations_come_in_the_practices_order_with_their_zones(store: SqlStore, engine: Engine) -> None:
    with store.begin("test") as work:
        work.records.save(
            [
                Location(id=LocationId("another"), name="Another"),
                Location(id=LocationId("z"), name="Gone", active=False),
            ]
        )
    found = [(one.id, one.zone.key) for one in BoardQuery(engine).load_locations()]
    assert found == [("main", "America/Chicago"), ("far", "Asia/Kolkata"), ("another", "America/Chicago")]


def test_columns_are_the_locations_own_in_the_practices_order(store: SqlStore, engine: Engine) -> None:
    day = load(engine)
    assert [one.id for one in day.resources] == ["dr-lee", "room-2", "room-1", "gentlemax"]
    details = {one.id: one.detail for one in day.resources}
    assert details == {"dr-lee": None, "room-2": "2 places", "room-1": None, "gentlemax": "in Room 1"}
    assert [one.id for one in load(engine, location_id="far").resources] == ["far-room"]


def test_a_title_is_shown_unless_the_name_says_it_already(store: SqlStore, engine: Engine) -> None:
    for name, detail in [("Dr. Lee", "MD"), ("Dr. Lee, MD", None)]:
        with store.begin("test") as work:
            work.records.save([Provider(id=ProviderId("dr-lee"), name=name, title="MD")])
        assert load(engine).resources[0].detail == detail


def test_closed_time_is_what_hours_and_location_leave_and_away_is_its_own(store: SqlStore, engine: Engine) -> None:
    closed = {one.id: [(c.span, c.reason) for c in one.closed] for one in load(engine).resources}
    assert closed["dr-lee"] == [
        (span("00:00", "09:00"), "closed"),
        (span("17:00", "00:00"), "closed"),
        (span("12:00", "13:00"), "away"),
    ]
    assert closed["room-1"] == [(span("00:00", "08:00"), "closed"), (span("18:00", "00:00"), "closed")]
    holiday = date(2026, 3, 6)
    assert [c.span for c in load(engine, holiday).resources[0].closed] == [span("00:00", "00:00", on=holiday)]


def test_closed_time_ends_at_the_right_instant_on_a_day_of_23_hours(store: SqlStore, engine: Engine) -> None:
    sunday = date(2026, 3, 8)
    (closed,) = load(engine, sunday).resources[0].closed
    assert closed.span.end - closed.span.start == timedelta(hours=23)


def test_of_a_patient_only_the_given_name_and_one_letter_leave_the_database(store: SqlStore, engine: Engine) -> None:
    put(store, a_visit("v1", "09:00", "10:00"), a_visit("v3", "10:00", "10:30", "pat-3"))
    first, nameless = load(engine).visits
    assert (first.given_name, first.family_initial) == ("Ana", "P")
    assert (nameless.given_name, nameless.family_initial) == (None, None)
    assert "Pellegrini" not in repr(load(engine))


def test_an_imported_visit_claims_what_it_names_from_start_to_end(store: SqlStore, engine: Engine) -> None:
    put(store, a_visit("v1", "09:00", "10:00"))
    (one,) = load(engine).visits
    assert {(c.resource_id, c.span, c.step, c.firm) for c in one.claims} == {
        ("dr-lee", span("09:00", "10:00"), None, True),
        ("room-1", span("09:00", "10:00"), None, True),
    }
    assert (one.service, one.span, one.patient_contested) == ("Laser, legs", span("09:00", "10:00"), False)


def test_steps_say_whether_the_patient_is_there(store: SqlStore, engine: Engine) -> None:
    with store.begin("test") as work:
        work.records.save([a_visit("v1", "09:00", "10:00")])
        steps = [("numbing", "09:00", "09:20"), ("laser", "09:20", "10:00"), ("turnover", "10:00", "10:10")]
        work.claims.place(
            [FactClaim("resource", "room-1", span(a, b), visit_id="v1", step=step, need="room") for step, a, b in steps]
        )
    (one,) = load(engine).visits
    assert {c.step: c.with_patient for c in one.claims} == {"numbing": True, "laser": True, "turnover": False}


def test_an_overlap_made_outside_is_a_conflict_on_the_board_with_its_reason(store: SqlStore, engine: Engine) -> None:
    put(store, a_visit("v1", "09:00", "10:00"))
    put(store, a_visit("v2", "09:30", "10:30", "pat-2"))
    day = load(engine)
    second = next(one for one in day.visits if one.id == "v2")
    assert {c.firm for c in second.claims} == {False}
    assert set(second.issues) == {"provider", "room"}
    board = lay_out_board(day, NOW)
    assert {line.conflict.where for line in board.conflicts} == {"Dr. Lee", "Room 1"}
    assert {line.conflict.reason for line in board.conflicts} == {"Ana P. and Ben Q. overlap. Ben Q. is not confirmed."}


def test_a_patient_who_is_in_two_places_is_contested(store: SqlStore, engine: Engine) -> None:
    put(store, a_visit("v1", "09:00", "10:00"))
    put(store, a_visit("v2", "09:00", "10:00", provider_id=None, room_id=ResourceId("room-2")))
    assert [one.patient_contested for one in load(engine).visits] == [False, True]


def test_a_room_for_two_takes_two_visits(store: SqlStore, engine: Engine) -> None:
    both = [
        a_visit(f"v{n}", "09:00", "10:00", f"pat-{n}", provider_id=None, room_id=ResourceId("room-2")) for n in (1, 2)
    ]
    put(store, *both)
    assert lay_out_board(load(engine), NOW).conflicts == ()


def test_cancelled_visits_are_there_without_claims(store: SqlStore, engine: Engine) -> None:
    put(store, a_visit("v1", "09:00", "10:00", state=VisitState.CANCELLED))
    (one,) = load(engine).visits
    assert (one.state, one.claims) == (VisitState.CANCELLED, ())


@pytest.mark.parametrize("state", [VisitState.BOOKED, VisitState.CANCELLED])
def test_a_visit_over_midnight_is_on_both_boards_and_on_no_third(
    store: SqlStore, engine: Engine, state: VisitState
) -> None:
    put(store, a_visit("v1", "23:30", "00:30", state=state))
    found = [[one.id for one in load(engine, MONDAY + timedelta(days=n)).visits] for n in (-1, 0, 1, 2)]
    assert found == [[], ["v1"], ["v1"], []]


def test_a_visit_is_on_the_date_its_own_location_has(store: SqlStore, engine: Engine) -> None:
    late = a_visit(
        "v1", "22:00", "23:00", location_id=LocationId("far"), provider_id=None, room_id=ResourceId("far-room")
    )
    put(store, late)
    assert late.start.astimezone(ZoneInfo("Asia/Kolkata")).date() == date(2026, 3, 3)
    assert load(engine, MONDAY, "far").visits == ()
    assert [one.id for one in load(engine, date(2026, 3, 3), "far").visits] == ["v1"]
    assert load(engine, MONDAY).visits == ()


def test_a_visit_of_another_location_that_takes_our_provider_is_on_our_board_too(
    store: SqlStore, engine: Engine
) -> None:
    put(store, a_visit("v1", "09:00", "10:00", location_id=LocationId("far"), room_id=ResourceId("far-room")))
    day = load(engine)
    assert [one.id for one in day.visits] == ["v1"]
    assert "far-room" in {one.id for one in day.resources}, "whatever a claim names has a column"


def test_blocks_are_read_with_their_reason(store: SqlStore, engine: Engine) -> None:
    lunch: Span = span("12:00", "13:00")
    with store.begin("test") as work:
        work.claims.save_block("b1", "main", lunch, reason="maintenance")
        work.claims.place([FactClaim("resource", "gentlemax", lunch, block_id="b1")])
    assert [(one.resource_id, one.span, one.reason) for one in load(engine).blocks] == [
        ("gentlemax", lunch, "maintenance")
    ]


def test_the_first_busy_date_is_local_and_counts_only_what_occupies(store: SqlStore, engine: Engine) -> None:
    put(
        store,
        a_visit("v1", "09:00", "10:00", state=VisitState.CANCELLED),
        a_visit("v2", "22:00", "23:00", on=date(2026, 3, 4)),
    )
    query = BoardQuery(engine)
    here = main(query)
    assert query.find_busy_date(here, MONDAY) == date(2026, 3, 4)
    assert query.find_busy_date(here, date(2026, 3, 4)) == date(2026, 3, 4)
    assert query.find_busy_date(here, date(2026, 3, 5)) is None


def local_date(issue: BoardIssue) -> date | None:
    return issue.at.astimezone(CHICAGO).date() if issue.at else None


def test_issues_are_counted_and_lead_to_their_day(store: SqlStore, engine: Engine) -> None:
    put(store, a_visit("v1", "22:00", "23:00"))
    with store.begin("test") as work:
        work.issues.open([Issue("overlap", "visit", "v1", ("room",)), Issue("ambiguous_match", "patient", "pat-1")])
    query = BoardQuery(engine)
    assert query.count_issues() == 2
    on_board, off_board = query.load_issues(10)
    assert (on_board.kind, on_board.codes, on_board.location_id) == ("overlap", ("room",), "main")
    assert (local_date(on_board), on_board.service) == (MONDAY, "Laser, legs")
    assert (off_board.kind, off_board.location_id, off_board.at, off_board.what) == (
        "ambiguous_match",
        None,
        None,
        "patient",
    )
    assert len(query.load_issues(1)) == 1
    with store.begin("test") as work:
        work.issues.close("overlap", "visit", ["v1"])
    assert query.count_issues() == 1


def test_what_is_still_to_come_waits_at_the_head_of_the_list(store: SqlStore, engine: Engine) -> None:
    days = {"v1": date(2020, 3, 2), "v2": date(2150, 3, 3), "v3": date(2150, 3, 2)}
    put(store, *(a_visit(each, "09:00", "10:00", on=on) for each, on in days.items()))
    with store.begin("test") as work:
        work.issues.open(
            [Issue("ambiguous_match", "patient", "pat-1"), *(Issue("overlap", "visit", each) for each in days)]
        )
    found = BoardQuery(engine).load_issues(10)
    assert [local_date(one) for one in found] == [days["v3"], days["v2"], None, days["v1"]]
    assert [local_date(one) for one in BoardQuery(engine).load_issues(1)] == [days["v3"]]


def test_an_issue_about_another_systems_record_names_the_system_and_not_the_record(
    store: SqlStore, engine: Engine
) -> None:
    with store.begin("test") as work:
        work.issues.open([Issue("rejected_record", "patient", "ehr/12345", ("x",), {"problems": ["no id"]})])
    (one,) = BoardQuery(engine).load_issues(10)
    assert (one.codes, one.problems) == (("x",), ("no id",))
    assert (one.what, one.at) == ("patient, ehr", None)


def test_an_issue_about_sending_a_visit_leads_to_the_visits_day(store: SqlStore, engine: Engine) -> None:
    put(store, a_visit("v1", "09:00", "10:00"))
    with store.begin("test") as work:
        work.issues.open([Issue("undelivered", "visit", "ehr/v1", ("structure",))])
    (one,) = BoardQuery(engine).load_issues(10)
    assert (one.what, one.location_id, local_date(one)) == ("visit, ehr", "main", MONDAY)


def test_a_new_practice_file_is_on_the_board_at_once(store: SqlStore, engine: Engine) -> None:
    query = BoardQuery(engine)
    before = query.load_day(main(query), MONDAY)
    with store.begin("test") as work:
        _apply(work, PRACTICE.replace('from: "09:00", to: "17:00"', 'from: "10:00", to: "16:00"'))
    after = query.load_day(main(query), MONDAY)
    first = [day.resources[0].closed[0].span.end for day in (before, after)]
    assert first == [span("00:00", "09:00").end, span("00:00", "10:00").end]


def test_without_a_practice_file_the_records_alone_make_a_board(engine: Engine) -> None:
    with SqlStore(engine).begin("test") as work:
        work.records.save([Location(id=LocationId("main"), name="Main")])
    day = load(engine)
    assert (day.location.zone.key, day.resources, day.visits) == ("UTC", (), ())


def test_reading_can_write_nothing(engine: Engine) -> None:
    query = BoardQuery(engine)
    with pytest.raises(InternalError, match="read-only transaction"), query._look() as look:
        look.execute(text("UPDATE location SET name = 'x'"))


FORMS = """
consents:
  - {id: laser-form, name: Laser consent, versions: [{version: "1"}, {version: "2", from: 2026-03-02}]}
"""


def test_the_forms_that_a_patient_has_still_to_sign_stand_with_the_visit(store: SqlStore, engine: Engine) -> None:
    with store.begin("test") as work:
        _apply(work, PRACTICE.replace("  - id: laser\n", "  - id: laser\n    consents: [laser-form]\n") + FORMS)
        work.consents.sign("pat-2", "laser-form", "1", valid_until=None)
        work.consents.sign("pat-3", "laser-form", "2", valid_until=None)
    put(
        store,
        a_visit("unsigned", "09:00", "10:00"),
        a_visit("over", "10:00", "11:00", state=VisitState.FULFILLED),
        a_visit("outdated", "11:00", "12:00", "pat-2"),
        a_visit("signed", "13:00", "14:00", "pat-3"),
    )
    found = {visit.id: visit.unsigned for visit in load(engine).visits}
    form = ("Laser consent",)
    assert found == {"unsigned": form, "over": (), "outdated": form, "signed": ()}


def test_a_day_of_many_visits_takes_as_few_questions_as_an_empty_one(store: SqlStore, engine: Engine) -> None:
    asked: list[str] = []
    query = BoardQuery(engine)
    here = main(query)
    event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    query.load_day(here, MONDAY)
    empty = len(asked)
    put(
        store,
        *(
            a_visit(f"v{n}", f"{8 + n // 4:02d}:{15 * (n % 4):02d}", f"{8 + n // 4:02d}:{15 * (n % 4) + 10:02d}")
            for n in range(40)
        ),
    )
    asked.clear()
    assert len(query.load_day(here, MONDAY).visits) == 40
    assert len(asked) == empty


def test_a_database_that_is_away_is_said_without_a_traceback() -> None:
    away = application_engine("postgresql+psycopg://hub_app@127.0.0.1:1/hub")
    with pytest.raises(RetryLater, match="the database does not answer"):
        BoardQuery(away).load_locations()
    with serving(create_app(BoardQuery(away))) as url:
        assert httpx.get(f"{url}/healthz", timeout=180).status_code == 503
        answer = httpx.get(f"{url}/board", timeout=180)
    assert answer.status_code == 503
    assert "Start it, then load the page again" in answer.text


def test_the_board_of_the_database_is_served(store: SqlStore, engine: Engine) -> None:
    put(store, a_visit("v1", "09:00", "10:00"), a_visit("v2", "09:30", "10:30", "pat-2"))
    with serving(create_app(BoardQuery(engine))) as url:
        page = httpx.get(f"{url}/board?location=main&date=2026-03-02", timeout=180).text
    assert "Ana P. and Ben Q. overlap. Ben Q. is not confirmed." in page
    assert "Dr. Lee" in page
    assert "Pellegrini" not in page


def test_the_clock_is_the_databases(engine: Engine) -> None:
    with engine.connect() as connection:
        before = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        at = BoardQuery(engine).now()
        after = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    assert before <= at <= after
    assert at.astimezone(CHICAGO).utcoffset()
