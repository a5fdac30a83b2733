"""Bring a database's schema up to date, or say that it is not."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from hub.errors import NeedsAttention, Problem

_ONE_AT_A_TIME = 0x6875_625F_6D69  # advisory lock: two processes that start together migrate once
_ROLE_HINT = (
    "As an administrator of the server: CREATE ROLE hub_app LOGIN; GRANT hub_app TO the user of HUB_DATABASE_URL"
)


def migrate(engine: Engine) -> None:
    """Apply the migrations that are missing, all or none. `engine` logs in as the owner of the database.

    Raises:
        NeedsAttention: the login may not create the tables or the role `hub_app`.
    """
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        message = f"the tables cannot be created: {error.orig.diag.message_primary}"
        raise NeedsAttention(Problem(message, code="schema", hint=_ROLE_HINT)) from error


def require_current(engine: Engine) -> None:
    """Make sure that the schema is the one this version of the hub needs.

    Raises:
        NeedsAttention: it is older, newer or not there.
    """
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current != head:
        message = f"the database is at schema {current or 'none'}, this version needs {head}"
        raise NeedsAttention(Problem(message, code="schema", hint="Run `hub database migrate`"))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
