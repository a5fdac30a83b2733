"""Synchronizing with the practice's other systems, and what people need to see and decide of it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from hub.bootstrap.connected_systems import ConnectedSystems
from hub.canonical.ids import Kind
from hub.canonical.records import IN_ORDER
from hub.operations import replay
from hub.operations.accept_drift import accept_drift
from hub.operations.check_agreements import check_agreement
from hub.operations.close_conflicts import shown
from hub.operations.decide_conflict import Decision, decide_conflict
from hub.operations.explain_record import Explained, explain_record
from hub.operations.linked_system import LinkedSystem
from hub.operations.pull_changes import Accepted, PullResult, pull_changes, take_awaiting
from hub.operations.pull_changes import Progress as Pulled
from hub.operations.push_changes import Progress as Pushed
from hub.operations.push_changes import PushResult, push_changes
from hub.operations.rehearse_sync import SyncPlan, rehearse_sync
from hub.operations.work_inbox import InboxResult, work_inbox
from hub.ports import AuditEntry, Issue, QuarantinedRow, Store
from hub.ports.conflicts import FieldConflict
from hub.scheduling.decision import Refusal


@dataclass(frozen=True)
class Disagreement:
    """A conflict with both values; they are personal."""

    conflict: FieldConflict
    ours: Any


@dataclass(frozen=True)
class Exchange:
    """The operations between the hub and other systems."""

    store: Store
    systems: ConnectedSystems
    _in_force: dict[tuple[str, tuple[Kind, ...]], date] = field(default_factory=dict)
    """On which day an agreement was last found in force, by system and kinds."""

    def kinds(self, system: str) -> tuple[Kind, ...]:
        """What is pulled from a system, in the order in which it must be."""
        pulled = self.systems.folder.connection(system).pull
        return tuple(sorted(pulled, key=lambda kind: IN_ORDER.index(kind) if kind in IN_ORDER else len(IN_ORDER)))

    def rings(self, system: str) -> bool:
        """Whether the system tells of changes by webhook."""
        return self.systems.folder.connection(system).webhooks is not None

    def is_pushed(self, system: str) -> bool:
        """Whether the system is told of anything."""
        return bool(self.systems.folder.connection(system).push)

    def pull(
        self,
        system: str,
        kind: Kind,
        *,
        accepted: Accepted | None = None,
        progress: Pulled = lambda _read: None,
    ) -> PullResult:
        """What changed there since the last pull."""
        self.check_agreement(system, [kind])
        with self.systems.open_source(system) as source:
            linked = self.systems.linked(system)
            pulled = pull_changes(linked, kind, source, self.store, accepted=accepted, progress=progress)
        self._take_awaiting(system, kind)
        return pulled

    def _take_awaiting(self, system: str, *kinds: Kind) -> None:
        """What other connections brought before the records that it says more of."""
        for kind in kinds:
            for one in self._joining(system, kind):
                take_awaiting(one, kind, self.store)

    def _joining(self, system: str, kind: Kind) -> list[LinkedSystem]:
        """Whose records say more of those of a system."""
        connections = self.systems.folder.connections.values()
        return [self.systems.linked(one.system) for one in connections if one.joins == system and kind in one.pull]

    def push(self, system: str, progress: Pushed = lambda _done: None) -> PushResult:
        """What it still has to be told."""
        self.check_agreement(system, self.systems.folder.connection(system).push)
        return self._push(system, progress)

    def _push(self, system: str, progress: Pushed = lambda _done: None) -> PushResult:
        with self.systems.open_sink(system) as sink:
            return push_changes(self.systems.linked(system), sink, self.store, progress=progress)

    def work_inbox(self, system: str) -> InboxResult:
        """What it rang for."""
        self.check_agreement(system, self.kinds(system))
        return self._work_inbox(system)

    def _work_inbox(self, system: str) -> InboxResult:
        with self.systems.open_source(system) as source:
            worked = work_inbox(self.systems.linked(system), source, self.store)
        self._take_awaiting(system, *self.kinds(system))
        return worked

    def exchange(self, system: str) -> bool:
        """What is due with a system, both ways; whether others may have to be told of it now."""
        connection, came = self.systems.folder.connection(system), False
        with self.store.begin("exchange") as work:
            rings = connection.webhooks is not None and work.inbox.is_due(system)
            waits, now = bool(connection.push) and work.outbox.is_due(system), work.now
        if rings:
            self._check_daily(system, self.kinds(system), now)
            came = self._work_inbox(system).records > 0
        if waits:
            self._check_daily(system, connection.push, now)
            self._push(system)
        return came

    def count_heard(self, system: str) -> int:
        """How many of its events were looked after, ever."""
        with self.store.begin("count_heard") as work:
            return work.inbox.count(system).get("done", 0)

    def count_sent(self, system: str) -> int:
        """How many deliveries it has confirmed, ever."""
        with self.store.begin("count_sent") as work:
            return work.outbox.count(system).get("sent", 0)

    def rehearse(self, system: str, progress: Callable[[str, int], None] = lambda _what, _read: None) -> SyncPlan:
        """What a pull and a push would change."""
        linked, kinds = self.systems.linked(system), self.kinds(system)
        if not kinds:
            return rehearse_sync(linked, (), None, self.store)
        self.check_agreement(system, kinds)
        with self.systems.open_source(system) as source:
            joining = {kind: self._joining(system, kind) for kind in kinds}
            return rehearse_sync(linked, kinds, source, self.store, joining, progress=progress)

    def check_agreement(self, system: str, kinds: Collection[Kind]) -> None:
        """Make sure that records of these kinds may go there and come from there today.

        Raises:
            NeedsAttention: no agreement with its vendor is in force; nothing was asked of it.
        """
        zone = ZoneInfo(self.systems.folder.practice.zone)
        check_agreement(self.store, self.systems.folder.agreements, self.systems.linked(system), kinds, zone)

    def _check_daily(self, system: str, kinds: Collection[Kind], now: datetime) -> None:
        """The same; but the agreements are read once, so that only another day can say otherwise than a yes did."""
        today = now.astimezone(ZoneInfo(self.systems.folder.practice.zone)).date()
        asked = system, tuple(kinds)
        if self._in_force.get(asked) != today:
            self.check_agreement(system, kinds)
            self._in_force[asked] = today

    def find_issues(self, kind: str | None = None) -> tuple[Issue, ...]:
        """What waits for a person, the oldest first."""
        with self.store.begin("find_issues") as work:
            return work.issues.find_open(kind)

    def find_disagreements(self, actor: str) -> list[Disagreement]:
        """Every open conflict with both values; that somebody looked is audited."""
        with self.store.begin("find_disagreements") as work:
            found: list[Disagreement] = []
            for one in work.conflicts.find_all():
                record = work.records.load(one.kind, [one.canonical_id]).get(one.canonical_id)
                if record is not None:
                    found.append(Disagreement(one, shown(record, one.field)))
                    patient_id = getattr(record, "patient_id", one.canonical_id if one.kind is Kind.PATIENT else None)
                    entry = AuditEntry(actor, "view_conflict", one.kind, one.canonical_id, patient_id=patient_id)
                    work.journal.record_audit(entry)
            return found

    def decide(self, system: str, decision: Decision) -> Refusal | None:
        """Let one of two values stand, as far as the policy lets the role."""
        return decide_conflict(self.systems.linked(system), decision, self.store)

    def explain(self, kind: Kind, id_: str, *, actor: str, personal: bool) -> Explained:
        """Where each value of a record comes from."""
        return explain_record(self.store, kind, id_, actor=actor, personal=personal)

    def accept_drift(self, system: str, kind: Kind, accepted: Accepted) -> PullResult:
        """Let what has drifted in a stream be right."""
        return accept_drift(self.systems.linked(system), kind, accepted, self.store)

    def find_dead(self, system: str) -> tuple[replay.Waiting, ...]:
        """Deliveries that were given up."""
        self.systems.folder.connection(system)
        return replay.find_dead(system, self.store)

    def replay_dead(self, system: str, ids: Collection[int] | None) -> int:
        """Let them be sent again with the next push."""
        return replay.replay_dead(system, self.store, ids)

    def find_dead_events(self, system: str) -> tuple[replay.Waiting, ...]:
        """What it rang for and nobody could look after."""
        self.systems.folder.connection(system)
        return replay.find_dead_events(system, self.store)

    def replay_events(self, system: str) -> InboxResult:
        """Ask for that again, now."""
        replay.replay_events(system, self.store)
        return self.work_inbox(system)

    def find_quarantined(self, system: str, kind: Kind | None) -> tuple[replay.Waiting, ...]:
        """Pulled records that could not be taken."""
        self._require_known(system)
        return replay.find_quarantined(system, self.store, kind)

    def find_quarantined_rows(self, system: str, kind: Kind | None) -> tuple[QuarantinedRow, ...]:
        """Rows of its import or its migration that could not be taken."""
        return replay.find_quarantined_rows(system, self.store, kind)

    def find_landed(self, system: str, kind: Kind, first: datetime, last: datetime) -> tuple[replay.Waiting, ...]:
        """What was pulled in a span, the newest state of each record."""
        self._require_known(system)
        return replay.find_landed(system, kind, first, last, self.store)

    def count_imported(self, system: str, kind: Kind, first: datetime, last: datetime) -> int:
        """How many records landed in a span with an import or a migration."""
        with self.store.begin("replay") as work:
            return work.landing.count_imported(system, kind, first, last)

    def retaken_by(self, system: str) -> str:
        """The command that takes the rows of its import or its migration again."""
        connection = self.systems.folder.connections.get(system)
        if connection is not None and connection.connector == "legacy_export":
            return f"hub import {system}"
        return f"hub migrate run FOLDER --source {self._migrated_from(system)}"

    def replay_records(
        self, system: str, waiting: Sequence[replay.Waiting], progress: Pulled = lambda _done: None
    ) -> PullResult:
        """Take landed records once more."""
        result = PullResult()
        linked = self.systems.linked(system) if waiting else None
        for kind in IN_ORDER:
            numbers = [one.id for one in waiting if one.kind is kind]
            if numbers and linked is not None:
                moved = partial(_moved, progress, result.read)
                result += replay.replay_records(linked, kind, numbers, self.store, moved)
        return result

    def _require_known(self, system: str) -> None:
        """A connection of the practice, or a system whose history was moved here."""
        if self._migrated_from(system) is None:
            self.systems.folder.connection(system)

    def _migrated_from(self, system: str) -> str | None:
        """The folder of its export; None: no history of it was moved."""
        with self.store.begin("find_migration") as work:
            return next((head.folder for head in work.migrations.find_heads() if head.system == system), None)


def _moved(progress: Pulled, before: int, done: int) -> None:
    progress(before + done)
