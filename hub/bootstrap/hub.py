"""The operations of one practice, wired to its database and its connections."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from sqlalchemy import Engine

from hub.bootstrap.connected_systems import ConnectedSystems
from hub.bootstrap.databases import open_database
from hub.bootstrap.desk import Desk
from hub.bootstrap.doorbell import Doorbell
from hub.bootstrap.exchange import Exchange
from hub.bootstrap.practice_folder import PracticeFolder, read_practice_folder
from hub.bootstrap.surroundings import witness_of
from hub.canonical.ids import Kind
from hub.connectors.registry import open_export, zone_of
from hub.errors import InvalidInput, Problem
from hub.matching import SplinkLikeness
from hub.operations.apply_practice import Applied, apply_practice
from hub.operations.ask_outside import Outside
from hub.operations.import_export import ImportResult, Progress, import_export
from hub.operations.match_people import SYSTEM, Matched, match_all
from hub.operations.merge_people import Word
from hub.operations.migration.history import Decisions, History
from hub.operations.place_facts import recheck_all_facts
from hub.operations.plan_practice import PracticePlan, apply_planned, plan_practice
from hub.operations.pull_changes import PullResult
from hub.operations.push_changes import PushResult
from hub.ports import VendorCalendar
from hub.ports.people import Matcher
from hub.settings import Settings
from hub.store.allowances import StoredAllowances
from hub.store.audit_query import RuleException, load_exceptions
from hub.store.board_query import BoardQuery
from hub.store.booked_visits import SqlBookedVisits
from hub.store.checkpoint import kill_at_named_point
from hub.store.engine import application_engine
from hub.store.overview import Overview, load_overview
from hub.store.unit_of_work import SqlStore
from hub.sync.people.decide import Thresholds


@dataclass(frozen=True)
class Hub:
    """The operations of one practice, on its database."""

    engine: Engine
    """With the application's rights; validation reads there too."""
    store: SqlStore
    systems: ConnectedSystems
    keep: timedelta | None = None
    """So long a batch of a moved history can be taken back; None: for ever."""

    @property
    def folder(self) -> PracticeFolder:
        """What the practice declared."""
        return self.systems.folder

    @cached_property
    def board(self) -> BoardQuery:
        """What the day board shows."""
        return BoardQuery(self.engine)

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

    def rule_exceptions(self, first: date | None, last: date | None) -> tuple[RuleException, ...]:
        """What was passed over or waived on these UTC days, by whom and why; None: no bound."""
        return load_exceptions(self.engine, first, last)

    def match_people(self, progress: Progress = lambda _what, _people: None) -> Matched:
        """Find out which patients are one person."""
        return match_all(self.store, self._matcher, self.word_on_people(SYSTEM), progress)

    def word_on_people(self, actor: str, reason: str | None = None) -> Word:
        """What is said of who is one person, by the practice's rules and for all who are told of them."""
        return Word(actor, reason, told=self.systems.told, rules=self.folder.rules)

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
        return self.exchange.pull(system, kind)

    def push(self, system: str) -> PushResult:
        """What a system still has to be told."""
        return self.exchange.push(system)

    def import_export(self, system: str, progress: Progress = lambda _what, _rows: None) -> ImportResult:
        """The files that an old system left, moved as any history."""
        connection = self.folder.connection(system)
        self.exchange.check_agreement(system, connection.pull)
        history = History(
            system=system,
            folder=str(connection.folder),
            zone=zone_of(connection, self.systems.surroundings),
            source=open_export(connection, self.systems.surroundings),
            mappings={Kind(kind): table for kind, table in self.systems.tables_of(connection).items()},
            decisions=Decisions(aliases=connection.aliases),
            matcher=self._matcher,
        )
        return import_export(history, self.store, progress)

    def _rechecked(self, applied: Applied) -> Applied:
        """What others booked is placed and judged by the file that is in force now."""
        if applied.is_new:
            recheck_all_facts(self.store)
        return applied

    @property
    def told(self) -> tuple[str, ...]:
        """The systems that are told of visits."""
        return tuple(self.systems.told[Kind.VISIT])

    @property
    def desk(self) -> Desk:
        """Booking, and all that follows from it."""
        outside = Outside(self.systems.linked, self._open_calendar)
        return Desk(self.store, outside, self.systems.told, self.keep)

    def _open_calendar(self, system: str) -> AbstractContextManager[VendorCalendar]:
        self.exchange.check_agreement(system, [Kind.VISIT])
        return self.systems.open_calendar(system)

    @property
    def exchange(self) -> Exchange:
        """Synchronizing with other systems, and what is to be known and decided of it."""
        return Exchange(self.store, self.systems)

    @property
    def doorbell(self) -> Doorbell:
        """What other systems post to the hub."""
        return Doorbell(self.store, self.folder, self.systems.secrets_of)

    @property
    def _matcher(self) -> Matcher:
        identity = self.folder.identity
        thresholds = Thresholds(merge=identity.merge_from, review=identity.review_from)
        return Matcher(thresholds, SplinkLikeness(), identity.score_from_people)


@contextmanager
def open_hub(settings: Settings, folder: PracticeFolder | None = None) -> Iterator[Hub]:
    """The hub of the practice that `settings` name, on its database, until the block ends.

    Raises:
        InvalidInput: the practice folder is wrong; nothing was started.
        NeedsAttention: the database does not answer or has another schema.
    """
    folder = folder or read_practice_folder(settings)
    with open_database(settings) as url:
        engine = application_engine(url)
        try:
            store = SqlStore(engine, kill_at_named_point)
            watched = witness_of(settings, folder)
            systems = ConnectedSystems(folder, settings.mappings, watched, StoredAllowances(engine))
            yield Hub(engine, store, systems, timedelta(days=settings.rollback_days))
        finally:
            engine.dispose()
