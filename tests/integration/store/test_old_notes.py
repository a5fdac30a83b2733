"""Notes of what changed are kept for so many transactions: whoever follows them makes do with that."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from time import monotonic

import pytest
from sqlalchemy import Engine, text

from hub.operations.book_visit import book_visit
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import own_server
from tests.integration.operations.small_practice import open_practice, wanted
from tests.integration.store.test_diaries import assert_never_stale, load


@pytest.fixture(scope="module")
def database_server() -> Iterator[EmbeddedServer]:
    """Its transactions are these tests' own: with another test's a copy would be old before its time."""
    with own_server() as server:
        yield server


def test_a_copy_that_reaches_back_further_than_the_notes_is_made_anew(
    engine: Engine, owner: Engine, store: SqlStore
) -> None:
    open_practice(store, patients=6)
    load(store)
    book_visit(SqlStore(engine), wanted(), actor="test")
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM diary_change"))
    assert not load(store).claims  # nothing is noted: the copy passes for fresh as long as it is young
    (place,) = store._copies._copies
    store._copies.keep(place, replace(store._copies._copies[place], snapshot="3:3:"))
    _use_up_transactions(owner, 15_100)
    assert_never_stale(store, engine)


def test_notes_are_swept_when_nobody_follows_them_any_more(engine: Engine, owner: Engine, store: SqlStore) -> None:
    open_practice(store, patients=6)
    with owner.begin() as connection:
        now = "CAST(CAST(pg_current_xact_id() AS text) AS bigint)"
        connection.execute(text(f"INSERT INTO diary_change VALUES ({now}, 'lot', 'old', '2098-01-01', '2098-01-01')"))
    book_visit(store, wanted(), actor="test")
    assert _noted(owner, "old")
    _use_up_transactions(owner, 25_100)
    _wait_until_none_runs_that_is_older(owner)
    book_visit(store, wanted(minutes=30), actor="test")
    assert not _noted(owner, "old")
    assert _noted(owner, "dr-lee")
    assert_never_stale(store, engine)


def _noted(owner: Engine, subject_id: str) -> int:
    with owner.connect() as connection:
        query = text("SELECT count(*) FROM diary_change WHERE subject_id = :id")
        return connection.execute(query, {"id": subject_id}).scalar_one()


def _wait_until_none_runs_that_is_older(owner: Engine) -> None:
    """As long as one runs, as PostgreSQL's own housekeeping, nothing after it is old."""
    with owner.begin() as connection:
        now = connection.execute(text("SELECT CAST(pg_current_xact_id() AS text)")).scalar_one()
    over = text("SELECT pg_snapshot_xmin(pg_current_snapshot()) > CAST(:now AS xid8)")
    deadline = monotonic() + 120
    while monotonic() < deadline:
        with owner.connect() as connection:
            if connection.execute(over, {"now": now}).scalar_one():
                return
        Event().wait(0.05)
    raise AssertionError("somebody's transaction does not end")


def _use_up_transactions(owner: Engine, count: int) -> None:
    """Every subtransaction that writes takes a number."""
    with owner.begin() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE spent (n int)"))
        connection.execute(
            text(f"""
            DO $$ BEGIN FOR n IN 1..{max(count, 0)} LOOP
                BEGIN INSERT INTO spent VALUES (n); EXCEPTION WHEN division_by_zero THEN NULL; END;
            END LOOP; END $$""")
        )
        connection.execute(text("DROP TABLE spent"))
