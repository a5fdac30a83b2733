"""Rows that an earlier attempt took and this one puts into quarantine: their records go, as their batch is taken back.

So it is when a correction or an alias is taken away again, or a table is another: what came of it is rolled back.
"""

from collections.abc import Collection

from hub.errors import NeedsAttention
from hub.operations.migration.roll_back import Standing, TakenBack, roll_back
from hub.ports import Store, UnitOfWork

REASON = "rows that they loaded are in quarantine now"


class RowsUntaken(Exception):
    """A load that puts rows into quarantine whose records stand here."""

    def __init__(self, batch_ids: Collection[int]) -> None:
        super().__init__()
        self.batch_ids = frozenset(batch_ids)
        """Those that made the records."""


def require_untaken(work: UnitOfWork, batch_id: int) -> None:
    """Leave the transaction if what an earlier batch made of its rows stands."""
    standing = work.migrations.find_untaken(batch_id)
    if standing:
        raise RowsUntaken(standing)


def untake(store: Store, system: str, batch_ids: Collection[int]) -> bool:
    """Take back these batches and the later ones that stand on them.

    False: something else stands on them, or what they changed was forgotten. Then the records stay, and the check
    `quarantined_rows_became_nothing` names their rows.
    """
    try:
        done = _roll_back(store, system, batch_ids)
        if isinstance(done, Standing) and all(one.kind == "batch" for one in done.dependants):
            done = _roll_back(store, system, {*batch_ids, *(int(one.id) for one in done.dependants)})
    except NeedsAttention:
        return False
    return isinstance(done, TakenBack)


def _roll_back(store: Store, system: str, batch_ids: Collection[int]) -> TakenBack | Standing:
    return roll_back(store, batch_ids, f"migration:{system}", REASON)
