"""A practice file is applied whole or not at all, and again without a change."""

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind, ProviderId
from hub.canonical.records import Provider
from hub.errors import InvalidInput
from hub.operations.apply_practice import Applied, apply_practice, load_practice
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import PRACTICE
from tests.integration.store.records_made_up import landed

UNCHANGED = Applied(is_new=False, changed=(), lots=0)


def _look(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_practice_is_in_the_tables_once_it_is_applied(store: SqlStore, engine: Engine) -> None:
    applied = apply_practice(store, PRACTICE, "practice.yaml")
    assert (applied.is_new, applied.lots) == (True, 1)
    assert _look(engine, "SELECT id, zone FROM location") == [("main", "America/Chicago")]
    assert _look(engine, "SELECT owner_id, count(*) FROM resource_unit GROUP BY 1 ORDER BY 1") == [
        ("dr-kim", 1),
        ("dr-lee", 1),
        ("dr-ray", 1),
        ("lounge", 2),
        ("room-1", 1),
        ("room-2", 1),
    ]
    with store.begin("test") as work:
        assert len(load_practice(work).services) == len(work.records.load_all(Kind.SERVICE)) == 4


def test_applying_the_same_file_again_changes_nothing(store: SqlStore, engine: Engine) -> None:
    apply_practice(store, PRACTICE, "practice.yaml")
    before = _look(engine, "SELECT count(*) FROM domain_event")
    assert apply_practice(store, PRACTICE, "practice.yaml") == UNCHANGED
    assert _look(engine, "SELECT count(*) FROM domain_event") == before
    assert _look(engine, "SELECT count(*) FROM practice_version") == [(1,)]


def test_a_change_reaches_what_it_changes_and_nothing_else(store: SqlStore, engine: Engine) -> None:
    apply_practice(store, PRACTICE, "practice.yaml")
    wider = PRACTICE.replace("kind: lounge, capacity: 2", "kind: lounge, capacity: 3").replace(
        "  - {id: dr-ray, kind: provider}\n", ""
    )
    assert set(apply_practice(store, wider, "practice.yaml").changed) == {"lounge", "dr-ray"}
    assert _look(engine, "SELECT count(*) FROM resource_unit WHERE owner_id = 'lounge'") == [(3,)]
    assert _look(engine, "SELECT id FROM provider WHERE NOT bookable") == [("dr-ray",)]


def test_what_is_left_of_a_known_lot_is_not_the_files_to_say(store: SqlStore, engine: Engine) -> None:
    apply_practice(store, PRACTICE, "practice.yaml")
    assert apply_practice(store, PRACTICE.replace("on_hand: 3", "on_hand: 90"), "practice.yaml").lots == 0
    assert _look(engine, "SELECT name, on_hand FROM lot") == [("G1", 3)]


def test_the_name_that_a_system_gave_a_provider_stays(store: SqlStore) -> None:
    with store.begin("test") as work:
        (source,) = work.landing.land([landed("s1", kind=Kind.PROVIDER)])
        lee = Provider(id=ProviderId("dr-lee"), name="Hannah Lee, MD")
        work.records.save([lee], sources={"dr-lee": source.id})
    apply_practice(store, PRACTICE, "practice.yaml")
    assert apply_practice(store, PRACTICE, "practice.yaml") == UNCHANGED
    with store.begin("test") as work:
        assert work.records.load(Kind.PROVIDER, ["dr-lee"]) == {"dr-lee": lee}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [("kind: lounge, capacty: 2", "capacty"), ("kind: lounge, capacity: none", "capacity")],
)
def test_a_file_that_is_wrong_changes_nothing_and_says_where(
    store: SqlStore, engine: Engine, wrong: str, told: str
) -> None:
    text_ = PRACTICE.replace("kind: lounge, capacity: 2", wrong)
    with pytest.raises(InvalidInput) as refused:
        apply_practice(store, text_, "practice.yaml")
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == ("practice.yaml", 11)
    assert told in str(problem)
    assert _look(engine, "SELECT count(*) FROM practice_version") == [(0,)]
