"""What of each connection's allowance is spent: one row a connection, held by one process at a time for a moment.

A transaction of its own, beside whatever the caller does: a turn that was taken stays taken. It does not wait for the
disk, since after a crash of the database a few turns more or less do no harm.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, text

from hub.ports.allowances import Spent

_HOLD = text("""
    INSERT INTO allowance (connection) VALUES (:name)
    ON CONFLICT (connection) DO UPDATE SET taken_at = clock_timestamp()
    RETURNING spent, extract(epoch FROM clock_timestamp()) AS now, set_config('synchronous_commit', 'off', true)""")
_KEEP = text("UPDATE allowance SET spent = CAST(:spent AS jsonb) WHERE connection = :name")


@dataclass(frozen=True)
class StoredAllowances:
    """In the hub's own database."""

    engine: Engine

    @contextmanager
    def held(self, name: str) -> Iterator[Spent]:
        """See the port."""
        with self.engine.begin() as connection:
            row = connection.execute(_HOLD, {"name": name}).one()
            spent = Spent(dict(row.spent), float(row.now))
            yield spent
            connection.execute(_KEEP, {"name": name, "spent": json.dumps(spent.state)})
