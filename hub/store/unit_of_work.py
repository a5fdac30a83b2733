"""One operation, one transaction, one moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from hub.errors import HubError, Problem, RetryLater
from hub.ports import (
    Bookings,
    Checkpoint,
    Claims,
    Consents,
    Cursors,
    Diaries,
    Facts,
    Holds,
    Imports,
    Issues,
    Journal,
    Landing,
    Links,
    Outbox,
    PaymentBook,
    Pendings,
    Practices,
    Records,
    Running,
    Stock,
    UnitOfWork,
    Visits,
    Waivers,
)
from hub.ports.conflicts import Conflicts
from hub.ports.cutovers import Cutovers
from hub.ports.inbox import Inbox
from hub.ports.migrations import Migrations
from hub.ports.people import People
from hub.ports.relocations import Relocations
from hub.ports.repairs import Repairs
from hub.ports.rollbacks import Rollbacks
from hub.ports.verifications import Verifications
from hub.ports.waitlist import Waitlist
from hub.store.bookings import SqlBookings
from hub.store.checkpoint import pass_by
from hub.store.claims import SqlClaims
from hub.store.conflicts import SqlConflicts
from hub.store.consents import SqlConsents
from hub.store.cutovers import SqlCutovers
from hub.store.diaries import SqlDiaries
from hub.store.diary_copy import DiaryCopies
from hub.store.driver import defer, run
from hub.store.filled import SqlFacts
from hub.store.holds import SqlHolds
from hub.store.imports import SqlImports
from hub.store.inbox import SqlInbox
from hub.store.journal import SqlIssues, SqlJournal
from hub.store.landing import SqlCursors, SqlLanding, SqlLinks
from hub.store.migrations_book import SqlMigrations
from hub.store.outbox import SqlOutbox
from hub.store.payments import SqlPaymentBook
from hub.store.pending import SqlPendings
from hub.store.people import SqlPeople
from hub.store.practices import PracticeCopies, SqlPractices
from hub.store.records import SqlRecords
from hub.store.relocations import SqlRelocations
from hub.store.repairs import SqlRepairs
from hub.store.rollbacks import SqlRollbacks
from hub.store.running import SqlRunning
from hub.store.stock import SqlStock
from hub.store.verifications import SqlVerifications
from hub.store.visits import SqlVisits
from hub.store.waitlist import SqlWaitlist
from hub.store.waivers import SqlWaivers

Clock = Callable[[Connection], datetime]


def database_clock(connection: Connection) -> datetime:
    """The moment at which the transaction began; one clock for all who share the database."""
    (row,) = run(connection, "SELECT now() AS now")
    now: datetime = row["now"]
    return now


class SqlUnitOfWork:
    """`hub.ports.UnitOfWork`: the parts share one connection in one transaction."""

    def __init__(self, connection: Connection, now: datetime, copies: DiaryCopies, practices: PracticeCopies) -> None:
        self.now = now
        in_force = SqlPractices(connection, practices)
        self.practices: Practices = in_force
        self.landing: Landing = SqlLanding(connection)
        self.links: Links = SqlLinks(connection)
        self.records: Records = SqlRecords(connection)
        self.people: People = SqlPeople(connection, now)
        self.claims: Claims = SqlClaims(connection, now)
        self.facts: Facts = SqlFacts(connection, now)
        self.diaries: Diaries = SqlDiaries(connection, now, copies, in_force)
        self.bookings: Bookings = SqlBookings(connection, now)
        self.holds: Holds = SqlHolds(connection, now)
        self.visits: Visits = SqlVisits(connection, now, in_force)
        self.consents: Consents = SqlConsents(connection, now)
        self.running: Running = SqlRunning(connection, now)
        self.waitlist: Waitlist = SqlWaitlist(connection, now)
        self.pendings: Pendings = SqlPendings(connection, now)
        self.relocations: Relocations = SqlRelocations(connection, now)
        self.payments: PaymentBook = SqlPaymentBook(connection)
        self.stock: Stock = SqlStock(connection, now)
        self.waivers: Waivers = SqlWaivers(connection)
        self.repairs: Repairs = SqlRepairs(connection, now)
        self.outbox: Outbox = SqlOutbox(connection)
        self.inbox: Inbox = SqlInbox(connection)
        self.journal: Journal = SqlJournal(connection)
        self.issues: Issues = SqlIssues(connection)
        self.conflicts: Conflicts = SqlConflicts(connection)
        self.imports: Imports = SqlImports(connection)
        self.migrations: Migrations = SqlMigrations(connection)
        self.rollbacks: Rollbacks = SqlRollbacks(connection)
        self.cutovers: Cutovers = SqlCutovers(connection)
        self.verifications: Verifications = SqlVerifications(connection)
        self.cursors: Cursors = SqlCursors(connection)


class SqlStore:
    """`hub.ports.Store`. The engine is the application's (`hub.store.engine.application_engine`).

    Another clock than the database's is for tests that must stand at a moment.
    """

    def __init__(self, engine: Engine, checkpoint: Checkpoint = pass_by, clock: Clock = database_clock) -> None:
        self._engine = engine
        self._clock = clock
        self.checkpoint = checkpoint
        self._copies = DiaryCopies()
        self._practices = PracticeCopies()

    @contextmanager
    def begin(self, operation: str, *, is_repeatable: bool = False) -> Iterator[UnitOfWork]:
        """See the port."""
        with _without_values(), self._engine.connect() as connection, connection.begin():
            if is_repeatable:
                defer(connection, "SET LOCAL synchronous_commit = off")
            yield SqlUnitOfWork(connection, self._clock(connection), self._copies, self._practices)
            self.checkpoint(f"{operation}:before_commit")
        self.checkpoint(f"{operation}:after_commit")


@contextmanager
def _without_values() -> Iterator[None]:
    """What PostgreSQL refuses, it refuses with the row's values: they are personal, so only names go on."""
    try:
        yield
    except DBAPIError as error:
        raise _refusal(error.orig) from None
    except psycopg.Error as error:  # COPY speaks to the driver directly
        raise _refusal(error) from None


def _refusal(error: BaseException | None) -> HubError:
    if isinstance(error, psycopg.OperationalError):
        return RetryLater(Problem(f"the database is not available ({_code(error)})", "database"))
    return HubError(Problem(f"the database refused to store this ({_code(error)})", "database"))


def _code(error: BaseException | None) -> str:
    if not isinstance(error, psycopg.Error) or error.sqlstate is None:
        return type(error).__name__
    said = error.diag
    names = [error.sqlstate, said.table_name, said.column_name, said.constraint_name]
    if error.sqlstate.startswith("42"):  # wrong SQL, not a wrong value
        names.append(said.message_primary)
    return " ".join(name for name in names if name)
