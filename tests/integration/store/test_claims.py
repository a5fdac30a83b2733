"""Facts become claims: firm where there is room, contested where there is none, and never lost."""

import itertools
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from hub.canonical.records import VisitState
from hub.canonical.time import Span
from hub.ports import BookableResource, FactClaim, Issue
from hub.store.unit_of_work import SqlStore
from tests.integration.store.records_made_up import NINE, at, practice, visit

_SHOWN = text("""
    SELECT c.visit_id, c.need, c.firm FROM claim c ORDER BY c.visit_id, c.need""")

_YEARS = text("""
    INSERT INTO claim (unit_id, during, visit_id, need)
    SELECT unit_id, tstzrange(lower(during) - n * INTERVAL '1 d', upper(during) - n * INTERVAL '1 d'), visit_id, need
    FROM claim, generate_series(1, 2000) n""")


def _claims_read(engine: Engine) -> int:
    """In sequence or by an index; what the engine's connection has counted so far is told first."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    with engine.connect() as connection:
        read = text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'claim'")
        return int(connection.execute(read).scalar_one())


def _claims(engine: Engine) -> list[tuple[str, str, bool]]:
    with engine.connect() as connection:
        return [(row.visit_id, row.need, row.firm) for row in connection.execute(_SHOWN)]


def _place(store: SqlStore, *visits, patients: int = 3):
    with store.begin("test") as work:
        work.records.save([*practice(patients), *visits])
        return work.claims.place_facts([one.id for one in visits])


def test_a_fact_claims_who_and_what_it_names(store: SqlStore, engine: Engine) -> None:
    placed = _place(store, visit(1, 0, 30, room="room-1"))
    assert (placed.firm, placed.contested, placed.contested_visits) == (3, 0, ())
    assert _claims(engine) == [("v1", "patient", True), ("v1", "provider", True), ("v1", "room", True)]


def test_facts_that_only_touch_are_both_firm(store: SqlStore) -> None:
    assert _place(store, visit(1, 0, 30), visit(2, 30, 60, patient=1)).contested == 0


def test_the_later_of_two_overlapping_facts_is_contested_only_where_they_meet(store: SqlStore, engine: Engine) -> None:
    placed = _place(store, visit(2, 10, 40, patient=1), visit(1, 0, 30, room="room-1"))
    assert placed.contested_visits == ("v2",)
    assert ("v2", "provider", False) in _claims(engine)
    assert ("v2", "patient", True) in _claims(engine)
    with store.begin("test") as work:
        assert work.issues.find_open() == (Issue("overlap", "visit", "v2", ("provider",)),)
    with engine.connect() as connection:
        flags = dict(connection.execute(text("SELECT id, contested FROM visit")).all())
    assert flags == {"v1": False, "v2": True}


def test_a_patient_in_two_places_is_contested_too(store: SqlStore) -> None:
    assert _place(store, visit(1, 0, 30), visit(2, 0, 30, provider="dr-kim")).contested_visits == ("v2",)


def test_what_a_fact_meets_in_a_later_batch_stays_firm(store: SqlStore) -> None:
    _place(store, visit(1, 10, 40))
    assert _place(store, visit(0, 0, 30, patient=1)).contested_visits == ("v0",)


def test_room_for_a_fact_is_found_without_reading_what_was_claimed_at_other_times(
    store: SqlStore, engine: Engine
) -> None:
    """A first synchronization would cost a record the more, the more there are."""
    _place(store, visit(1, 0, 30, room="room-1"))
    with engine.begin() as connection:
        connection.execute(_YEARS)
    before = _claims_read(engine)
    assert _place(store, visit(2, 60, 90, patient=1, room="room-1")).firm == 3
    assert _claims_read(engine) - before < 30  # of 6003


@pytest.mark.parametrize("state", [VisitState.CANCELLED, VisitState.NO_SHOW])
def test_a_visit_that_does_not_take_place_claims_nothing(store: SqlStore, engine: Engine, state: VisitState) -> None:
    assert _place(store, visit(1, 0, 30, state=state)).firm == 0
    assert _claims(engine) == []


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
def test_placing_facts_again_in_any_order_changes_nothing(store: SqlStore, engine: Engine, order) -> None:
    visits = [visit(1, 0, 30), visit(2, 10, 40, patient=1), visit(3, 35, 50, patient=2)]
    _place(store, *visits)
    before = _claims(engine)
    for number in order:
        _place(store, visits[number - 1])
    assert _claims(engine) == before


def test_a_contested_fact_becomes_firm_when_the_obstacle_goes(store: SqlStore, engine: Engine) -> None:
    _place(store, visit(1, 0, 30), visit(2, 10, 40, patient=1), visit(3, 20, 50, patient=2))
    with store.begin("test") as work:
        work.bookings.cancel("v1")
    assert _claims(engine) == [
        ("v2", "patient", True),
        ("v2", "provider", True),
        ("v3", "patient", True),
        ("v3", "provider", False),  # v2 is in its way now
    ]
    with store.begin("test") as work:
        assert [issue.subject_id for issue in work.issues.find_open()] == ["v3"]


def test_a_fact_that_moves_away_makes_room(store: SqlStore, engine: Engine) -> None:
    _place(store, visit(1, 0, 30), visit(2, 10, 40, patient=1))
    assert _place(store, visit(1, 60, 90)).contested == 0
    assert all(firm for _, _, firm in _claims(engine))


def test_a_fact_that_turns_out_to_be_of_another_patient_claims_that_ones_time(store: SqlStore) -> None:
    _place(store, visit(1, 0, 30))
    _place(store, visit(1, 0, 30, patient=1))
    assert _place(store, visit(2, 0, 30, provider="dr-kim")).contested == 0
    assert _place(store, visit(3, 0, 30, provider=None, patient=1)).contested_visits == ("v3",)


def test_a_room_for_two_holds_two_and_no_third(store: SqlStore, engine: Engine) -> None:
    visits = [visit(n, start, start + 40, patient=n, provider=None) for n, start in enumerate([0, 20, 30, 45])]
    with store.begin("test") as work:
        work.records.save([*practice(4), *visits])
        work.practices.save_resources([BookableResource("room-1", "room", "Room 1", "main", 2)])
        spans = [Span(one.start, one.end) for one in visits]
        facts = [FactClaim("resource", "room-1", span, visit_id=f"v{n}", need="room") for n, span in enumerate(spans)]
        # One after another, the units that were given first stand in the way of the fourth unless somebody moves.
        outcomes = [work.claims.place([facts[n]]).contested for n in (3, 0, 1, 2)]
    assert outcomes == [0, 0, 0, 1]
    assert [visit_id for visit_id, _, firm in _claims(engine) if not firm] == ["v2"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_resource_of_several_units_takes_whatever_fits_however_long_a_chain_must_move(
    store: SqlStore, seed: int
) -> None:
    random, busy, outcomes, fitting = Random(seed), [0] * 400, [], []
    starts = [random.randrange(0, 320) for _ in range(40)]
    visits = [visit(n, at_, at_ + random.randrange(5, 80), patient=n, provider=None) for n, at_ in enumerate(starts)]
    with store.begin("test") as work:
        work.records.save([*practice(40), *visits])
        work.practices.save_resources([BookableResource("room-1", "room", "Room 1", "main", 3)])
        for one in visits:
            fact = FactClaim("resource", "room-1", Span(one.start, one.end), visit_id=one.id, need="room")
            outcomes.append(work.claims.place([fact]).firm)
            minutes = range(*(int((moment - NINE).total_seconds() // 60) for moment in (one.start, one.end)))
            fitting.append(int(all(busy[minute] < 3 for minute in minutes)))
            for minute in minutes if fitting[-1] else ():
                busy[minute] += 1
    assert outcomes == fitting
    assert 0 < sum(fitting) < 40


def test_blocks_take_time_like_visits(store: SqlStore) -> None:
    with store.begin("test") as work:
        work.records.save(practice())
        span = Span(NINE, NINE + timedelta(hours=1))
        work.claims.save_block("b1", "main", span, reason="lunch")
        work.claims.place([FactClaim("resource", "dr-lee", span, block_id="b1")])
    assert _place(store, visit(1, 30, 90)).contested_visits == ("v1",)


@pytest.mark.parametrize("rights", ["engine", "owner"])
def test_nobody_can_write_two_firm_claims_of_one_unit_at_one_time(
    store: SqlStore, rights: str, request: pytest.FixtureRequest
) -> None:
    _place(store, visit(1, 0, 30))
    copy = text("""
        INSERT INTO claim (unit_id, during, visit_id, firm)
        SELECT unit_id, tstzrange(:start, :end), visit_id, :firm FROM claim WHERE need = 'provider' LIMIT 1""")
    writer: Engine = request.getfixturevalue(rights)
    with writer.begin() as connection:
        connection.execute(copy, {"start": at(30), "end": at(31), "firm": True})
        connection.execute(copy, {"start": at(29), "end": at(31), "firm": False})
    with pytest.raises(IntegrityError, match="ex_claim_firm"), writer.begin() as connection:
        connection.execute(copy, {"start": at(29), "end": at(31), "firm": True})


@pytest.mark.parametrize("number", [10, 2**24, 2**52])
def test_neighbouring_units_are_kept_apart_and_one_unit_to_the_microsecond(
    store: SqlStore, owner: Engine, number: int
) -> None:
    _place(store, visit(1, 0, 30))
    units = text("""
        INSERT INTO resource_unit (id, owner_kind, owner_id, number) OVERRIDING SYSTEM VALUE
        SELECT :number + n, 'resource', 'hall', n + 1 FROM generate_series(0, 2) n""")
    claim = text("INSERT INTO claim (unit_id, during, visit_id) VALUES (:unit, tstzrange(:start, :end), 'v1')")
    ends = at(30) + timedelta(microseconds=1)
    with owner.begin() as connection:
        connection.execute(units, {"number": number})
        for n in range(3):
            connection.execute(claim, {"unit": number + n, "start": at(0), "end": ends})
            connection.execute(claim, {"unit": number + n, "start": ends, "end": None})
    for n in range(3):
        with pytest.raises(IntegrityError, match="ex_claim_firm"), owner.begin() as connection:
            connection.execute(claim, {"unit": number + n, "start": at(30), "end": ends})
        with pytest.raises(IntegrityError, match="ex_claim_firm"), owner.begin() as connection:
            connection.execute(claim, {"unit": number + n, "start": at(999_999), "end": at(1_000_000)})


def test_a_claim_is_half_open_and_belongs_to_one_thing(store: SqlStore, owner: Engine) -> None:
    _place(store, visit(1, 0, 30))
    wrong = {
        "ck_claim_during": "UPDATE claim SET during = tstzrange(lower(during), upper(during), '[]')",
        "ck_claim_owner": "UPDATE claim SET visit_id = NULL",
    }
    for name, statement in wrong.items():
        with pytest.raises(IntegrityError, match=name), owner.begin() as connection:
            connection.execute(text(statement))


@pytest.mark.slow
def test_years_of_history_are_placed_at_once(store: SqlStore, engine: Engine) -> None:
    """Eleven thousand visits of three years, some of them overlapping: every one is there, in one operation."""
    visits = [
        visit(n, (n // 4) * 45 + (n % 4) * 12, (n // 4) * 45 + (n % 4) * 12 + 30, patient=n % 500, room="room-1")
        for n in range(11_000)
    ]
    placed = _place(store, *visits, patients=500)
    assert placed.firm + placed.contested == 3 * 11_000
    with engine.begin() as connection:
        overlapping = connection.execute(
            text("""
            SELECT count(*) FROM (SELECT lower(during) < lag(upper(during)) OVER (
                PARTITION BY unit_id ORDER BY lower(during)) AS early FROM claim WHERE firm) AS ordered WHERE early""")
        ).scalar()
        needlessly = connection.execute(
            text("""
            SELECT count(*) FROM claim a WHERE NOT a.firm AND NOT EXISTS (
                SELECT FROM claim b WHERE b.firm AND b.during && a.during AND b.unit_id + 0 = a.unit_id)""")
        ).scalar()
    assert (overlapping, needlessly) == (0, 0)
    assert len(placed.contested_visits) > 1000
