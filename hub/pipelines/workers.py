"""A history moved by workers, here or on other machines; this process says what comes next and tells what was done."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.launcher import LaunchRunContext, WorkerStatus

from hub.errors import NeedsAttention, Problem
from hub.operations.migration.run_history import Planned, Run
from hub.pipelines.assets.migrated import migration_key, partition_key
from hub.pipelines.broker import WorkerLauncher, count_workers
from hub.pipelines.instance import open_instance
from hub.pipelines.migrating import run_tags
from hub.pipelines.progress import Tell, line_of
from hub.pipelines.runs import bury_dead_runs
from hub.ports.migrations import Partition
from hub.settings import Settings

LOST = "The worker that began it is gone."
TRIES = 3
"""So often a partition is begun whose worker dies."""
_POLL_SECONDS = 1


def run_by_workers(moving: Run, settings: Settings, tell: Tell) -> bool:
    """Every partition as a run that a worker does; False: one failed, and no step after its own was tried."""
    launcher = WorkerLauncher.of(settings)
    if not count_workers(launcher):
        tell("No worker asks for work yet: `hub migrate work` starts one. Waiting for it.")
    with open_instance(settings.dagster_home) as instance:
        bury_dead_runs(instance)
        launcher.register_instance(instance)
        return all(_Step(moving, instance, launcher, tell).run(step) for step in moving.steps())


def require_named(settings: Settings, folder: Path, source: Path) -> None:
    """Make sure that workers find the same migration.

    Raises:
        NeedsAttention: HUB_MIGRATIONS does not name the folder with this export.
    """
    named = {one.resolve(): export.resolve() for one, export in settings.migrations.items()}
    if named.get(folder.resolve()) != source.resolve():
        message = f"workers know nothing of {folder} with the export {source}"
        hint = f'Set it to {{"{folder.resolve()}": "{source.resolve()}"}}, here and for every worker'
        raise NeedsAttention(Problem(message, field="HUB_MIGRATIONS", hint=hint))


_DEPLOYMENT = ReconstructableRepository.for_module("hub.pipelines.definitions", "definitions")
"""As every process makes it anew. `dg.reconstructable` knows no job of all assets, however they are divided."""


@dataclass(slots=True)
class _Step:
    """Partitions that may be done side by side."""

    moving: Run
    instance: dg.DagsterInstance
    launcher: WorkerLauncher
    tell: Tell
    open: dict[str, tuple[Partition, int]] = field(default_factory=dict)
    """Run id → the partition that it does, and how often that was begun."""

    def run(self, planned: Iterable[Planned]) -> bool:
        """Hand all of them out and wait for their ends; False: one failed."""
        for one in planned:
            self._launch(one.partition, 1)
        is_done = True
        while self.open:
            Event().wait(_POLL_SECONDS)
            for run in self.instance.get_runs(dg.RunsFilter(run_ids=list(self.open))):
                is_lost = self.launcher.check_run_worker_health(run).status is WorkerStatus.FAILED
                if run.is_finished or is_lost:
                    is_done &= self._settle(run)
        return is_done

    def _launch(self, partition: Partition, attempt: int) -> None:
        key, month = migration_key(self.moving.history.system, partition), partition_key(partition)
        job = _DEPLOYMENT.get_reconstructable_job(IMPLICIT_ASSET_JOB_NAME).get_subset(asset_selection={key})
        run = self.instance.create_run_for_job(
            job.get_definition(),
            asset_selection={key},
            run_config={"loggers": {"progress": {}}},
            tags=run_tags(self.moving) | ({} if month is None else {"dagster/partition": month}),
            status=dg.DagsterRunStatus.STARTING,
            job_code_origin=job.get_python_origin(),
        )
        self.open[run.run_id] = partition, attempt
        self.launcher.launch_run(LaunchRunContext(run, None))

    def _settle(self, run: dg.DagsterRun) -> bool:
        """Tell what a run did, and begin anew what lost its worker; False: it failed."""
        partition, attempt = self.open.pop(run.run_id)
        if run.is_finished:
            entries = self.instance.all_logs(run.run_id)
            for line in (line_of(entry.dagster_event) for entry in entries if entry.dagster_event):
                if line:
                    self.tell(line)
            return run.is_success
        self.instance.report_run_failed(run, LOST)
        self.tell(f"  {partition}: {LOST}")
        if attempt == TRIES:
            return False
        self._launch(partition, attempt + 1)
        return True
