"""The way of everything that changes some visits: look, lock what was found, look again, act.

Two who want the same queue for its locks instead of colliding; the second acts on what the first left. What needs other
locks than it has lets go of them and takes the larger set, in the order that all keep: nobody waits in a ring. The
exclusion constraint stands behind it, whoever else writes.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from hub.errors import Conflict, Problem, RetryLater
from hub.ports import StandingVisit, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.keys import Key

Done = TypeVar("Done")
_TRIES = 200
"""Each lost try means that somebody else wrote, so this many are lost only where something else is wrong."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """These keys must be locked first; what was done is taken back."""

    keys: frozenset[Key]


def act_under_locks(
    work: UnitOfWork, keys: frozenset[Key], act: Callable[[frozenset[Key]], Done | Refusal | Lacking]
) -> Done | Refusal:
    """What `act` gives when it has the keys it needs. A refusal changes nothing.

    Raises:
        RetryLater: somebody else was quicker again and again.
    """
    for _ in range(_TRIES):
        try:
            with work.bookings.attempt(keys) as attempt:
                outcome = act(keys)
                if not isinstance(outcome, (Refusal, Lacking)):
                    return outcome
                attempt.take_back()
        except Conflict:  # written by somebody who takes no locks: the constraint held
            continue
        if isinstance(outcome, Refusal):
            return outcome
        keys = outcome.keys
    raise RetryLater(Problem("this time is fought over", "contended", hint="Ask again in a moment"))


def change_standing(
    work: UnitOfWork,
    visit_ids: Collection[str],
    act: Callable[[tuple[StandingVisit, ...]], Done | Refusal],
    also: Callable[[Collection[StandingVisit]], frozenset[Key]] | None = None,
) -> Done | Refusal:
    """What `act` gives for those of the visits that are still to come; `not_booked` where none is.

    `also` are keys beside those of the visits. Without them, and where nobody gets the room, `act` goes on what was
    read before the locks, and the first thing that is asked under them is whether that still stands.
    """

    def needed_for(standing: Collection[StandingVisit]) -> frozenset[Key]:
        return keys_of(standing) | (also(standing) if also else frozenset())

    seen = work.visits.load_standing(visit_ids)
    if not seen:
        return Refusal(("not_booked",))
    expected = [seen] if also is None and not any(one.makes_room for one in seen) else []

    def look(keys: frozenset[Key]) -> Done | Refusal | Lacking:
        if expected:
            standing = expected.pop()
            work.visits.expect(standing)
            return act(standing)
        standing = work.visits.load_standing(visit_ids)
        if not standing:
            return Refusal(("not_booked",))
        needed = needed_for(standing)
        return act(standing) if needed <= keys else Lacking(needed)

    return act_under_locks(work, needed_for(seen), look)


def keys_of(standing: Collection[StandingVisit]) -> frozenset[Key]:
    """What must be locked before they are changed."""
    return frozenset().union(*(one.keys for one in standing))
