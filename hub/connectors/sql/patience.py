"""How long a database may take. Who holds a lock there, or is silent, must not hold the hub for ever.

PostgreSQL is told to end a statement itself; where it does not even say that any more (the machine is gone, the network
swallows what is sent), the connection is cut here. What other databases take for this stands in their URL.
"""

import os
import socket
from contextlib import suppress
from threading import Timer
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import RV, PQGen

from hub.connectors.kit.spec.limits import LimitsSpec


class ImpatientConnection(psycopg.Connection[Any]):
    """One that is cut when the server lets it wait for longer than `patience` seconds."""

    patience = 60.0

    def wait(self, gen: PQGen[RV], *said: Any, **more: Any) -> RV:
        """Each time anything is waited for, SQLAlchemy's own questions among it."""
        timer = Timer(self.patience, _cut, (self,))
        timer.daemon = True
        timer.start()
        try:
            return super().wait(gen, *said, **more)
        finally:
            timer.cancel()


def lose_patience(engine: sa.Engine, limits: LimitsSpec) -> None:
    """Have each statement of a PostgreSQL database end within what the connection's limits say."""
    if engine.dialect.driver != "psycopg":
        return

    @sa.event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, said: list[Any], named: dict[str, Any]) -> ImpatientConnection:
        connection = ImpatientConnection.connect(*said, **named)
        connection.patience = limits.whole_seconds + limits.timeout_seconds
        return connection

    @sa.event.listens_for(engine, "connect")
    def tell(connection: ImpatientConnection, _record: object) -> None:
        for name, most in {"statement_timeout": limits.whole_seconds, "lock_timeout": limits.timeout_seconds}.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, f"{int(most * 1000)}ms"))
        connection.commit()  # settings of a transaction that is rolled back are forgotten


def _cut(connection: ImpatientConnection) -> None:
    """Whoever waits on it learns at once that nothing comes any more."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
