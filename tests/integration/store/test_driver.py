"""What is deferred goes before whatever comes next, and never beyond its transaction."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text

from hub.ports import KnownKey
from hub.store.bookings import SqlBookings
from hub.store.bulk import copy_rows
from hub.store.driver import defer, run, run_deferred, run_text
from hub.store.engine import application_engine
from tests.database import Database

ADD = "INSERT INTO patient (id) VALUES (%(id)s)"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
COUNT = "SELECT count(*) AS n FROM patient"


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as made:
        made.begin()
        yield made


def patients(engine: Engine) -> list[str]:
    with engine.connect() as other:
        return sorted(other.execute(text("SELECT id FROM patient")).scalars())


@pytest.mark.parametrize(
    "count",
    [
        lambda one: run(one, COUNT)[0]["n"],
        lambda one: run_text(one, text(COUNT), {})[0].n,
        lambda one: one.execute(text(COUNT)).scalar_one(),
        lambda one: copy_rows(one, "patient", ("id",), [("pat-3",)]) or one.execute(text(COUNT)).scalar_one() - 1,
    ],
    ids=["driver", "text", "sqlalchemy", "copy"],
)
def test_nothing_overtakes_what_is_deferred(connection: Connection, count: Callable[[Connection], int]) -> None:
    defer(connection, ADD, {"id": "pat-1"})
    defer(connection, ADD, {"id": "pat-2"})
    assert count(connection) == 2


def test_what_is_deferred_last_goes_with_the_commit(connection: Connection, engine: Engine) -> None:
    run(connection, "SELECT 1")
    defer(connection, ADD, {"id": "pat-1"})
    assert patients(engine) == []
    connection.commit()
    assert patients(engine) == ["pat-1"]


def test_a_commit_that_lets_go_of_its_locks_before_the_disk_is_over_only_after_it(database: Database) -> None:
    strict = application_engine(database.url.update_query_dict({"options": "-c synchronous_commit=on"}))
    with strict.connect() as connection:
        connection.begin()
        run(connection, ADD, {"id": "pat-1"})
        written = run(connection, "SELECT pg_current_wal_insert_lsn() AS at")[0]["at"]
        defer(connection, ADD, {"id": "pat-2"})
        connection.commit()
        kept = (
            "SELECT pg_current_wal_flush_lsn() > CAST(%(at)s AS pg_lsn) AS kept, current_setting('synchronous_commit')"
        )
        (row,) = run(connection, kept, {"at": written})
    strict.dispose()
    assert row == {"kept": True, "current_setting": "on"}
    assert patients(database.engine) == ["pat-1", "pat-2"]


def test_a_key_that_was_used_before_is_told_when_the_disk_has_it(database: Database) -> None:
    strict = application_engine(database.url.update_query_dict({"options": "-c synchronous_commit=on"}))
    with strict.connect() as one, strict.connect() as other:
        one.begin()
        run(one, "SET LOCAL synchronous_commit = off")
        SqlBookings(one, AT).save_key("key", KnownKey("hash", ("vis-1",)))
        run_deferred(one)
        one.commit()
        written = run(one, "SELECT pg_current_wal_insert_lsn() AS at")[0]["at"]
        other.begin()
        assert SqlBookings(other, AT).lock_key("key") == KnownKey("hash", ("vis-1",))
        other.commit()
        kept = run(other, "SELECT pg_current_wal_flush_lsn() >= CAST(%(at)s AS pg_lsn) AS kept", {"at": written})
    strict.dispose()
    assert kept == [{"kept": True}]


def test_a_name_that_comes_twice_is_one_value(connection: Connection) -> None:
    values = {"b": 2, "a": 1, "unused": 0}
    given = "SELECT %(a)s::int AS one, %(b)s::int AS two, %(a)s::int AS again, '100%' AS share"
    assert run(connection, given, values) == [{"one": 1, "two": 2, "again": 1, "share": "100%"}]


def test_what_is_deferred_is_gone_with_a_rollback(connection: Connection, engine: Engine) -> None:
    run(connection, "SELECT 1")
    defer(connection, ADD, {"id": "pat-1"})
    connection.rollback()
    with connection.begin():
        run(connection, "SELECT 1")
    assert patients(engine) == []


def test_what_is_deferred_outside_of_a_transaction_does_not_outlive_its_connection(engine: Engine) -> None:
    with engine.connect() as connection:
        defer(connection, ADD, {"id": "pat-1"})
    with engine.begin() as later:
        run(later, "SELECT 1")
    assert patients(engine) == []


def test_a_mistake_in_what_is_deferred_is_raised_by_the_commit_and_nothing_is_written(engine: Engine) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), engine.begin() as connection:  # noqa: PT012 it ends inside
        run(connection, ADD, {"id": "pat-1"})
        defer(connection, ADD, {"id": "pat-1"})
    assert patients(engine) == []


def test_a_deferred_savepoint_can_be_rolled_back_to(connection: Connection) -> None:
    run(connection, ADD, {"id": "pat-1"})
    defer(connection, "SAVEPOINT here")
    defer(connection, ADD, {"id": "pat-2"})
    run_deferred(connection)
    run(connection, "ROLLBACK TO SAVEPOINT here")
    assert run(connection, COUNT)[0]["n"] == 1
