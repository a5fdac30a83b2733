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
from hub.store.moment import Moment
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


def prepared(connection: Connection) -> list[str]:
    """What this connection has prepared, but for this question."""
    asked = text("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
    return list(connection.execute(asked).scalars())


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
        SqlBookings(one, Moment(one, AT)).save_key("key", KnownKey("hash", ("vis-1",)))
        run_deferred(one)
        one.commit()
        written = run(one, "SELECT pg_current_wal_insert_lsn() AS at")[0]["at"]
        other.begin()
        assert SqlBookings(other, Moment(other, AT)).lock_key("key") == KnownKey("hash", ("vis-1",))
        other.commit()
        kept = run(other, "SELECT pg_current_wal_flush_lsn() >= CAST(%(at)s AS pg_lsn) AS kept", {"at": written})
    strict.dispose()
    assert kept == [{"kept": True}]


@pytest.mark.parametrize(
    "clear",
    [
        lambda one: one.rollback(),
        lambda one: one.execute(text("CREATE TEMPORARY TABLE brief ()")) and one.execute(text("DROP TABLE brief")),
        lambda one: one.begin_nested().rollback(),
    ],
    ids=["rollback", "drop", "savepoint"],
)
def test_what_was_prepared_is_prepared_again_where_the_driver_gave_it_up(
    connection: Connection, clear: Callable[[Connection], object]
) -> None:
    assert run(connection, COUNT) == [{"n": 0}]
    for _ in range(7):  # the driver, too, prepares what it has seen five times
        connection.execute(text("SELECT 1"))
    clear(connection)
    assert run(connection, COUNT) == [{"n": 0}]
    (left,) = run(
        connection, "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement = %(it)s", {"it": COUNT}
    )
    assert left == {"n": 1}


def test_an_answer_that_nobody_waited_for_is_asked_when_it_is_read(connection: Connection) -> None:
    answer = defer(connection, COUNT)
    run(connection, ADD, {"id": "pat-1"})
    assert answer.rows == [{"n": 0}]
    assert defer(connection, COUNT).rows == [{"n": 1}]


def test_after_a_refusal_nothing_of_the_same_journey_is_done(connection: Connection, engine: Engine) -> None:
    defer(connection, "SELECT 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        run(connection, ADD, {"id": "pat-1"})
    connection.commit()
    assert patients(engine) == []


def test_a_statement_is_prepared_once_whatever_its_values(connection: Connection) -> None:
    run(connection, ADD, {"id": "pat-1"})
    known = prepared(connection)
    run(connection, ADD, {"id": "pat-2"})
    assert prepared(connection) == known


def test_a_connection_that_is_gone_is_an_error_of_the_next_statement(database: Database) -> None:
    with application_engine(database.url).connect() as connection, database.engine.connect() as other:
        (mine,) = run(connection, "SELECT pg_backend_pid() AS pid")
        other.execute(text("SELECT pg_terminate_backend(:pid)"), mine)
        with pytest.raises(psycopg.OperationalError):
            run(connection, COUNT)


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
