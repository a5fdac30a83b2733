"""Prove a moved history: expectations and control totals in PostgreSQL, every field against its row."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from hub.bootstrap.migration_folder import DECISIONS, MigrationFolder
from hub.errors import NeedsAttention, Problem
from hub.operations.migration.compare_rows import check_rows
from hub.operations.migration.judge_history import Acceptance, accept_findings
from hub.operations.migration.load_rows import Loader
from hub.operations.migration.resolve_aliases import resolve_aliases
from hub.pipelines.expectations import (
    Expectation,
    folder_telling,
    history_expectations,
    reading_queries,
    total_queries,
)
from hub.pipelines.validation import Judge, Outcome, Verdict
from hub.ports import Store, UnitOfWork
from hub.ports.migrations import MigrationHead, Partition, Stage
from hub.ports.verifications import CheckState, HistoryCheck, Verification

_STATES = {Verdict.MET: CheckState.OK, Verdict.FAILED: CheckState.FAILED, Verdict.BROKEN: CheckState.BROKEN}


@dataclass(frozen=True, slots=True)
class Proving:
    """A migration folder on a database that holds its history."""

    folder: MigrationFolder
    store: Store
    engine: Engine
    mappings: Path
    """The shipped ones."""

    def prove(self) -> Verification:
        """Judge every check and keep the attempt; the hash of the data is taken before the first.

        Raises:
            NeedsAttention: nothing of this system was moved yet.
            InvalidInput: decisions.yaml accepts what is no check.
        """
        system = self.folder.file.system
        with self.store.begin("take_stock") as work:
            work.verifications.take_stock()
        with self.store.begin("hash_data") as work:
            head, loader, partitions = self._moved(work)
            data_hash = work.verifications.hash_data()
        told = folder_telling(self.folder, head.zone, self.mappings)
        with ThreadPoolExecutor(1) as beside:  # PostgreSQL judges while this process compares
            comparing = beside.submit(check_rows, self.store, loader, partitions)
            with Judge(self.engine.url, reading_queries(told)) as judge:
                totals = judge.add_up(total_queries(told))
                expectations = history_expectations(told, totals)
                outcomes = judge.validate(expectations)
            compared = comparing.result()
        checks = [*(_check(each, outcomes[each.name]) for each in expectations), compared]
        with self.store.begin("save_verification") as work:
            work.verifications.save(system, data_hash, self._accepted(checks), totals)
            proof = work.verifications.find_last(system)
        assert proof is not None
        return proof

    def _moved(self, work: UnitOfWork) -> tuple[MigrationHead, Loader, tuple[Partition, ...]]:
        """What was moved: by whom it is read, and in which partitions."""
        system = self.folder.file.system
        head = next((one for one in work.migrations.find_heads() if one.system == system), None)
        attempts = work.migrations.find_attempts(system)
        if head is None or Partition(Stage.ACCOUNT) not in attempts:
            hint = "`hub migrate run FOLDER --source DIR` moves what is not here yet, or was taken back"
            raise NeedsAttention(Problem(f"the history of {system} is not all here", "not_moved", hint=hint))
        landings = {at.kind: one.batch_id for at, one in attempts.items() if at.stage is Stage.LAND and at.kind}
        loaded = [at for at in attempts if at.stage is Stage.LOAD and at.kind in self.folder.mappings]
        history = self.folder.history(Path(head.folder))
        resolved = resolve_aliases(history, work, landings)
        return head, Loader(resolved, head.today, landings), tuple(sorted(loaded, key=str))

    def _accepted(self, checks: list[HistoryCheck]) -> tuple[HistoryCheck, ...]:
        accepted = {one.check: Acceptance(one.because, one.by) for one in self.folder.decisions.accepted}
        return accept_findings(checks, accepted, str(self.folder.path / DECISIONS))


def _check(expectation: Expectation, outcome: Outcome) -> HistoryCheck:
    findings = outcome.unexpected or 0
    return HistoryCheck(expectation.name, expectation.says, _STATES[outcome.verdict], findings, outcome.examples)
