"""Locks on what is booked, and what the constraint behind them says.

Who changes one visit takes the keys of what it touches (`hub.scheduling.keys`) and shares the table with the others.
Who places facts in bulk has the table alone. The table comes before the keys, the keys before any row.
"""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import ExclusionViolation, SerializationFailure
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from hub.errors import Conflict, Problem
from hub.scheduling.decision import Booking, Reassignment, Recolouring
from hub.scheduling.keys import Key
from hub.store.driver import defer

_ALONE = "LOCK TABLE claim IN SHARE ROW EXCLUSIVE MODE"
_SHARED = "LOCK TABLE claim IN ROW EXCLUSIVE MODE"
_LOCKS = "SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(%(numbers)s AS bigint[])) AS key"
_MAKE_WAY = text("""
    UPDATE claim c SET unit_id = target.id
    FROM unnest(CAST(:claims AS bigint[]), CAST(:resources AS text[]), CAST(:numbers AS int[]))
        AS m (claim, resource_id, number), resource_unit target
    WHERE c.id = m.claim AND target.owner_kind = 'resource' AND target.owner_id = m.resource_id
    AND target.number = m.number""")


def lock_claims(connection: Connection) -> None:
    """Wait for all other writers of claims before whatever is run next, and keep them out of this transaction."""
    defer(connection, _ALONE)


def wait_for_keys(connection: Connection, keys: Collection[Key]) -> None:
    """Share the table and wait for the locks of these keys, before whatever is run next."""
    defer(connection, _SHARED)
    wait_for(connection, keys)


def wait_for(connection: Connection, keys: Collection[Key]) -> None:
    """Wait for the locks of these keys alone, one after the other in the order of their numbers."""
    if keys:
        numbers = ",".join(str(number) for number in sorted({number_of(key) for key in keys}))
        defer(connection, _LOCKS, {"numbers": f"{{{numbers}}}"})


def number_of(key: Key) -> int:
    """A lock's 64-bit number; two keys that share one by chance only wait for each other."""
    digest = hashlib.blake2b("\x1f".join(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def make_way(connection: Connection, booking: Booking) -> None:
    """Give existing claims other units, and those that the engine chose other resources: all in one statement.

    Raises:
        Conflict: one of them is gone.
    """
    changes: list[Recolouring | Reassignment] = [*booking.recolourings, *booking.reassignments]
    if changes:
        values = {
            "claims": [int(one.claim_id) for one in changes],
            "resources": [one.resource_id for one in changes],
            "numbers": [one.unit for one in changes],
        }
        if connection.execute(_MAKE_WAY, values).rowcount != len(changes):
            raise Conflict(Problem("a claim that was to make way is gone", "claimed"))


@contextmanager
def claimed_by_nobody_else() -> Iterator[None]:
    """The constraint's refusal as what it means, and that of `require_same`.

    Raises:
        Conflict: somebody claimed the time without taking the locks, or changed what was read before them.
    """
    try:
        yield
    except (psycopg.Error, DBAPIError) as error:  # what was deferred may be refused at a statement of SQLAlchemy's
        conflict = _conflict(error.orig if isinstance(error, DBAPIError) else error)
        if conflict is None:
            raise
        raise conflict from None


def _conflict(error: BaseException | None) -> Conflict | None:
    if isinstance(error, SerializationFailure):
        return Conflict(Problem("what this was decided on has changed", "changed"))
    if isinstance(error, ExclusionViolation):
        return Conflict(Problem("the time was claimed by somebody else", "claimed"))
    return None
