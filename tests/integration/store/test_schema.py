"""The schema: migrations and tables say the same, and the application's role can do no more than it must."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from hub.errors import NeedsAttention
from hub.store.embedded import EmbeddedServer
from hub.store.engine import application_engine, owner_engine
from hub.store.schema import migrate, require_current
from hub.store.tables import metadata
from tests.database import Database, fresh_database

APPEND_ONLY = {
    "absence",
    "audit_entry",
    "audit_seal",
    "batch_reversal",
    "booking_key",
    "cutover_step",
    "disposition",
    "domain_event",
    "landed_row",
    "lot_movement",
    "mapping_version",
    "migration_signature",
    "practice_version",
    "reentry",
    "repair_proposal",
    "source_record",
    "verification",
    "verification_check",
    "verification_total",
}
BY_TRIGGERS = {"batch_note", "diary_change", "freed", "open_vial"}
BY_COLUMN = {"lot"}
DELETABLE = {
    "awaiting_record",
    "block",
    "claim",
    "field_conflict",
    "freed",
    "history_conflict",
    "hold",
    "package_use",
    "stock_promise",
}
VIEWS = {"current_disposition"}

CATALOG = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default, identity_generation
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version'""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        AND conrelid <> coalesce(to_regclass('alembic_version'), 0)""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
    "comments": """
        SELECT objoid::regclass::text, objsubid, description FROM pg_description
        WHERE classoid = 'pg_class'::regclass AND objoid IN
            (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'v')""",
}


@pytest.fixture
def empty(database_server: EmbeddedServer) -> Iterator[Database]:
    with fresh_database(database_server, template="template0") as fresh:
        yield fresh


def _catalog(engine: Engine, what: str) -> set[tuple[object, ...]]:
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(text(CATALOG[what]))}


@pytest.mark.parametrize("what", CATALOG)
def test_migrations_build_exactly_what_the_tables_say(what: str, database: Database, empty: Database) -> None:
    metadata.create_all(empty.owner)
    migrated, described = _catalog(database.owner, what), _catalog(empty.owner, what)
    assert described
    assert migrated == described


def test_autogenerate_finds_nothing_to_migrate(owner: Engine) -> None:
    with owner.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_overlapping_firm_claims_are_excluded_by_the_database(owner: Engine) -> None:
    definitions = {name: definition for _, name, definition in _catalog(owner, "constraints")}
    definition = str(definitions["ex_claim_firm"])
    unit = "(unit_id)::double precision"
    for part in ("EXCLUDE USING gist", f"point({unit}, {unit}) WITH ~=", "during WITH &&"):
        assert part in definition
    assert definition.endswith("WHERE (firm) DEFERRABLE")


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = {what: _catalog(database.owner, what) for what in CATALOG}
    migrate(database.owner)
    assert {what: _catalog(database.owner, what) for what in CATALOG} == before


def test_a_database_that_is_not_migrated_is_refused_with_what_to_do(empty: Database, database: Database) -> None:
    require_current(database.engine)
    with pytest.raises(NeedsAttention, match=r"schema none.*hub database migrate"):
        require_current(empty.owner)


def test_an_unprivileged_login_cannot_migrate_and_hears_why(empty: Database) -> None:
    with pytest.raises(NeedsAttention, match=r"cannot be created.*CREATE ROLE hub_app"):
        migrate(empty.engine)


def test_the_application_owns_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        role = connection.execute(
            text(
                "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles "
                "WHERE rolname = current_user"
            )
        ).one()
        owned = connection.execute(
            text("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        ).scalar()
    assert tuple(role) == ("hub_app", False, False, False, False)
    assert owned == 0


def test_the_application_may_change_and_delete_only_what_it_must(engine: Engine) -> None:
    query = text(
        "SELECT privilege_type, table_name FROM information_schema.table_privileges "
        "WHERE grantee = 'hub_app' AND table_schema = 'public'"
    )
    granted: dict[str, set[str]] = {}
    with engine.connect() as connection:
        for privilege, table in connection.execute(query):
            granted.setdefault(privilege, set()).add(table)
    tables = set(metadata.tables)
    assert granted == {
        "SELECT": tables | VIEWS | {"alembic_version"},
        "INSERT": tables - BY_TRIGGERS - BY_COLUMN,
        "UPDATE": tables - APPEND_ONLY - BY_TRIGGERS - BY_COLUMN - {"hold", "consent", "history_conflict"},
        "DELETE": DELETABLE,
    }


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} ADD x int"])
def test_what_was_recorded_cannot_be_taken_back(engine: Engine, table: str, statement: str) -> None:
    with engine.connect() as connection, pytest.raises(ProgrammingError) as refused:
        connection.execute(text(statement.format(table)))
    assert isinstance(refused.value.orig, InsufficientPrivilege)


@pytest.mark.parametrize("table", ["audit_entry", "domain_event"])
def test_what_was_recorded_cannot_be_changed(engine: Engine, table: str) -> None:
    with engine.connect() as connection, pytest.raises(ProgrammingError) as refused:
        connection.execute(text(f"UPDATE {table} SET at = now()"))
    assert isinstance(refused.value.orig, InsufficientPrivilege)


def test_an_owner_who_is_no_superuser_migrates_and_works_once_it_may_be_the_application(
    database_server: EmbeddedServer, database: Database, empty: Database
) -> None:
    login = f"spa_{empty.url.database}"
    with empty.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE ROLE {login} LOGIN"))
        connection.execute(text(f"ALTER DATABASE {empty.url.database} OWNER TO {login}"))
    url = database_server.url(str(empty.url.database), login)
    owner = owner_engine(url)
    with pytest.raises(NeedsAttention, match=r"GRANT hub_app TO the user"):
        migrate(owner)
    with empty.owner.begin() as connection:
        connection.execute(text(f"GRANT hub_app TO {login}"))
    migrate(owner)
    engine = application_engine(url)
    with engine.connect() as connection:
        assert tuple(connection.execute(text("SELECT current_user, session_user")).one()) == ("hub_app", login)
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("DELETE FROM audit_entry"))
    engine.dispose()
    owner.dispose()
