"""A practice that used its lots before there was a ledger keeps what was used, and the sums are right."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from hub.store import schema
from hub.store.embedded import EmbeddedServer
from hub.store.schema import migrate
from tests.database import Database, fresh_database

BEFORE = "0010"
USED = """
    INSERT INTO location (id, name) VALUES ('main', 'Main');
    INSERT INTO provider (id, name) VALUES ('dana', 'Dana');
    INSERT INTO patient (id) VALUES ('pat-1');
    INSERT INTO visit (id, patient_id, location_id, provider_id, start, "end", state) VALUES
        ('vis-1', 'pat-1', 'main', 'dana', now(), now() + interval '1 hour', 'fulfilled');
    INSERT INTO lot (product_id, location_id, name, on_hand, expires_on) VALUES
        ('gel', 'main', 'G1', 7, '2099-01-01'), ('gel', 'main', 'G2', 0, '2099-01-01');
    INSERT INTO lot_use (visit_id, lot_id, quantity) SELECT 'vis-1', id, 2.5 FROM lot WHERE name = 'G1';"""


@pytest.fixture
def old(database_server: EmbeddedServer) -> Iterator[Database]:
    with fresh_database(database_server, template="template0") as fresh:
        with fresh.owner.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(schema.Path(schema.__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, BEFORE)
            connection.exec_driver_sql(USED)
        yield fresh


def test_what_was_used_before_the_ledger_stands_in_it(old: Database) -> None:
    migrate(old.owner)
    lines = text("""
        SELECT l.name, m.kind, m.change, m.provider_id, m.visit_id
        FROM lot_movement m JOIN lot l ON l.id = m.lot_id ORDER BY m.id""")
    with old.engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(lines)] == [
            ("G1", "received", 9.5, None, None),
            ("G2", "received", 0, None, None),
            ("G1", "used", -2.5, "dana", "vis-1"),
        ]
        held = text("SELECT name, on_hand, (SELECT sum(change) FROM lot_movement WHERE lot_id = lot.id) FROM lot")
        assert {tuple(row) for row in connection.execute(held)} == {("G1", 7, 7), ("G2", 0, 0)}
