"""What other systems sent lands once, unchanged, and is linked."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.ports import Link
from hub.store.bulk import FEW
from hub.store.driver import run
from hub.store.landing import stored_row
from hub.store.unit_of_work import SqlStore
from tests.integration.store.records_made_up import landed


def test_the_same_content_lands_once(store: SqlStore) -> None:
    with store.begin("test") as work:
        first = work.landing.land([landed("a"), landed("b"), landed("a")])
    with store.begin("test") as work:
        second = work.landing.land([landed("b"), landed("a", {"id": "a", "x": 1})])
    assert [one.is_new for one in first] == [True, True, False]
    assert first[0].id == first[2].id != first[1].id
    assert [one.is_new for one in second] == [False, True]
    assert second[0].id == first[1].id


def test_a_record_comes_back_as_it_was_sent(store: SqlStore) -> None:
    sent = landed("a", {"name": "Zoë", "n": 1.5, "deep": [{"x": None, "y": "\\u0000 '"}], "": ""})._replace(
        version="7",
        modified_at=datetime(2026, 3, 1, 8, tzinfo=UTC),
    )
    with store.begin("test") as work:
        (one,) = work.landing.land([sent])
        assert work.landing.load([one.id]) == {one.id: sent}


@pytest.mark.parametrize("count", [3, FEW, FEW + 1])
def test_few_rows_and_many_stand_there_as_they_were_given(store: SqlStore, count: int) -> None:
    nasty = ["a", "it's", '"', "\\", "\\N", "{a,b}", "NULL", "null", "", " ", "\t\n", "Zoë", "$1 :x %s", "\U0001f600"]
    sent = [
        landed(
            f"{n} {nasty[n % len(nasty)]}", {nasty[n % len(nasty)]: [nasty, None, n, 0.5, {"x": n % 2 == 0}]}
        )._replace(
            version=None if n % 3 else nasty[n % len(nasty)],
            modified_at=None if n % 2 else datetime(2026, 3, 1, 8, 0, 0, n, tzinfo=UTC),
            line=None if n % 2 else n,
        )
        for n in range(count)
    ]
    ends = [SourceRecord(SourceRef("v", Kind.VISIT, nasty[1]), {}, gone=True, merged_into=nasty[2])]
    with store.begin("test") as work:
        numbers = [one.id for one in work.landing.land([*sent, *ends])]
        found = work.landing.load(numbers)
    assert [found[number] for number in numbers] == [*sent, *ends]


def test_a_character_that_the_database_cannot_hold_is_replaced_by_its_symbol(store: SqlStore) -> None:
    with store.begin("test") as work:
        (one,) = work.landing.land([landed("a", {"x": "a\x00\x00b\\u0000"})])
        assert work.landing.load([one.id])[one.id].payload == {"x": "a\u2400\u2400b\\u0000"}


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"one": "a"},
        {"b": 'a "%s" \\ \n', "a%": "Zoë \u2028 \u0007", "": ""},
        {"b": "a", "a": 1},
        {"b": "a", "a": {"z": [None], "y": True}},
    ],
)
def test_texts_are_written_as_any_json_is(payload: dict[str, Any]) -> None:
    _, digest, written, _ = stored_row(landed("a")._replace(payload=payload))
    assert written == json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert digest == sha256(written.encode()).hexdigest()


def test_the_last_link_of_a_record_wins_and_keeps_the_state_it_was_made_from(store: SqlStore) -> None:
    ref, other = SourceRef("legacy", Kind.PATIENT, "a"), SourceRef("legacy", Kind.PATIENT, "b")
    with store.begin("test") as work:
        (one,) = work.landing.land([landed("a")])
        work.links.save([Link(ref, "pat-1", one.id), Link(other, "pat-2")])
        work.links.save([Link(ref, "pat-9"), Link(ref, "pat-2")])
    with store.begin("test") as work:
        assert work.links.find([ref, other, SourceRef("fhir", Kind.PATIENT, "a")]) == {
            ref: Link(ref, "pat-2", one.id),
            other: Link(other, "pat-2"),
        }
        assert work.links.find_all("legacy", Kind.PATIENT) == {"a": "pat-2", "b": "pat-2"}
        assert work.links.find_refs(Kind.PATIENT, "pat-2") == (ref, other)
        assert work.links.find([]) == {}


def test_links_are_looked_up_without_reading_all_that_there_are_though_nothing_was_counted_yet(
    store: SqlStore, engine: Engine
) -> None:
    """A first synchronization fills the table faster than PostgreSQL counts it."""
    refs = [SourceRef("legacy", Kind.PATIENT, f"p{n}") for n in range(3000)]
    with store.begin("test") as work:
        work.links.save([Link(ref, f"patient-{ref.id}") for ref in refs])
    before = _links_read(engine)
    with store.begin("test") as work:
        assert len(work.links.find(refs[:20])) == 20
    assert _links_read(engine) - before < 100


def _links_read(engine: Engine) -> int:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    with engine.connect() as connection:
        read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'source_link'"
        return int(connection.execute(text(read)).scalar_one())


def test_a_cursor_is_found_as_it_was_saved_last(store: SqlStore) -> None:
    with store.begin("test") as work:
        assert work.cursors.find("fhir", Kind.VISIT) is None
        work.cursors.save("fhir", Kind.VISIT, "1")
        work.cursors.save("fhir", Kind.VISIT, "2")
        work.cursors.save("fhir", Kind.PATIENT, None)
    with store.begin("test") as work:
        assert work.cursors.find("fhir", Kind.VISIT) == "2"
        assert work.cursors.find("fhir", Kind.PATIENT) is None


def test_an_operation_that_is_simply_done_again_does_not_wait_for_the_disk(engine: Engine) -> None:
    with engine.connect() as connection:
        usual = run(connection, "SHOW synchronous_commit")

    def setting(*, is_repeatable: bool) -> list[dict[str, str]]:
        said = []

        def look(connection: Connection) -> datetime:
            said.extend(run(connection, "SHOW synchronous_commit"))
            return datetime(2026, 3, 2, 9, tzinfo=UTC)

        with SqlStore(engine, clock=look).begin("test", is_repeatable=is_repeatable):
            return said

    assert setting(is_repeatable=True) == [{"synchronous_commit": "off"}]
    assert setting(is_repeatable=False) == usual
