"""One operation, one transaction, one moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import partial

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
    Reading,
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
from hub.store.driver import commit_deferred, defer, spare_the_disk
from hub.store.filled import SqlFacts
from hub.store.holds import SqlHolds
from hub.store.imports import SqlImports
from hub.store.inbox import SqlInbox
from hub.store.journal import SqlIssues, SqlJournal
from hub.store.landing import SqlCursors, SqlLanding, SqlLinks
from hub.store.migrations_book import SqlMigrations
from hub.store.moment import Moment
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
from hub.store.turns import Turns
from hub.store.verifications import SqlVerifications
from hub.store.visits import SqlVisits
from hub.store.waitlist import SqlWaitlist
from hub.store.waivers import SqlWaivers

Clock = Callable[[Connection], datetime]
_AT_ONCE = 4
"""One has the locks, one comes next, and two look; more took no more bookings a second."""
_PATIENCE = 0.1
"""Seconds. It is a few of their turns."""


class SqlReading:
    """`hub.ports.Reading`."""

    def __init__(self, connection: Connection, moment: Moment, copies: DiaryCopies, practices: PracticeCopies) -> None:
        self._moment = moment
        self._in_force = SqlPractices(connection, practices)
        self.practices: Practices = self._in_force
        self.diaries: Diaries = SqlDiaries(connection, moment, copies, self._in_force)

    @property
    def now(self) -> datetime:
        """See the port."""
        return self._moment.now


class SqlUnitOfWork(SqlReading):
    """`hub.ports.UnitOfWork`: the parts share one connection in one transaction."""

    def __init__(
        self,
        connection: Connection,
        moment: Moment,
        copies: DiaryCopies,
        practices: PracticeCopies,
        before_commit: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(connection, moment, copies, practices)
        self._connection = connection
        self._before_commit = before_commit
        self._is_finished = False
        self.landing: Landing = SqlLanding(connection)
        self.links: Links = SqlLinks(connection)
        self.records: Records = SqlRecords(connection)
        self.people: People = SqlPeople(connection, moment)
        self.claims: Claims = SqlClaims(connection, moment)
        self.facts: Facts = SqlFacts(connection, moment)
        self.bookings: Bookings = SqlBookings(connection, moment)
        self.holds: Holds = SqlHolds(connection, moment)
        self.visits: Visits = SqlVisits(connection, moment, self._in_force)
        self.consents: Consents = SqlConsents(connection, moment)
        self.running: Running = SqlRunning(connection, moment)
        self.waitlist: Waitlist = SqlWaitlist(connection, moment)
        self.pendings: Pendings = SqlPendings(connection, moment)
        self.relocations: Relocations = SqlRelocations(connection, moment)
        self.payments: PaymentBook = SqlPaymentBook(connection)
        self.stock: Stock = SqlStock(connection, moment)
        self.waivers: Waivers = SqlWaivers(connection)
        self.repairs: Repairs = SqlRepairs(connection, moment)
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

    def finish(self) -> None:
        """See the port."""
        if not self._is_finished:
            self._before_commit()
            commit_deferred(self._connection)
            self._is_finished = True


class SqlStore:
    """`hub.ports.Store`. The engine is the application's (`hub.store.engine.application_engine`).

    Another clock than the database's is for tests that must stand at a moment.
    """

    def __init__(self, engine: Engine, checkpoint: Checkpoint = pass_by, clock: Clock | None = None) -> None:
        self._engine = engine
        self._looking = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._clock = clock
        self.checkpoint = checkpoint
        self._copies = DiaryCopies()
        self._practices = PracticeCopies()
        self._turns = Turns(_AT_ONCE, _PATIENCE)

    @contextmanager
    def begin(
        self, operation: str, *, is_repeatable: bool = False, at_one_moment: bool = False, in_turn: bool = False
    ) -> Iterator[UnitOfWork]:
        """See the port."""
        turn = self._turns.taken() if in_turn else nullcontext()
        with turn, _without_values(), self._engine.connect() as connection, connection.begin():
            if at_one_moment:
                defer(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            if is_repeatable:
                spare_the_disk(connection)
            before_commit = partial(self.checkpoint, f"{operation}:before_commit")
            work = SqlUnitOfWork(connection, self._moment(connection), self._copies, self._practices, before_commit)
            yield work
            work.finish()
        self.checkpoint(f"{operation}:after_commit")

    @contextmanager
    def look(self) -> Iterator[Reading]:
        """See the port."""
        with _without_values(), self._looking.connect() as connection:
            yield SqlReading(connection, self._moment(connection), self._copies, self._practices)

    def _moment(self, connection: Connection) -> Moment:
        return Moment(connection, self._clock(connection) if self._clock else None)


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
