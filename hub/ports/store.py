"""One operation on the store: one transaction, one moment."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from hub.ports.booking import Bookings, Claims, Diaries, Practices
from hub.ports.conflicts import Conflicts
from hub.ports.consents import Consents
from hub.ports.cutovers import Cutovers
from hub.ports.facts import Facts
from hub.ports.inbox import Inbox
from hub.ports.journal import Issues, Journal, Outbox
from hub.ports.migrations import Migrations
from hub.ports.pending import PaymentBook, Pendings
from hub.ports.people import People
from hub.ports.records import Cursors, Imports, Landing, Links, Records
from hub.ports.relocations import Relocations
from hub.ports.repairs import Repairs
from hub.ports.rollbacks import Rollbacks
from hub.ports.running import Running
from hub.ports.stock import Stock
from hub.ports.verifications import Verifications
from hub.ports.visits import Holds, Visits
from hub.ports.waitlist import Waitlist
from hub.ports.waivers import Waivers

Checkpoint = Callable[[str], None]
"""Called with the name of a point that an operation passes; tests let the process die there."""


class Reading(Protocol):
    """What is looked at without a transaction: each question is answered of one moment, its own."""

    diaries: Diaries
    practices: Practices

    @property
    def now(self) -> datetime:
        """The database's clock at the operation's start, or at its first question."""
        ...


class UnitOfWork(Reading, Protocol):
    """One operation: one transaction, one moment. Everything is written together or not at all."""

    landing: Landing
    links: Links
    records: Records
    people: People
    claims: Claims
    facts: Facts
    bookings: Bookings
    holds: Holds
    visits: Visits
    running: Running
    waitlist: Waitlist
    pendings: Pendings
    relocations: Relocations
    payments: PaymentBook
    waivers: Waivers
    stock: Stock
    consents: Consents
    repairs: Repairs
    outbox: Outbox
    inbox: Inbox
    journal: Journal
    issues: Issues
    conflicts: Conflicts
    imports: Imports
    migrations: Migrations
    rollbacks: Rollbacks
    cutovers: Cutovers
    verifications: Verifications
    cursors: Cursors

    def finish(self) -> None:
        """Commit now, with what was not sent yet: nothing comes after it. In an attempt that holds locks it saves those
        who wait for them a journey.

        Raises:
            Conflict: somebody claimed what was written, without taking the locks. Nothing is committed.
        """
        ...


class Store(Protocol):
    """The database, as operations see it."""

    checkpoint: Checkpoint

    def begin(
        self, operation: str, *, is_repeatable: bool = False, at_one_moment: bool = False, in_turn: bool = False
    ) -> AbstractContextManager[UnitOfWork]:
        """Start an operation; it is committed at the end of the block, and rolled back when an error leaves it.

        Passes the checkpoints `before_commit` and `after_commit`. Never call another system inside.

        Args:
            operation: what the checkpoints are called.
            is_repeatable: where it is lost it is simply done again, because of what was committed before. Nobody waits
                for the disk then: when the database's machine stops, the last moments of such operations may be gone
                with all that was committed after them, and nothing that others committed before.
            at_one_moment: all that is read is as it was at the first question, however long the operation takes.
            in_turn: it is short, and many may ask for it at once: a few of them go at a time, in the order in which
                they came to this process.

        Raises:
            RetryLater: the database went away; the same operation may work later.
        """
        ...

    def look(self) -> AbstractContextManager[Reading]:
        """For an operation that asks and changes nothing: no transaction has to begin and end around its question.

        Raises:
            RetryLater: the database went away; the same operation may work later.
        """
        ...
