"""How the application reaches its database, and what it says when it does not."""

import socket
from contextlib import ExitStack

import pytest
from sqlalchemy import text

from hub.errors import NeedsAttention
from hub.store.engine import application_engine, owner_engine, read_url, require_reachable
from tests.database import Database


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_every_way_to_write_postgresql_means_the_one_driver(scheme: str) -> None:
    assert read_url(f"{scheme}://u:p@h:5/d?host=x").drivername == "postgresql+psycopg"


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://u:secret@h/d", "no url", ""])
def test_another_database_or_no_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(NeedsAttention, match=r"postgresql\+psycopg://USER") as refused:
        read_url(url)
    assert "secret" not in str(refused.value)


def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port, and nobody answers
        engine = application_engine(f"postgresql://me:secret@127.0.0.1:{taken.getsockname()[1]}/hub")
        with pytest.raises(NeedsAttention) as refused:
            require_reachable(engine)
    said = str(refused.value)
    assert "the database does not answer" in said
    assert "me:***@127.0.0.1" in said
    assert "HUB_DATABASE_URL" in said
    assert "secret" not in said


def test_a_database_without_the_role_says_what_creates_it(database: Database) -> None:
    engine = application_engine(database.owner_url.set(database="postgres", query=database.owner_url.query))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == "hub_app"
    engine.dispose()
    gone = application_engine(database.url.set(database="nowhere"))
    with pytest.raises(NeedsAttention, match='database "nowhere" does not exist'):
        require_reachable(gone)


def test_whoever_logs_in_works_with_the_applications_rights(database: Database) -> None:
    for url in (database.url, database.owner_url):
        engine = application_engine(url)
        with engine.connect() as connection:
            row = connection.execute(text("SELECT current_user, current_setting('timezone')")).one()
        engine.dispose()
        assert tuple(row) == ("hub_app", "UTC")


def test_connections_that_were_all_busy_at_once_are_used_again(database: Database) -> None:
    engine = application_engine(database.url)

    def backends() -> set[int]:
        with ExitStack() as stack:
            several = [stack.enter_context(engine.connect()) for _ in range(20)]
            return {one.execute(text("SELECT pg_backend_pid()")).scalar_one() for one in several}

    try:
        assert backends() == backends()
    finally:
        engine.dispose()


def test_the_owner_keeps_its_own_rights(database: Database) -> None:
    engine = owner_engine(database.owner_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == "postgres"
    engine.dispose()
