"""Run a migration: partition by partition, each in one transaction, each only where its inputs changed.

land (each kind) → load (patients, providers, services, then visits, then money by month, and replay beside it) → claim
and account. A process that dies leaves whole partitions behind; the next run finds by their fingerprints what is done,
and goes on.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.canonical.ids import Kind
from hub.errors import InvalidInput, Problem, SafetyStop
from hub.operations.migration.fingerprints import Reading
from hub.operations.migration.frozen import require_open, said_before
from hub.operations.migration.history import History, mark
from hub.operations.migration.load_people import load_people
from hub.operations.migration.load_rows import Loader, load_providers, load_services
from hub.operations.migration.replay_history import claim_future, replay_history
from hub.operations.migration.require_rows import require_rows
from hub.operations.migration.resolve_aliases import resolve_aliases
from hub.operations.migration.untake import RowsUntaken, require_untaken, untake
from hub.ports import Disposition, Store, UnitOfWork
from hub.ports.migrations import Attempt, FileAccount, MigrationHead, Partition, Stage

UNDIVIDED: Mapping[Kind, Callable[[Loader, UnitOfWork, int], list[Disposition]]] = {
    Kind.PATIENT: load_people,
    Kind.PROVIDER: load_providers,
    Kind.SERVICE: load_services,
}
"""Kinds that are loaded whole, none of which refers to another; the longest first."""
REQUIRED = (*UNDIVIDED, Kind.VISIT)
"""What others refer to."""
REPLAYED = (Kind.PATIENT, Kind.VISIT)
"""What a replay reads: nothing else waits for it, nor it for anything else."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A partition, and what it depends on."""

    partition: Partition
    fingerprint: str


Counts = Mapping[str, int] | None
"""Of a partition that was done; None: it had been done before."""
Progress = Callable[[Partition, Counts], None]
"""Called when a partition was done."""


@dataclass(frozen=True, slots=True)
class Step:
    """Partitions that do not wait for each other."""

    ready: Sequence[Planned]
    """Those that need no look at what landed: they can be done while the others are planned."""
    plan: Callable[[], Sequence[Planned]] = tuple

    def __iter__(self) -> Iterator[Planned]:
        yield from self.ready
        yield from self.plan()


Team = Callable[
    [Callable[[Planned], Counts], Sequence[Planned], Callable[[], Sequence[Planned]]], Iterable[tuple[Planned, Counts]]
]
"""Does the partitions of a step side by side, given what is ready and what plans the others; tells of them in order."""


@dataclass(slots=True)
class Run:
    """One run of a history; a partition may as well be run alone, by whoever schedules them."""

    history: History
    store: Store
    head: MigrationHead = field(init=False)
    _loader: Loader | None = field(init=False, default=None)
    """Of what has landed; kept, since what it finds out once holds for all partitions."""
    _months: dict[int, Mapping[str, str]] = field(init=False, default_factory=dict)
    """By landing, which never changes: reading all its rows again for each partition would take longer than loading."""
    _files: tuple[FileAccount, ...] = field(init=False, default=())
    """What became of their rows, if it was this one who asked for the account."""

    def __post_init__(self) -> None:
        history = self.history
        _require_tables(history)
        with self.store.begin("begin_migration") as work:
            today = history.today or work.now.astimezone(history.zone).date()
            self.head = work.migrations.begin(history.system, history.folder, history.zone.key, today)
            for kind, mapping in history.mappings.items():
                work.migrations.save_mapping(history.system, kind, mapping.fingerprint, mapping.text)

    def run(
        self, progress: Progress = lambda _partition, _counts: None, team: Team | None = None
    ) -> tuple[FileAccount, ...]:
        """Everything that is not done yet, in order; gives what became of the rows of each file.

        Args:
            progress: is told of each partition, in order.
            team: of this process and others; None: this one does one partition after the other.

        Raises:
            InvalidInput: a source cannot be read; what was done before stays.
            SafetyStop: rows are missing in the account.
            RetryLater: the database went away; the next run goes on where this one ended.
        """
        perform_all = team or _one_by_one
        for step in self.steps():
            for planned, counts in perform_all(self.perform, step.ready, step.plan):
                progress(planned.partition, counts)
        return self._files or self.read_account()

    def steps(self) -> Iterator[Step]:
        """Each is planned when the one before it was done; within one nothing waits for another.

        To match people and to land visits are the longest of what cannot be divided. What else lands, and the replay,
        go beside months, of which there are many: they fill up the time.
        """
        self._files = ()  # an account of before
        landing = list(self.plan_landing())
        yield Step([one for one in landing if one.partition.kind in UNDIVIDED])
        yield Step([one for one in landing if one.partition.kind is Kind.VISIT], lambda: self._plan_all(UNDIVIDED))
        left = [one for one in landing if one.partition.kind not in REQUIRED]
        yield Step(left, lambda: self._plan_all([Kind.VISIT]))
        if Kind.INVOICE in self.kinds():  # payments may name them
            yield Step((), lambda: self._plan_all([Kind.INVOICE]))
        others = [kind for kind in self.kinds() if kind not in (*REQUIRED, Kind.INVOICE)]
        yield Step(self.plan_replay(), lambda: self._plan_all(others))
        claim, account = self.plan_ending()
        yield Step([claim], lambda: [account])

    def _plan_all(self, wanted: Iterable[Kind]) -> list[Planned]:
        kinds = self.kinds()
        return [planned for kind in wanted if kind in kinds for planned in self.plan_loading(kind)]

    def read_account(self) -> tuple[FileAccount, ...]:
        """What became of the rows of each file."""
        with self.store.begin("read_account") as work:
            return work.migrations.account(self.history.system)

    def kinds(self) -> tuple[Kind, ...]:
        """Those that are loaded, in order."""
        return loaded_kinds(self.history)

    def plan_landing(self) -> Iterator[Planned]:
        """All files of each kind; the visits, which take the longest, first."""
        source = self.history.source
        for kind in sorted(source.kinds, key=lambda kind: kind is not Kind.VISIT):
            yield Planned(Partition(Stage.LAND, kind), self._landing_mark(source.hashes(kind)))

    def plan_loading(self, kind: Kind) -> list[Planned]:
        """The partitions of a kind, after all before it were done; those without rows any more are given up.

        Raises:
            InvalidInput: a decision speaks of a row or a column that is not there.
        """
        with self.store.begin("plan_migration") as work:
            attempts = work.migrations.find_attempts(self.history.system)
            landing = attempts[Partition(Stage.LAND, kind)]
            require_rows(self.history, work, kind, landing.batch_id)
            months = self._months.get(landing.batch_id) or work.migrations.find_months(landing.batch_id)
            self._months[landing.batch_id] = months
            reading = Reading(self.history, kind, self.head.today, landing.batch_id, attempts)
            found = reading.whole(work, months) if kind in UNDIVIDED else reading.by_month(work, months)
            gone = [
                one.batch_id
                for place, one in attempts.items()
                if place.stage is Stage.LOAD and place.kind is kind and place.month not in found
            ]
            work.migrations.supersede(gone)
        return [Planned(Partition(Stage.LOAD, kind, month), one) for month, one in sorted(found.items())]

    def plan_replay(self) -> list[Planned]:
        """What is done over all visits that were loaded, whatever else was."""
        return [Planned(Partition(Stage.REPLAY), self._mark_loaded(REPLAYED))]

    def plan_ending(self) -> list[Planned]:
        """What is done over everything that was loaded."""
        loaded = self._mark_loaded(tuple(Kind))
        return [Planned(Partition(stage), loaded) for stage in (Stage.CLAIM, Stage.ACCOUNT)]

    def _mark_loaded(self, kinds: Collection[Kind]) -> str:
        with self.store.begin("plan_migration") as work:
            attempts = work.migrations.find_attempts(self.history.system)
        return mark({str(partition): one.fingerprint for partition, one in attempts.items() if partition.kind in kinds})

    def perform(self, planned: Planned) -> Counts:
        """Do a partition in one transaction; None: it is done already. Two who try queue, and one does it.

        What an earlier attempt made of rows that are in quarantine now is taken back before, unless others built on it.
        """
        try:
            return self._perform(planned)
        except RowsUntaken as found:
            is_back = untake(self.store, self.history.system, found.batch_ids)
            return self._perform(planned, may_stand=not is_back)

    def _perform(self, planned: Planned, *, may_stand: bool = False) -> Counts:
        system, partition = self.history.system, planned.partition
        with self.store.begin(f"migrate_{partition.stage}") as work:
            work.bookings.lock_key(f"migrate {system} {partition}")
            attempts = work.migrations.find_attempts(system)
            done = attempts.get(partition)
            if done is not None and done.fingerprint == planned.fingerprint:
                return None
            frozen_at = require_open(work, system, partition.stage)
            batch_id = work.migrations.open_attempt(system, self.history.folder, partition, planned.fingerprint)
            counts = self._do(work, partition, batch_id, attempts, frozen_at)
            if partition.stage is Stage.LOAD and not may_stand:
                require_untaken(work, batch_id)
            work.migrations.close_attempt(batch_id, counts, self._hashes(planned))
        return counts

    def perform_alone(self, partition: Partition) -> Attempt:
        """Do one partition, for whoever schedules them; gives the attempt that counts, made now or before.

        Raises:
            InvalidInput: there is nothing to do there, or what it depends on was not done.
        """
        planned = next((one for one in self._plan(partition) if one.partition == partition), None)
        if planned is None:
            hint = "Land first; then the months are those that rows name"
            raise InvalidInput(Problem(f"no rows are in {partition}", "unknown_partition", hint=hint))
        self.perform(planned)
        with self.store.begin("read_attempt") as work:
            return work.migrations.find_attempts(self.history.system)[partition]

    def _plan(self, partition: Partition) -> Iterable[Planned]:
        if partition.stage is Stage.LAND:
            return self.plan_landing()
        if partition.kind is None:
            return [*self.plan_replay(), *self.plan_ending()]
        with self.store.begin("look_for_landing") as work:
            is_landed = Partition(Stage.LAND, partition.kind) in work.migrations.find_attempts(self.history.system)
        return self.plan_loading(partition.kind) if is_landed else ()

    def _hashes(self, planned: Planned) -> dict[str, str]:
        """Of the files that landed, which are those that were planned."""
        kind = planned.partition.kind
        if planned.partition.stage is not Stage.LAND or kind is None:
            return {}
        hashes = self.history.source.hashes(kind)
        if self._landing_mark(hashes) != planned.fingerprint:
            hint = "Nothing of them was taken. Run again when whoever writes them is done"
            raise InvalidInput(
                Problem("files changed while they were read", "changed_while_read", ", ".join(hashes), hint=hint)
            )
        return hashes

    def _landing_mark(self, hashes: Mapping[str, str]) -> str:
        return mark(self.history.zone.key, hashes)

    def _do(
        self,
        work: UnitOfWork,
        partition: Partition,
        batch_id: int,
        attempts: Mapping[Partition, Attempt],
        frozen_at: datetime | None,
    ) -> dict[str, int]:
        kind = partition.kind
        if partition.stage is Stage.REPLAY:
            return replay_history(work, self.history)
        if partition.stage is Stage.CLAIM:
            return claim_future(work, self.history, self.head)
        if partition.stage is Stage.ACCOUNT:
            self._files = work.migrations.account(self.history.system)
            return _account(self._files)
        assert kind is not None
        if partition.stage is Stage.LAND:
            rows = said_before(frozen_at, self.history.source.read(kind))
            return {"rows": work.migrations.land(batch_id, self.history.system, kind, rows)}
        return self._load(work, partition, batch_id, attempts)

    def _load(
        self, work: UnitOfWork, partition: Partition, batch_id: int, attempts: Mapping[Partition, Attempt]
    ) -> dict[str, int]:
        kind = partition.kind
        assert kind is not None
        landings = {one.kind: found.batch_id for one, found in attempts.items() if one.stage is Stage.LAND and one.kind}
        if self._loader is None or not self._loader.landings.items() <= landings.items():
            resolved = resolve_aliases(self.history, work, landings)
            self._loader = Loader(resolved, self.head.today, landings)
        loader = self._loader
        loader.landings = landings  # what landed since changes nothing of what it found out
        if kind in UNDIVIDED:
            work.imports.save_dispositions(batch_id, UNDIVIDED[kind](loader, work, batch_id))
        else:
            loader.load_dated(work, partition, batch_id)
        work.migrations.save_merged(batch_id, landings[kind], partition.month)
        return work.migrations.count_verdicts(batch_id)


def _one_by_one(
    perform: Callable[[Planned], Counts], ready: Sequence[Planned], plan: Callable[[], Sequence[Planned]]
) -> Iterator[tuple[Planned, Counts]]:
    for one in Step(ready, plan):
        yield one, perform(one)


_DATED_ORDER = (
    Kind.VISIT,
    Kind.INVOICE,
    Kind.PAYMENT,
    Kind.PACKAGE,
    Kind.GIFT_CARD,
    Kind.MEMBERSHIP,
    Kind.LOT,
)


def loaded_kinds(history: History) -> tuple[Kind, ...]:
    """The kinds of a history that are loaded, in order; one without a mapping stays as it landed."""
    there = set(history.source.kinds)
    return tuple(kind for kind in (*UNDIVIDED, *_DATED_ORDER) if kind in there and kind in history.mappings)


def _require_tables(history: History) -> None:
    missing = [kind for kind in REQUIRED if kind in history.source.kinds and kind not in history.mappings]
    if missing:
        hint = "The key 'mappings' of migration.yaml names a folder of mappings/, of the migration or the shipped one"
        said = (
            Problem(f"there is no mapping table {kind}.yaml for a {kind}", field=kind, hint=hint) for kind in missing
        )
        raise InvalidInput(*said)


def _account(files: tuple[FileAccount, ...]) -> dict[str, int]:
    """The account, flat; refused where rows have no verdict though others of their kind have."""
    lost = [Problem(f"{one.lost} rows have no verdict", "unaccounted", one.file) for one in files if one.lost]
    if lost:
        raise SafetyStop(*lost)
    return {f"{one.file}.{name}": getattr(one, name) for one in files for name in FileAccount._fields[2:-1]}
