"""A migration is rehearsed on a copy: the account is told, and the database stays as it is."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.bootstrap.rehearsal import open_copy
from hub.errors import InvalidInput, NeedsAttention, RetryLater
from hub.settings import Settings
from hub.store.engine import application_engine
from tests.database import Database
from tests.integration.migration.moved import FOLDER, dump_of
from tests.legacy.generate import generate


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Of a login that owns the database, which nobody is connected to."""
    database.engine.dispose()
    database.owner.dispose()
    url = database.owner_url.render_as_string(hide_password=False)
    return Settings(home=tmp_path, database_url=url)


def databases(engine: Engine) -> set[str]:
    """The database and its copies: others are other tests'."""
    with engine.connect() as connection:
        found = set(connection.execute(text("SELECT datname FROM pg_database")).scalars())
    engine.dispose()
    return {name for name in found if name.startswith(engine.url.database or "")}


def test_what_is_written_in_a_copy_stays_there_and_the_copy_goes(settings: Settings, database: Database) -> None:
    with open_copy(settings) as copied:
        copy = application_engine(copied.database_url or "")
        with copy.begin() as connection:
            connection.execute(text("INSERT INTO location (id, name) VALUES ('loc_1', 'Here')"))
        copy.dispose()
        name = copy.url.database
        assert name in databases(database.owner)
        with database.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM location")).scalar_one() == 0
    assert name not in databases(database.owner)


def test_a_copy_goes_when_what_was_done_on_it_fails(settings: Settings, database: Database) -> None:
    before = databases(database.owner)
    with pytest.raises(NeedsAttention), open_copy(settings):
        raise NeedsAttention("no")
    assert databases(database.owner) == before


def test_a_database_in_use_is_not_copied_and_it_is_said_what_to_do(settings: Settings, database: Database) -> None:
    with database.engine.connect(), pytest.raises(RetryLater, match=r"somebody works on .* Stop `hub serve`"):
        open_copy(settings).__enter__()


def test_a_name_that_is_taken_and_a_login_without_the_right_are_refused(settings: Settings, database: Database) -> None:
    with pytest.raises(InvalidInput, match="--keep: there is a database"):
        open_copy(settings, keep=database.url.database).__enter__()
    weak = settings.model_copy(update={"database_url": database.text_url})
    with pytest.raises(NeedsAttention, match=r"cannot be copied\. Let the login of HUB_DATABASE_URL"):
        open_copy(weak).__enter__()


@pytest.mark.slow
def test_a_rehearsal_tells_the_account_and_leaves_the_database_as_it_was(hub, settings, database, tmp_path) -> None:
    generate(4, 60, tmp_path / "export")
    staff = tmp_path / "export" / "staff.csv"
    lines = staff.read_text("cp1252").splitlines()
    staff.write_text("".join(f"{line},{'41' if n else 'Shoe size'}\n" for n, line in enumerate(lines)), "cp1252")
    with (tmp_path / "export" / "inventory.csv").open("a", encoding="utf-8") as stock:
        stock.write("Botox,C7,2099-01-31,100,unit,Main\nbotox ,C7,2099-01-31,40,units,MAIN\n")
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO location (id, name) VALUES ('loc_1', 'Here')"))
    before = dump_of(database.engine)
    assert any("Here" in line for line in before)
    database.engine.dispose()
    known = databases(database.owner)
    done = hub.run(
        "migrate", "rehearse", str(FOLDER), "--source", str(tmp_path / "export"), HUB_DATABASE_URL=settings.database_url
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "appointments.csv" in done.stdout
    told = "Nobody said what becomes of 1 columns (provider: Shoe size): `hub migrate plan` shows them"
    assert told in done.stdout
    assert "lot_twice 1" in done.stdout
    assert "Verified." in done.stdout
    assert "the copy is dropped; the hub's own database is as it was." in done.stdout
    assert dump_of(database.engine) == before
    assert databases(database.owner) == known
