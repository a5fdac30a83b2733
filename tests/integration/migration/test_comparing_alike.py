"""Rows that say the same are compared once: what is found is what is found row by row, whatever is spoilt."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from sqlalchemy import Connection

from hub.bootstrap.migration_folder import read_migration_folder
from hub.bootstrap.moved_history import MovedHistory, read_moved
from hub.canonical.ids import Kind
from hub.operations.migration.compare_rows import Compared, Comparing, check_rows
from hub.ports.verifications import CheckState, HistoryCheck
from hub.settings import Settings
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from tests.database import Database, fresh_database
from tests.integration.migration.moved import FOLDER, run_of
from tests.legacy.generate import generate

COLUMNS = {
    "visit": (
        "patient_id", "service_id", "provider_id", "room_id", "location_id", "state", "price_minor", "booked_via",
        "booked_on", "note",
    ),
    "payment": ("visit_id", "paid_on", "kind", "amount_minor", "method"),
    "package": ("patient_id", "service_id", "credits", "used_before"),
    "patient": ("family_name",),
}  # fmt: skip
SEEDS = range(6)
SPOILT = 4
"""Records by seed."""


@pytest.fixture(scope="module")
def moved(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    export = tmp_path_factory.mktemp("export")
    generate(4, 120, export)
    with fresh_database(database_server) as database:
        run_of(SqlStore(database.engine), export).run()
        yield database


@pytest.fixture
def owner(moved: Database) -> Iterator[Connection]:
    """Who spoils, and puts everything back at the end."""
    kept = {name: f"kept_{name}" for name in (*COLUMNS, "source_record")}
    with moved.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name, copy in kept.items():
            connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {copy} AS TABLE {name}")
        connection.exec_driver_sql("SET session_replication_role = replica")
        yield connection
        for name, copy in kept.items():
            connection.exec_driver_sql(f"DELETE FROM {name}")
            connection.exec_driver_sql(f"INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE {copy}")
            connection.exec_driver_sql(f"DROP TABLE {copy}")


def moved_history(database: Database) -> MovedHistory:
    with SqlStore(database.engine).begin("read_moved") as work:
        return read_moved(work, read_migration_folder(FOLDER, Settings()))


def both(database: Database, history: MovedHistory | None = None) -> tuple[HistoryCheck, HistoryCheck, set[Kind]]:
    """As it is found alike by alike, and row by row; and the kinds whose rows the first looked at one by one."""
    history = history or moved_history(database)
    comparing = Comparing(SqlStore(database.engine), history.loader)
    by_rows = partial(map, comparing.compare)
    compared, rest = comparing.compare_alike(history.rows)
    plainly = [one for one in history.rows if one.kind is not Kind.LOT]
    looked_at = {one.kind for one in rest if one.kind}
    return check_rows(by_rows, rest, compared), check_rows(by_rows, plainly, Compared()), looked_at


def test_of_a_history_that_was_moved_well_no_row_that_is_one_record_is_looked_at_by_itself(moved: Database) -> None:
    fast, plain, looked_at = both(moved)
    assert fast == plain
    assert plain.state is CheckState.OK
    assert looked_at == {Kind.PATIENT, Kind.PROVIDER, Kind.SERVICE}


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_spoilt_is_found_as_row_by_row(seed: int, moved: Database, owner: Connection) -> None:
    chance = Random(seed)
    for _ in range(SPOILT):
        table = chance.choice([*COLUMNS])
        swap(owner, chance, table, chance.choice(COLUMNS[table]))
    fast, plain, _ = both(moved)
    assert fast == plain


@pytest.mark.parametrize("column", [one for one in COLUMNS["visit"] if one != "location_id"])
def test_one_value_of_another_visit_is_found(column: str, moved: Database, owner: Connection) -> None:
    differs = f"a.{column} IS DISTINCT FROM b.{column}"
    pair = f"SELECT a.id, b.{column} AS other FROM visit a JOIN visit b ON {differs} ORDER BY a.id, b.id LIMIT 1"
    changed = owner.exec_driver_sql(f"UPDATE visit SET {column} = p.other FROM ({pair}) AS p WHERE visit.id = p.id")
    assert changed.rowcount == 1
    fast, plain, looked_at = both(moved)
    assert fast == plain
    assert fast.findings
    assert Kind.VISIT in looked_at
    assert Kind.PAYMENT not in looked_at


def swap(owner: Connection, chance: Random, table: str, column: str) -> None:
    """One record says what another says, of which nobody knows whether it is the same."""
    ids = owner.exec_driver_sql(f"SELECT id FROM {table} ORDER BY id").scalars().all()
    one, other = chance.choice(ids), chance.choice(ids)
    owner.exec_driver_sql(
        f"UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE id = %s) WHERE id = %s", (other, one)
    )


@pytest.mark.parametrize("raw", ["1", "true", '["1"]', '"1"', '" 1 "'])
def test_what_is_no_text_is_not_put_together_with_the_text_that_looks_like_it(
    raw: str, moved: Database, owner: Connection
) -> None:
    picked = "SELECT source_record_id, canonical_id FROM source_link WHERE kind = 'visit' ORDER BY source_id LIMIT 2"
    rows, visits = zip(*owner.exec_driver_sql(picked).all(), strict=True)
    text = owner.exec_driver_sql("SELECT %s::jsonb #>> '{}'", (raw,)).scalar_one()
    owner.exec_driver_sql("UPDATE visit SET note = btrim(%s) WHERE id = ANY(%s)", (text, list(visits)))
    say = "UPDATE source_record SET payload = payload || jsonb_build_object('Notes', %s::jsonb) WHERE id = %s"
    owner.exec_driver_sql(say, (raw, rows[0]))
    owner.exec_driver_sql(say, (json.dumps(text), rows[1]))
    fast, plain, _ = both(moved)
    assert fast == plain
    assert bool(fast.findings) is (raw in {"true", '["1"]'})


def test_what_the_hub_changed_since_is_left_out_and_counted(moved: Database, owner: Connection) -> None:
    owner.exec_driver_sql("""
        UPDATE visit SET note = 'later', updated_at = now() + interval '1 hour'
        WHERE id IN (SELECT id FROM visit ORDER BY id LIMIT 3)""")
    fast, plain, looked_at = both(moved)
    assert fast == plain
    assert fast.state is CheckState.OK
    assert "3 rows" in fast.says
    assert Kind.VISIT not in looked_at


def test_a_row_without_its_record_is_found(moved: Database, owner: Connection) -> None:
    owner.exec_driver_sql("DELETE FROM payment WHERE id = (SELECT min(id) FROM payment)")
    fast, plain, _ = both(moved)
    assert fast == plain
    assert [one.rpartition(" ")[2] for one in fast.examples] == ["record"]


def test_a_row_in_which_a_person_put_something_right_is_compared_with_that(moved: Database, owner: Connection) -> None:
    history = moved_history(moved)
    row = owner.exec_driver_sql("SELECT min(source_id) FROM source_link WHERE kind = 'visit'").scalar_one()
    told = history.loader.history
    decisions = replace(told.decisions, corrections={Kind.VISIT: {row: {"Notes": "put right"}}})
    loader = replace(history.loader, history=replace(told, decisions=decisions))
    fast, plain, looked_at = both(moved, replace(history, loader=loader))
    assert fast == plain
    assert [one.rpartition(" ")[2] for one in fast.examples] == ["Notes"]
    assert Kind.VISIT not in looked_at
