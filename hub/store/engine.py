"""Engines: how the application reaches its database, always with the rights of `hub_app`."""

from time import monotonic
from typing import Any

from pydantic_core import from_json
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from hub.errors import NeedsAttention, Problem
from hub.store.driver import PlainListDumper, keep_order
from hub.store.embedded import APPLICATION

_DRIVER = "postgresql+psycopg"
_FORM = f"Write it as {_DRIVER}://USER:PASSWORD@HOST:5432/DATABASE"
_SESSION = "-c timezone=UTC -c plan_cache_mode=force_generic_plan -c jit=off -c client_min_messages=warning"
"""Statements are short and come again and again: planning one anew for its values takes longer than running it."""
_RESTED = 5.0
"""Seconds after which a connection is asked whether it is alive."""
_REACH_HINT = "Start the server or mend HUB_DATABASE_URL; without it the hub starts a PostgreSQL of its own"


def read_url(text: str | URL) -> URL:
    """A PostgreSQL URL with the driver spelled out.

    Raises:
        NeedsAttention: it is no PostgreSQL URL.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise NeedsAttention(Problem("the database URL cannot be read", "database", hint=_FORM)) from None
    if url.drivername.split("+")[0] not in ("postgresql", "postgres"):
        message = f"the hub keeps its data in PostgreSQL, not in {url.drivername!r}"
        raise NeedsAttention(Problem(message, "database", hint=_FORM))
    return url.set(drivername=_DRIVER)


def application_engine(url: str | URL, *, connections: int = 20) -> Engine:
    """An engine that works with the rights of `hub_app`, whoever logs in."""
    target = read_url(url)
    role = "" if target.username == APPLICATION else f"-c role={APPLICATION}"
    return _engine(target, role, connections)


def owner_engine(url: str | URL) -> Engine:
    """An engine with the login's own rights, for migrations alone."""
    return _engine(read_url(url), "", 4)


def require_reachable(engine: Engine) -> None:
    """Make sure that the database answers.

    Raises:
        NeedsAttention: it does not; the message names the URL without its password.
    """
    try:
        engine.connect().close()
    except OperationalError as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise NeedsAttention(Problem(_said(error), "database", shown, hint=_hint(str(error.orig)))) from None


def _engine(url: URL, role: str, connections: int) -> Engine:
    options = url.query.get("options", "")
    given = options if isinstance(options, str) else " ".join(options)
    # What is refused carries the values it was refused for: they stay out of messages (hide_parameters).
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        json_deserializer=from_json,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": 10,
            "application_name": "medspa-hub",
            "options": f"{given} {_SESSION} {role}".strip(),
        },
    )
    _look_at_rested_connections(engine)
    _write_lists_fast(engine)
    keep_order(engine)
    return engine


def _look_at_rested_connections(engine: Engine) -> None:
    """Ask a connection whether it is alive when it has rested; between two operations at once it would cost as much."""

    @event.listens_for(engine, "checkin")
    def rest(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["rested_from"] = monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if monotonic() - record.info.get("rested_from", monotonic()) > _RESTED:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error  # the pool makes another


def _write_lists_fast(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.adapters.register_dumper(list, PlainListDumper)


def _said(error: OperationalError) -> str:
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return f"the database does not answer: {lines[0] if lines else 'no reason given'}"


def _hint(said: str) -> str:
    if f'role "{APPLICATION}"' in said:
        return "Run `hub database migrate`, which creates the role"
    return _REACH_HINT
