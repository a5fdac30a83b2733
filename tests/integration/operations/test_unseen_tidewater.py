"""A program that nobody has seen and whose database is open to the hub, connected by YAML alone, both ways."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from hub.canonical.ids import Kind, PatientId, mint
from hub.canonical.records import Patient
from hub.connectors.registry import open_sink, open_source
from hub.errors import NeedsAttention, RetryLater
from hub.ports import Write
from tests.database import Database
from tests.integration.operations.unseen_practice import Desk, unseen_practice
from tests.peers.unseen.tidewater.database import add_people, change, make_tables, rows

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture(params=["sqlite", "postgresql"])
def there(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Iterator[sa.Engine]:
    """Its database: a file, or a schema of its own on a server."""
    if request.param == "sqlite":
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'tidewater.db'}")
    else:
        with database.owner.begin() as owner:
            owner.execute(sa.text("CREATE SCHEMA tidewater"))
        url = database.owner.url.update_query_dict({"options": "-csearch_path=tidewater"})
        engine = sa.create_engine(url)
    make_tables(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(there: sa.Engine, database: Database, tmp_path: Path) -> Iterator[Desk]:
    url = there.url.render_as_string(hide_password=False)
    with unseen_practice("tidewater", None, database, tmp_path / "practice", secret=url) as opened:
        yield opened


def test_people_are_read_page_by_page_and_then_only_what_changed(desk: Desk, there: sa.Engine) -> None:
    add_people(there, *((f"Ann{number}", "Roe", f"512-555-01{number:02}") for number in range(20)))
    done = desk.pull(Kind.PATIENT)[Kind.PATIENT]
    assert (done.inserted, done.rejected, done.pages >= 3) == (20, 0, True)
    change(there, 3, last="Poe")
    assert desk.pull(Kind.PATIENT)[Kind.PATIENT].updated == 1
    assert desk.patients()["3"].family_name == "Poe"
    assert desk.issues() == []


def test_a_row_that_changes_behind_the_page_is_seen_by_the_next_pull(desk: Desk, there: sa.Engine) -> None:
    add_people(there, *((f"Ann{number}", "Roe", "") for number in range(20)))
    connection = desk.hub.folder.connection("tidewater")
    with open_source(connection, desk.hub.systems.surroundings) as source:
        pages = source.read(Kind.PATIENT, None)
        next(pages)
        change(there, 1, last="Poe")
        change(there, 20, last="Poe")
        *_, last = pages
        again = [record.payload for page in source.read(Kind.PATIENT, last.cursor) for record in page.records]
    assert {one["person_no"] for one in again if one["last"] == "Poe"} == {1, 20}


def test_somebody_new_is_made_there_once_and_changes_go_both_ways(desk: Desk, there: sa.Engine) -> None:
    bea = Patient(id=PatientId(mint(Kind.PATIENT)), given_name="Bea", family_name="Poe", phone="+15125550177")
    desk.save_and_tell(bea)
    assert desk.push().sent == 1
    (made,) = rows(there, "person")
    assert (made["first"], made["partner_ref"], made["closed"]) == ("Bea", bea.id, 0)
    assert desk.pull(Kind.PATIENT)[Kind.PATIENT].inserted == 0, "it is known when it comes back"
    change(there, 1, mail="bea@example.com")
    assert desk.pull(Kind.PATIENT)[Kind.PATIENT].updated == 1
    desk.save_and_tell(desk.patients()["1"].model_copy(update={"family_name": "Roe"}))
    assert desk.push().sent == 1
    (held,) = rows(there, "person")
    assert (held["first"], held["last"], held["mail"]) == ("Bea", "Roe", "bea@example.com")


def test_what_was_changed_there_meanwhile_is_not_overwritten(desk: Desk, there: sa.Engine) -> None:
    add_people(there, ("Ann", "Roe", ""))
    desk.pull(Kind.PATIENT)
    change(there, 1, last="Soe")
    desk.save_and_tell(desk.patients()["1"].model_copy(update={"family_name": "Toe"}))
    assert (desk.push().failed, rows(there, "person")[0]["last"]) == (1, "Soe")


def test_what_the_database_does_not_take_waits_for_a_person_and_the_others_go_on(desk: Desk, there: sa.Engine) -> None:
    with there.begin() as connection:
        connection.execute(sa.text("CREATE UNIQUE INDEX one_tel ON person (tel)"))
    for given in ("Bea", "Ann"):
        desk.save_and_tell(
            Patient(id=PatientId(mint(Kind.PATIENT)), given_name=given, family_name="Roe", phone="+15125550177")
        )
    done = desk.push()
    assert (done.sent, done.dead) == (1, 1)
    (issue,) = desk.issues()
    assert "the database takes no such row" in issue
    assert "Ann" not in issue
    assert [row["first"] for row in rows(there, "person")] == ["Bea"]


def test_a_second_try_after_a_lost_answer_finds_the_first_one(desk: Desk, there: sa.Engine) -> None:
    connection = desk.hub.folder.connection("tidewater")
    write = Write(Kind.PATIENT, "pat_x", "key", None, {"first": "Ann", "last": "Roe"})
    with open_sink(connection, desk.hub.systems.surroundings) as sink:
        first, again = sink.send(write), sink.send(write)
    assert (first.ref.id, first.hub_id) == (again.ref.id, "pat_x")
    assert len(rows(there, "person")) == 1


def test_visits_come_from_a_query_with_wall_times_of_the_zone(desk: Desk, there: sa.Engine) -> None:
    add_people(there, ("Ann", "Roe", ""))
    with there.begin() as connection:
        for number in range(12):
            connection.execute(
                sa.text(
                    "INSERT INTO booking (branch, line_no, person_no, treatment, staff, starts_at, ends_at, state)"
                    " VALUES ('MAIN', :n, 1, 'P', 3, :start, :end, 'set')"
                ),
                {"n": number, "start": f"2098-03-{number + 1:02} 14:30:00", "end": f"2098-03-{number + 1:02} 15:15:00"},
            )
    done = desk.pull()
    assert done[Kind.VISIT].inserted == 12
    assert desk.visits()["MAIN/3"].start == datetime(2098, 3, 4, 20, 30, tzinfo=UTC)


def test_a_table_that_is_not_there_and_a_database_that_is_not_there_are_told_apart(
    desk: Desk, there: sa.Engine
) -> None:
    with there.begin() as connection:
        connection.execute(sa.text("ALTER TABLE person RENAME TO people"))
    with pytest.raises(NeedsAttention, match="there is no table person"):
        desk.pull(Kind.PATIENT)


def test_a_database_that_does_not_answer_is_tried_later_and_its_url_is_not_shown(
    database: Database, tmp_path: Path
) -> None:
    url = "postgresql+psycopg://somebody:s3cr3t@127.0.0.1:1/tidewater"
    with unseen_practice("tidewater", None, database, tmp_path / "practice", secret=url) as desk:
        with pytest.raises(RetryLater) as caught:
            desk.pull(Kind.PATIENT)
        assert "s3cr3t" not in str(caught.value)
