"""Take out holds that are over. They count for nobody; facts that were contested because of them become firm."""

from hub.operations.under_locks import Lacking, act_under_locks
from hub.ports import Store
from hub.scheduling.keys import Key


def expire_holds(store: Store) -> int:
    """How many were over. Many may call it at once, as often as they like.

    Raises:
        RetryLater: the database went away, or somebody else was quicker again and again.
    """
    with store.begin("expire_holds") as work:

        def expire(keys: frozenset[Key]) -> int | Lacking:
            over = work.holds.find_over()
            if not over.keys <= keys:
                return Lacking(over.keys)
            work.holds.purge(over.ids)
            return len(over.ids)

        first = work.holds.find_over()
        done = act_under_locks(work, first.keys, expire) if first.ids else 0
        assert isinstance(done, int)  # it refuses nothing
        return done
