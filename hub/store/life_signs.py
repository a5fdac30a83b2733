"""Which process still does something, told by PostgreSQL: a lock that its session holds, and that goes when it dies."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from hub.store.locks import number_of

_HOLD = text("SELECT pg_advisory_lock_shared(:number)")
_LET_GO = text("SELECT pg_advisory_unlock_shared(:number)")
_IS_FREE = text("SELECT pg_try_advisory_xact_lock(:number)")


@contextmanager
def sign_of_life(engine: Engine, what: str) -> Iterator[None]:
    """Somebody does this until the block ends, or the process does, however it dies."""
    number = {"number": number_of(("alive", what))}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(_HOLD, number)
        try:
            yield
        finally:
            connection.execute(_LET_GO, number)


def is_alive(engine: Engine, what: str) -> bool:
    """Whether somebody does this now.

    A machine that lost its power holds its sessions until PostgreSQL misses it (`tcp_keepalives_idle`).
    """
    with engine.begin() as connection:
        return not connection.execute(_IS_FREE, {"number": number_of(("alive", what))}).scalar_one()
