"""Prove a moved history: expectations and control totals in PostgreSQL, every field against its row, side by side."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from hub.bootstrap.comparing_team import open_comparing, workers_for
from hub.bootstrap.migration_folder import DECISIONS, MigrationFolder
from hub.bootstrap.moved_history import MovedHistory, read_moved
from hub.operations.migration.compare_rows import Comparing, check_rows
from hub.operations.migration.judge_history import Acceptance, accept_findings
from hub.pipelines.expectations import (
    Expectation,
    Telling,
    folder_telling,
    history_expectations,
    reading_queries,
    total_queries,
)
from hub.ports import Store
from hub.ports.verifications import HistoryCheck, Total, Verification
from hub.settings import Settings

if TYPE_CHECKING:
    from hub.pipelines.validation import Outcome


@dataclass(frozen=True, slots=True)
class Proving:
    """A migration folder on a database that holds its history."""

    folder: MigrationFolder
    store: Store
    engine: Engine
    settings: Settings
    """Of the same database."""
    workers: int | None = None
    """Processes that compare; None: as many as are worth it."""

    def prove(self) -> Verification:
        """Judge every check and keep the attempt.

        The hash is of the data as it was before the first check: what changes meanwhile makes it another.

        Raises:
            NeedsAttention: nothing of this system was moved yet.
            InvalidInput: decisions.yaml accepts what is no check.
        """
        with self.store.begin("take_stock") as work:
            work.verifications.take_stock()
        with self.store.begin("hash_data", at_one_moment=True) as work, ThreadPoolExecutor(2) as beside:
            moved = read_moved(work, self.folder)
            hashing = beside.submit(work.verifications.hash_data)
            # Loading it takes seconds of this process, and many times as long beside somebody else's work in it.
            from hub.pipelines import validation  # noqa: F401, PLC0415

            comparing = beside.submit(self._compare, moved)
            totals, judged = self._judge(folder_telling(self.folder, moved.head.zone, self.settings.mappings))
            checks, data_hash = [*judged, comparing.result()], hashing.result()
        system = self.folder.file.system
        with self.store.begin("save_verification") as work:
            work.verifications.save(system, data_hash, self._accepted(checks), totals)
            proof = work.verifications.find_last(system)
        assert proof is not None
        return proof

    def _compare(self, moved: MovedHistory) -> HistoryCheck:
        comparing = Comparing(self.store, moved.loader)
        compared, rest = comparing.compare_alike(moved.rows)
        workers = self.workers or workers_for(sum(moved.rows[one] for one in rest))
        with open_comparing(self.folder, self.settings, self.engine, comparing, workers) as compare:
            return check_rows(compare, rest, compared)

    def _judge(self, told: Telling) -> tuple[tuple[Total, ...], list[HistoryCheck]]:
        from hub.pipelines.validation import Judge  # noqa: PLC0415 - costs seconds, while others work already

        with Judge(self.engine.url, reading_queries(told)) as judge:
            totals = judge.add_up(total_queries(told))
            expectations = history_expectations(told, totals)
            outcomes = judge.validate(expectations)
        return totals, [_check(each, outcomes[each.name]) for each in expectations]

    def _accepted(self, checks: list[HistoryCheck]) -> tuple[HistoryCheck, ...]:
        accepted = {one.check: Acceptance(one.because, one.by) for one in self.folder.decisions.accepted}
        return accept_findings(checks, accepted, str(self.folder.path / DECISIONS))


def _check(expectation: Expectation, outcome: "Outcome") -> HistoryCheck:
    findings = outcome.unexpected or 0
    return HistoryCheck(expectation.name, expectation.says, outcome.state, findings, outcome.examples)
