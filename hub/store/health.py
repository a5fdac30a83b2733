"""How the database does, in numbers: who we are there, what waits, what was left lying."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, text

_SERVER = text("""
    SELECT clock_timestamp() AS at, version() AS version, current_user AS role,
        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_super,
        has_table_privilege('audit_entry', 'UPDATE') OR has_table_privilege('audit_entry', 'DELETE') AS may_rewrite,
        (SELECT coalesce(array_agg(c.relname ORDER BY c.relname), '{}') FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT has_table_privilege(c.oid, 'SELECT')) AS closed""")
_WAITING = text("""
    SELECT 'outbox' AS box, connection AS system, state,
        state = 'leased' AND lease_until < now() - interval '10 minutes' AS is_stuck,
        state = 'pending' AND next_try_at < now() - interval '15 minutes' AS is_late, count(*) AS number
    FROM outbox_delivery WHERE state IN ('pending', 'leased', 'dead') GROUP BY 1, 2, 3, 4, 5
    UNION ALL SELECT 'inbox', system, state, state = 'leased' AND lease_until < now() - interval '10 minutes',
        state = 'pending' AND next_try_at < now() - interval '15 minutes', count(*)
    FROM inbox_event WHERE state IN ('pending', 'leased', 'dead') GROUP BY 1, 2, 3, 4, 5
    ORDER BY 1, 2, 3""")
_AWAITING = text("""
    SELECT system, kind, count(*) AS number, min(since) AS since, min(since) < now() - interval '1 day' AS is_old,
        (array_agg(source_id ORDER BY since, source_id))[1:3] AS first
    FROM awaiting_record GROUP BY 1, 2 ORDER BY 1, 2""")
_UNDECIDED = text("""
    SELECT count(*) AS number, count(*) FILTER (WHERE begun_at < now() - interval '15 minutes') AS old
    FROM pending_change WHERE settled_at IS NULL""")
_STOPPED = text("""
    SELECT subject_kind, subject_id FROM review_issue
    WHERE state = 'open' AND kind = 'mass_change' ORDER BY subject_id, subject_kind""")
_OPEN = text("SELECT kind, count(*) AS number FROM review_issue WHERE state = 'open' GROUP BY kind ORDER BY kind")


@dataclass(frozen=True, slots=True)
class Server:
    """The server, and what the application may do there."""

    at: datetime
    version: str
    role: str
    is_super: bool
    may_rewrite: bool
    """Whether it could change or take away what the audit says."""
    closed: tuple[str, ...]
    """Tables that it may not read."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries of a system, or events that it rang for, that are alike."""

    box: str
    """`outbox` or `inbox`."""
    system: str
    state: str
    is_stuck: bool
    """Somebody took it and never said what became of it, and nobody took it up since."""
    is_late: bool
    """It has been due for a quarter of an hour."""
    number: int


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Records of a system that joins another one, whose other half has not come."""

    system: str
    kind: str
    number: int
    since: datetime
    """Of the one that waits longest."""
    is_old: bool
    """It has waited for more than a day."""
    first: tuple[str, ...]
    """The system's ids of those that wait longest."""


@dataclass(frozen=True, slots=True)
class Health:
    """What waits and what was left lying."""

    waiting: tuple[Waiting, ...]
    undecided: int
    undecided_long: int
    """Of them those for longer than a quarter of an hour."""
    stopped: tuple[tuple[str, str], ...]
    """(system, kind): feeds that a mass change stopped."""
    issues: dict[str, int]
    """Open ones by kind."""
    awaiting: tuple[Awaiting, ...] = ()


def look_at_server(engine: Engine) -> Server:
    """As the application sees it."""
    with engine.connect() as look:
        row = look.execute(_SERVER).one()
    version = row.version.split(" on ")[0]
    return Server(row.at, version, row.role, row.is_super, row.may_rewrite, tuple(row.closed))


def load_health(engine: Engine) -> Health:
    """All of it, at one moment."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as look:
        undecided = look.execute(_UNDECIDED).one()
        return Health(
            tuple(Waiting(*row) for row in look.execute(_WAITING)),
            undecided.number,
            undecided.old,
            tuple((row.subject_id, row.subject_kind) for row in look.execute(_STOPPED)),
            {row.kind: row.number for row in look.execute(_OPEN)},
            tuple(_awaiting(row) for row in look.execute(_AWAITING)),
        )


def _awaiting(row: Row[Any]) -> Awaiting:
    return Awaiting(row.system, row.kind, row.number, row.since, row.is_old, tuple(row.first))
