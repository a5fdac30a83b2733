"""The one place that wires implementations: settings, practice folder, database, connectors, operations."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import stamina.instrumentation
from sqlalchemy import URL, Engine

from hub.canonical.ids import Kind
from hub.canonical.practice import Practice, read_sound_practice
from hub.canonical.records import Visit
from hub.canonical.time import Span
from hub.connectors.calendar_owners import find_owner_problems
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.registry import Surroundings, open_calendar, open_export, open_sink, open_source, zone_of
from hub.documents import parse
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.operations.add_away import add_away
from hub.operations.apply_practice import Applied, apply_practice
from hub.operations.approve_repair import Approved, NotApproved, approve_repair
from hub.operations.ask_outside import Outside
from hub.operations.block_time import block_time
from hub.operations.book_series import BookedSeries, book_series
from hub.operations.book_visit import Booked
from hub.operations.cancel_visit import Cancellation
from hub.operations.complete_visit import complete_visit
from hub.operations.confirm_cancellation import confirm_cancellation
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking, confirm_hold
from hub.operations.decide_import import Progress
from hub.operations.end_visits import Ended
from hub.operations.explain_series import explain_series
from hub.operations.find_gaps import GapReport, find_gaps
from hub.operations.find_nearest import find_nearest, find_nearest_move
from hub.operations.find_openings import find_openings
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.import_export import ImportRequest, ImportResult, import_export
from hub.operations.join_waitlist import join_waitlist, leave_waitlist
from hub.operations.linked_system import LinkedSystem
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.operations.no_show_visit import no_show_visit
from hub.operations.place_facts import recheck_all_facts
from hub.operations.plan_practice import PracticePlan, apply_planned, plan_practice
from hub.operations.propose_repair import find_proposal, propose_repair
from hub.operations.pull_changes import PullResult, pull_changes
from hub.operations.push_changes import PushResult, push_changes
from hub.operations.rank_openings import rank_openings
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.operations.serve_waitlist import find_offers, find_waiting, serve_waitlist
from hub.operations.stockroom import Stockroom
from hub.operations.waive_fee import Waived, waive_fee
from hub.ports import Pending, Placed
from hub.ports.repairs import Proposal
from hub.ports.waitlist import Offer as FreedOffer
from hub.ports.waitlist import WaitlistEntry
from hub.scheduling.absences import Absence
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.nearest import Nearest
from hub.scheduling.ranking import Offer, Wishes
from hub.scheduling.request import BookingRequest, OpeningsRequest
from hub.scheduling.series import SeriesRequest
from hub.scheduling.series_refusal import SeriesObstacle
from hub.scheduling.waivers import WaiverRequest
from hub.settings import Settings
from hub.store.audit_query import RuleException, load_exceptions
from hub.store.board_query import BoardQuery
from hub.store.booked_visits import SqlBookedVisits
from hub.store.checkpoint import kill_at_named_point
from hub.store.embedded import OWNER, EmbeddedServer
from hub.store.engine import application_engine, owner_engine, read_url, require_reachable
from hub.store.overview import Overview, load_overview
from hub.store.schema import migrate, require_current
from hub.store.unit_of_work import SqlStore

DATABASE = "hub"


@dataclass(frozen=True)
class PracticeFolder:
    """What an implementation team writes: `practice.yaml` and `connections/*.yaml`."""

    path: Path
    text: str
    practice: Practice
    connections: Mapping[str, Connection]
    """By system name."""

    def connection(self, system: str) -> Connection:
        """The connection to a system.

        Raises:
            InvalidInput: the practice has none of that name.
        """
        try:
            return self.connections[system]
        except KeyError:
            known = ", ".join(sorted(self.connections)) or "none"
            message = f"there is no connection {system!r}"
            raise InvalidInput(
                Problem(message, file=str(self.path / "connections"), hint=f"There are: {known}")
            ) from None


def read_practice_folder(settings: Settings) -> PracticeFolder:
    """Read and check every file of the practice folder.

    Raises:
        InvalidInput: with a problem for each place that is wrong.
        NeedsAttention: the folder or its practice file is not there.
    """
    file = settings.practice / "practice.yaml"
    text = _read(file)
    practice = read_sound_practice(text, str(file))
    connections = [_connection(path, settings) for path in sorted((settings.practice / "connections").glob("*.yaml"))]
    by_system = {each.system: each for each in connections}
    problems = tuple(find_owner_problems(practice, parse(text, str(file)), by_system))
    if problems:
        raise InvalidInput(*problems)
    return PracticeFolder(settings.practice, text, practice, by_system)


def check_practice_folder(settings: Settings) -> PracticeFolder:
    """The folder, with the mapping tables of its connections read as well; errors as `read_practice_folder`."""
    folder = read_practice_folder(settings)
    for connection in folder.connections.values():
        load_mappings(settings.mappings, connection.mappings)
    return folder


def _connection(file: Path, settings: Settings) -> Connection:
    document = parse(_read(file), str(file))
    connection = document.read_as(Connection)
    if connection.system != file.stem:
        hint = f"Rename the file to {connection.system}.yaml, or the system to {file.stem}"
        raise InvalidInput(document.problem(("system",), f"the file is called {file.stem!r}", hint))
    replaced = settings.connection_urls.get(connection.system)
    return connection.model_copy(update={"base_url": replaced}) if replaced else connection


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "HUB_PRACTICE names the practice folder"
        raise NeedsAttention(Problem("this file is not there", file=str(file), hint=hint)) from None
    except UnicodeDecodeError:
        raise InvalidInput(Problem("not UTF-8", file=str(file), hint="Save it as UTF-8")) from None


@dataclass(frozen=True)
class Hub:
    """The operations of one practice, on its database."""

    folder: PracticeFolder
    engine: Engine
    """With the application's rights; validation reads there too."""
    store: SqlStore
    board: BoardQuery
    mappings: Path

    def apply_practice(self) -> Applied:
        """Put the practice file in force; twice equals once."""
        return self._rechecked(apply_practice(self.store, self.folder.text, "practice.yaml"))

    def plan_practice(self) -> PracticePlan:
        """What putting the practice file in force would change and break."""
        return plan_practice(self.store, SqlBookedVisits(self.engine), self.folder.text, "practice.yaml")

    def apply_planned(self, fingerprint: str, *, actor: str) -> Applied:
        """Put the practice file in force as it was planned, or refuse."""
        booked = SqlBookedVisits(self.engine)
        return self._rechecked(
            apply_planned(self.store, booked, self.folder.text, "practice.yaml", fingerprint, actor=actor)
        )

    def overview(self) -> Overview:
        """What the hub holds, counted."""
        return load_overview(self.engine)

    @property
    def stock(self) -> Stockroom:
        """Lots, vials, counts, as the desk handles them."""
        return Stockroom(self.store, "desk")

    def rule_exceptions(self, first: date | None, last: date | None) -> tuple[RuleException, ...]:
        """What was passed over or waived on these UTC days, by whom and why; None: no bound."""
        return load_exceptions(self.engine, first, last)

    def find(self, request: OpeningsRequest) -> Openings | Refusal:
        """Openings in the book."""
        return find_openings(self.store, request)

    def nearest(self, request: BookingRequest) -> Nearest:
        """The nearest times before and after one that was refused."""
        return find_nearest(self.store, request)

    def book(self, request: BookingRequest, *, actor: str, key: str | None = None) -> Booked | Undecided | Refusal:
        """Book once all agreed who have a say, and leave word for every system that is told of visits."""
        return confirm_booking(self.store, request, self._outside, Asking(actor, key, self.told))

    def reconcile(self) -> ReconcileResult:
        """Settle what is undecided and due."""
        return reconcile_bookings(self.store, self._outside, push_to=self.told)

    def find_unsettled(self) -> tuple[Pending, ...]:
        """What still waits for another system's word, the oldest first."""
        with self.store.begin("find_unsettled") as work:
            return work.pendings.find_unsettled()

    def nearest_move(self, request: MoveRequest) -> Nearest:
        """The nearest times before and after one to which a visit could not be moved."""
        return find_nearest_move(self.store, request)

    def rank(self, request: OpeningsRequest, wishes: Wishes) -> tuple[Offer, ...] | Refusal:
        """Openings in the order in which to offer them."""
        return rank_openings(self.store, request, wishes)

    def gaps(self, location_id: str, first_on: date, last_on: date, kinds: Sequence[str] | None = None) -> GapReport:
        """What stands idle, and who waits and fits."""
        return find_gaps(self.store, location_id, first_on, last_on, kinds)

    def hold(self, request: BookingRequest, *, actor: str) -> Held | Refusal:
        """Hold a time; nobody outside is told."""
        return hold_visit(self.store, request, actor=actor)

    def book_hold(self, hold_id: str, *, actor: str, key: str | None = None) -> Booked | Undecided | Refusal:
        """Book what is held, as `book`."""
        return confirm_hold(self.store, hold_id, self._outside, Asking(actor, key, self.told))

    def explain_series(self, request: SeriesRequest) -> SeriesObstacle:
        """Why a series finds no place."""
        return explain_series(self.store, request)

    def move(self, request: MoveRequest, *, actor: str) -> Moved | Refusal:
        """Move a visit or a trip; what it leaves is offered to those who wait."""
        moved = move_visit(self.store, request, actor=actor, push_to=self.told)
        self.serve_waitlist()
        return moved

    def cancel(self, ids: Sequence[str], wish: Cancellation) -> Ended | Undecided | Refusal:
        """Call visits off, where a vendor owns the calendar once it agreed; their time is offered to those who wait."""
        ended = confirm_cancellation(self.store, ids, wish, self._outside, self.told)
        self.serve_waitlist()
        return ended

    def no_show(
        self,
        ids: Sequence[str],
        *,
        actor: str,
        reason: str | None = None,
        role: str | None = None,
        waive: bool = False,
    ) -> Ended | Refusal:
        """Note that the patient did not come."""
        return no_show_visit(self.store, *ids, actor=actor, reason=reason, role=role, waive=waive, push_to=self.told)

    def waive(self, ids: Sequence[str], request: WaiverRequest, *, actor: str) -> Waived | Refusal:
        """Let a patient off a fee or a deposit."""
        return waive_fee(self.store, request, *ids, actor=actor, push_to=self.told)

    def complete(
        self, ids: Sequence[str], *, actor: str, used: Mapping[str, Decimal] | None = None
    ) -> tuple[Visit, ...] | Refusal:
        """Note that visits took place."""
        return complete_visit(self.store, *ids, actor=actor, used=used, push_to=self.told)

    def away(self, resource_id: str, span: Span, *, actor: str, reason: str | None = None) -> Absence | Refusal:
        """Note that a resource is away."""
        return add_away(self.store, resource_id, span, actor=actor, reason=reason)

    def block(
        self, block_id: str, resources: Sequence[str], span: Span, *, actor: str, reason: str | None = None
    ) -> Placed | Refusal:
        """Take time of resources for something that is no visit."""
        return block_time(self.store, block_id, resources, span, actor=actor, reason=reason)

    def book_series(self, request: SeriesRequest, *, actor: str, key: str | None = None) -> BookedSeries | Refusal:
        """Book a whole series, or nothing."""
        return book_series(self.store, request, actor=actor, key=key, push_to=self.told)

    def join_waitlist(self, request: OpeningsRequest, *, actor: str) -> WaitlistEntry | Refusal:
        """Wait for a time to be freed."""
        return join_waitlist(self.store, request, actor=actor)

    def leave_waitlist(self, entry_id: str, *, actor: str) -> WaitlistEntry | None:
        """Stop waiting; None: nobody of that id waits."""
        return leave_waitlist(self.store, entry_id, actor=actor)

    def waiting(self) -> tuple[WaitlistEntry, ...]:
        """Who waits without an offer, in the order of joining."""
        return find_waiting(self.store)

    def offers(self) -> tuple[FreedOffer, ...]:
        """Who has a freed time offered."""
        return find_offers(self.store)

    def serve_waitlist(self) -> tuple[FreedOffer, ...]:
        """Offer what was freed; gives the new offers. Every minute or so: holds that run out free time as well."""
        return serve_waitlist(self.store)

    def propose_repair(
        self, location_id: str, on: date, *, notice_minutes: int, actor: str, seconds: float = 2.0
    ) -> Proposal:
        """How a day that no longer fits could be repaired."""
        return propose_repair(self.store, location_id, on, notice_minutes=notice_minutes, actor=actor, seconds=seconds)

    def find_proposal(self, proposal_id: str) -> Proposal | None:
        """A proposal as it was made, and what was approved of it."""
        return find_proposal(self.store, proposal_id)

    def approve_repair(
        self, proposal_id: str, changes: Collection[str] | None = None, *, actor: str
    ) -> Approved | NotApproved:
        """Put a proposal into force, whole or in part; what is freed is offered to those who wait."""
        approved = approve_repair(self.store, proposal_id, changes, actor=actor, push_to=self.told)
        self.serve_waitlist()
        return approved

    def only_location(self, location_id: str | None) -> str:
        """The location given, or the only one.

        Raises:
            InvalidInput: there are several.
        """
        known = [each.id for each in self.folder.practice.locations]
        if location_id is None and len(known) > 1:
            hint = f"One of: {', '.join(known)}"
            raise InvalidInput(Problem("there are several locations", field="--location", hint=hint))
        return location_id or known[0]

    def location_of(self, ids: Sequence[str]) -> str:
        """Where visits that are still to come take place; of others the first location."""
        with self.store.begin("look") as work:
            found = work.visits.load_standing(ids)
        return found[0].visit.location_id if found else self.folder.practice.locations[0].id

    def pull(self, system: str, kind: Kind) -> PullResult:
        """What changed in a system since the last pull."""
        connection = self.folder.connection(system)
        with open_source(connection, self._surroundings) as source:
            return pull_changes(self._linked(connection), kind, source, self.store)

    def push(self, system: str) -> PushResult:
        """What a system still has to be told."""
        connection = self.folder.connection(system)
        with open_sink(connection, self._surroundings) as sink:
            return push_changes(self._linked(connection), sink, self.store)

    def import_export(self, system: str, progress: Progress = lambda _what, _rows: None) -> ImportResult:
        """The files that an old system left, all kinds in one go."""
        connection = self.folder.connection(system)
        with open_export(connection, self._surroundings) as export:
            request = ImportRequest(
                system=system,
                folder=str(connection.folder),
                files=export.read_files(),
                mappings=load_mappings(self.mappings, connection.mappings),
                zone=zone_of(connection, self._surroundings),
                aliases=connection.aliases,
            )
        return import_export(request, self.store, progress)

    def _rechecked(self, applied: Applied) -> Applied:
        """What others booked is placed and judged by the file that is in force now."""
        if applied.is_new:
            recheck_all_facts(self.store)
        return applied

    @property
    def told(self) -> tuple[str, ...]:
        """The systems that are told of visits."""
        return tuple(each.system for each in self.folder.connections.values() if Kind.VISIT in each.push)

    @property
    def _outside(self) -> Outside:
        return Outside(
            lambda system: self._linked(self.folder.connection(system)),
            lambda system: open_calendar(self.folder.connection(system), self._surroundings),
        )

    @property
    def _surroundings(self) -> Surroundings:
        return Surroundings(self.folder.path, ZoneInfo(self.folder.practice.zone), os.environ)

    def _linked(self, connection: Connection) -> LinkedSystem:
        tables = load_mappings(self.mappings, connection.mappings)
        return LinkedSystem(connection.system, tables, zone_of(connection, self._surroundings), connection.aliases)


@contextmanager
def open_hub(settings: Settings, folder: PracticeFolder | None = None) -> Iterator[Hub]:
    """The hub of the practice that `settings` name, on its database, until the block ends.

    Raises:
        InvalidInput: the practice folder is wrong; nothing was started.
        NeedsAttention: the database does not answer or has another schema.
    """
    folder = folder or read_practice_folder(settings)
    stamina.instrumentation.set_on_retry_hooks(())  # a retry that works is no news; one that does not is said once
    with open_database(settings) as url:
        engine = application_engine(url)
        try:
            store = SqlStore(engine, kill_at_named_point)
            yield Hub(folder, engine, store, BoardQuery(engine), settings.mappings)
        finally:
            engine.dispose()


@contextmanager
def open_database(settings: Settings) -> Iterator[URL]:
    """The database to work on: the one of `HUB_DATABASE_URL`, or the hub's own, which is started and migrated.

    Raises:
        NeedsAttention: it does not answer, or its schema is not this version's.
    """
    if settings.database_url:
        url = read_url(settings.database_url)
        _check(url)
        yield url
        return
    server = EmbeddedServer(settings.home / "database")
    server.start()
    try:
        server.create_database(DATABASE)
        _migrate(server.url(DATABASE, OWNER))
        yield server.url(DATABASE)
    finally:
        server.leave()


def migrate_database(settings: Settings) -> None:
    """Bring the schema up to date; the login of `HUB_DATABASE_URL` must own the database."""
    if settings.database_url:
        _migrate(read_url(settings.database_url))
        return
    with open_database(settings):
        pass


def _migrate(owner_url: URL) -> None:
    engine = owner_engine(owner_url)
    try:
        require_reachable(engine)
        migrate(engine)
    finally:
        engine.dispose()


def _check(url: URL) -> None:
    engine = application_engine(url)
    try:
        require_reachable(engine)
        require_current(engine)
    finally:
        engine.dispose()
