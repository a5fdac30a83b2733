"""The operations of one practice, wired to its database and its connections."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import stamina.instrumentation
from sqlalchemy import Engine

from hub.bootstrap.databases import open_database
from hub.bootstrap.doorbell import Doorbell
from hub.bootstrap.exchange import Exchange
from hub.bootstrap.practice_folder import PracticeFolder, read_practice_folder
from hub.bootstrap.surroundings import surroundings_of, witness_of
from hub.canonical.consents import Consent
from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.canonical.time import Span
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.kit.read_ahead import ReadAhead
from hub.connectors.kit.spec.drift import Drift
from hub.connectors.registry import (
    Surroundings,
    WitnessOf,
    open_calendar,
    open_export,
    open_sink,
    open_source,
    secrets_of,
    unwatched,
    zone_of,
)
from hub.errors import InvalidInput, Problem
from hub.mapping.apply import TwoWay
from hub.matching import SplinkLikeness
from hub.operations.add_away import add_away
from hub.operations.apply_practice import Applied, apply_practice
from hub.operations.approve_repair import Approved, NotApproved
from hub.operations.ask_outside import Outside
from hub.operations.block_time import block_time
from hub.operations.book_series import BookedSeries
from hub.operations.book_series_together import book_series_together
from hub.operations.book_visit import Booked
from hub.operations.cancel_visit import Cancellation
from hub.operations.complete_visit import complete_visit
from hub.operations.confirm_cancellation import confirm_cancellation
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking, confirm_hold
from hub.operations.confirm_move import confirm_move
from hub.operations.confirm_repair import confirm_repair
from hub.operations.confirm_series import confirm_series
from hub.operations.decide_import import Progress
from hub.operations.end_visits import Ended
from hub.operations.explain_series import explain_series
from hub.operations.find_gaps import GapReport, find_gaps
from hub.operations.find_nearest import find_nearest, find_nearest_move
from hub.operations.find_openings import find_openings
from hub.operations.follow_merges import follow_merges, lead_to_survivors
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.import_export import ImportRequest, ImportResult, import_export
from hub.operations.join_waitlist import join_waitlist, leave_waitlist
from hub.operations.linked_system import LinkedSystem
from hub.operations.match_people import Matched, match_all
from hub.operations.move_visit import Moved, MoveRequest
from hub.operations.no_show_visit import no_show_visit
from hub.operations.place_facts import recheck_all_facts
from hub.operations.plan_practice import PracticePlan, apply_planned, plan_practice
from hub.operations.propose_repair import find_proposal, propose_repair
from hub.operations.pull_changes import PullResult
from hub.operations.push_changes import PushResult
from hub.operations.rank_openings import rank_openings
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.operations.serve_waitlist import find_offers, find_waiting, serve_waitlist
from hub.operations.settle_by_hand import Word, settle_by_hand
from hub.operations.sign_consent import sign_consent, withdraw_consent
from hub.operations.stockroom import Stockroom
from hub.operations.tend_book import Tended, tend_book
from hub.operations.waive_fee import Waived, waive_fee
from hub.ports import Pending, Placed, Source, VendorCalendar
from hub.ports.people import Matcher
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
from hub.store.engine import application_engine
from hub.store.overview import Overview, load_overview
from hub.store.unit_of_work import SqlStore
from hub.sync.drift import DriftRules, Reaction, What, code_words
from hub.sync.mass_change import MassChangeLimit
from hub.sync.people.decide import Thresholds


@dataclass(frozen=True)
class Hub:
    """The operations of one practice, on its database."""

    folder: PracticeFolder
    engine: Engine
    """With the application's rights; validation reads there too."""
    store: SqlStore
    board: BoardQuery
    mappings: Path
    witness_of: WitnessOf = unwatched

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
        return follow_merges(self.store, request, lambda asked: find_openings(self.store, asked))

    def nearest(self, request: BookingRequest) -> Nearest:
        """The nearest times before and after one that was refused."""
        return find_nearest(self.store, lead_to_survivors(self.store, request))

    def book(self, request: BookingRequest, *, actor: str, key: str | None = None) -> Booked | Undecided | Refusal:
        """Book once all agreed who have a say, and leave word for every system that is told of visits."""
        asking = Asking(actor, key, self.told)
        return follow_merges(
            self.store, request, lambda asked: confirm_booking(self.store, asked, self._outside, asking)
        )

    def reconcile(self) -> ReconcileResult:
        """Settle what is undecided and due."""
        return reconcile_bookings(self.store, self._outside, push_to=self.told)

    def tend(self) -> Tended:
        """Do what time alone asks for."""
        return tend_book(self.store, self._outside, push_to=self.told)

    def find_unsettled(self) -> tuple[Pending, ...]:
        """What still waits for another system's word, the oldest first."""
        with self.store.begin("find_unsettled") as work:
            return tuple(one for one in work.pendings.find_unsettled() if not one.standing.is_settled)

    def settle(self, visit_id: str, word: Word) -> Pending | Refusal:
        """What is undecided of a visit, settled by a person's word."""
        return settle_by_hand(self.store, visit_id, word, self._outside, push_to=self.told)

    def nearest_move(self, request: MoveRequest) -> Nearest:
        """The nearest times before and after one to which a visit could not be moved."""
        return find_nearest_move(self.store, request)

    def rank(self, request: OpeningsRequest, wishes: Wishes) -> tuple[Offer, ...] | Refusal:
        """Openings in the order in which to offer them."""
        return follow_merges(self.store, request, lambda asked: rank_openings(self.store, asked, wishes))

    def gaps(self, location_id: str, first_on: date, last_on: date, kinds: Sequence[str] | None = None) -> GapReport:
        """What stands idle, and who waits and fits."""
        return find_gaps(self.store, location_id, first_on, last_on, kinds)

    def hold(self, request: BookingRequest, *, actor: str) -> Held | Refusal:
        """Hold a time; nobody outside is told."""
        return follow_merges(self.store, request, lambda asked: hold_visit(self.store, asked, actor=actor))

    def book_hold(self, hold_id: str, *, actor: str, key: str | None = None) -> Booked | Undecided | Refusal:
        """Book what is held, as `book`."""
        return confirm_hold(self.store, hold_id, self._outside, Asking(actor, key, self.told))

    def explain_series(self, *requests: SeriesRequest) -> SeriesObstacle:
        """Why a series, or one of several people's, finds no place."""
        return explain_series(self.store, *(lead_to_survivors(self.store, one) for one in requests))

    def book_series_together(
        self, requests: Sequence[SeriesRequest], *, actor: str, key: str | None = None
    ) -> BookedSeries | Refusal:
        """Book several people's series, or nothing."""
        led = [lead_to_survivors(self.store, one) for one in requests]
        return book_series_together(self.store, led, actor=actor, key=key, push_to=self.told)

    def move(self, request: MoveRequest, *, actor: str) -> Moved | Undecided | Refusal:
        """Move a visit or a trip, where a vendor owns the calendar once it agreed; what it leaves is offered."""
        moved = confirm_move(self.store, request, self._outside, actor=actor, push_to=self.told)
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
        return complete_visit(self.store, *ids, actor=actor, used=used, push_to=self.told, told=self._told_by_kind)

    def sign(
        self, patient_id: str, form_id: str, *, actor: str, version: str | None = None, document: str | None = None
    ) -> Consent | Refusal:
        """Note that a patient signed a form now."""
        told = self._told_by_kind[Kind.CONSENT]
        return sign_consent(
            self.store, patient_id, form_id, actor=actor, version=version, document=document, push_to=told
        )

    def withdraw(self, patient_id: str, form_id: str, *, actor: str) -> tuple[Consent, ...] | Refusal:
        """Note that a patient took a consent back."""
        return withdraw_consent(self.store, patient_id, form_id, actor=actor, push_to=self._told_by_kind[Kind.CONSENT])

    def away(self, resource_id: str, span: Span, *, actor: str, reason: str | None = None) -> Absence | Refusal:
        """Note that a resource is away."""
        return add_away(self.store, resource_id, span, actor=actor, reason=reason)

    def block(
        self, block_id: str, resources: Sequence[str], span: Span, *, actor: str, reason: str | None = None
    ) -> Placed | Refusal:
        """Take time of resources for something that is no visit."""
        return block_time(self.store, block_id, resources, span, actor=actor, reason=reason)

    def book_series(
        self, request: SeriesRequest, *, actor: str, key: str | None = None
    ) -> BookedSeries | Undecided | Refusal:
        """Book a whole series once all agreed who have a say, or nothing."""
        asking = Asking(actor, key, self.told)
        return follow_merges(
            self.store, request, lambda asked: confirm_series(self.store, asked, self._outside, asking)
        )

    def join_waitlist(self, request: OpeningsRequest, *, actor: str) -> WaitlistEntry | Refusal:
        """Wait for a time to be freed."""
        return follow_merges(self.store, request, lambda asked: join_waitlist(self.store, asked, actor=actor))

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
    ) -> Approved | NotApproved | Undecided:
        """Put a proposal into force, whole or in part, where a vendor owns the calendar once it agreed."""
        approved = confirm_repair(self.store, proposal_id, changes, self._outside, actor=actor, push_to=self.told)
        self.serve_waitlist()
        return approved

    def match_people(self) -> Matched:
        """Find out which patients are one person."""
        return match_all(self.store, self._matcher)

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
        """The files that an old system left, all kinds in one go."""
        connection = self.folder.connection(system)
        self.exchange.check_agreement(system, connection.pull)
        with open_export(connection, self._surroundings) as export:
            request = ImportRequest(
                system=system,
                folder=str(connection.folder),
                files=export.read_files(),
                mappings=self._tables_of(connection),
                zone=zone_of(connection, self._surroundings),
                aliases=connection.aliases,
                matcher=self._matcher,
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
    def _told_by_kind(self) -> dict[Kind, frozenset[str]]:
        pushing = self.folder.connections.values()
        return {kind: frozenset(one.system for one in pushing if kind in one.push) for kind in Kind}

    @property
    def exchange(self) -> Exchange:
        """Synchronizing with other systems, and what is to be known and decided of it."""
        return Exchange(
            self.store,
            self.folder,
            lambda system: self._linked(self.folder.connection(system)),
            self._open_ahead,
            lambda system: open_sink(self.folder.connection(system), self._surroundings),
        )

    @contextmanager
    def _open_ahead(self, system: str) -> Iterator[Source]:
        with open_source(self.folder.connection(system), self._surroundings) as source:
            yield ReadAhead(source)

    @property
    def doorbell(self) -> Doorbell:
        """What other systems post to the hub."""
        return Doorbell(self.store, self.folder, lambda connection: secrets_of(connection, self._surroundings))

    def _open_calendar(self, system: str) -> AbstractContextManager[VendorCalendar]:
        self.exchange.check_agreement(system, [Kind.VISIT])
        return open_calendar(self.folder.connection(system), self._surroundings)

    @property
    def _outside(self) -> Outside:
        return Outside(
            lambda system: self._linked(self.folder.connection(system)),
            self._open_calendar,
        )

    @property
    def _surroundings(self) -> Surroundings:
        return surroundings_of(self.folder, self.witness_of)

    @property
    def _matcher(self) -> Matcher:
        identity = self.folder.identity
        thresholds = Thresholds(merge=identity.merge_from, review=identity.review_from)
        return Matcher(thresholds, SplinkLikeness(), identity.score_from_people)

    @cached_property
    def _tables(self) -> dict[str, Mapping[str, TwoWay]]:
        return {}

    def _tables_of(self, connection: Connection) -> Mapping[str, TwoWay]:
        """Read once, as the practice folder is: reading takes longer than taking a record."""
        if connection.mappings not in self._tables:
            self._tables[connection.mappings] = load_mappings(self.mappings, connection.mappings, self.folder.path)
        return self._tables[connection.mappings]

    def _linked(self, connection: Connection) -> LinkedSystem:
        return LinkedSystem(
            connection.system,
            self._tables_of(connection),
            zone_of(connection, self._surroundings),
            connection.aliases,
            rules=self.folder.rules,
            told=self._told_by_kind,
            drift={kind: _drift_rules(one.drift) for kind, one in connection.streams.items() if one.drift is not None},
            limit=MassChangeLimit(connection.mass_change.share, connection.mass_change.at_least),
        )


def _drift_rules(spec: Drift) -> DriftRules:
    said = {What.NEW_FIELD: spec.new_field, What.CHANGED_TYPE: spec.changed_type, What.NEW_CODE: spec.new_code}
    reactions = {what: Reaction(word) for what, word in said.items()}
    codes = {path: code_words(known) for path, known in spec.codes.items()}
    return DriftRules(reactions, spec.types, codes, spec.learn)


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
            yield Hub(folder, engine, store, BoardQuery(engine), settings.mappings, witness_of(settings, folder))
        finally:
            engine.dispose()
