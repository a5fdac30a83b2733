"""Histories as Dagster is told of them, and one moved as tracked runs in this process: one run a partition."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dagster as dg

from hub.bootstrap.migrating import open_store
from hub.bootstrap.migration_folder import MigrationFolder, read_named_migrations
from hub.operations.migration.compare_rows import NAME, SAYS
from hub.operations.migration.history import History
from hub.operations.migration.run_history import Run, loaded_kinds
from hub.pipelines.assets.migrated import (
    OpenRun,
    account_check,
    migrated_assets,
    migration_key,
    partition_key,
    proven_asset,
    run_key,
    run_resource,
)
from hub.pipelines.expectations import folder_telling, history_expectations
from hub.pipelines.instance import open_instance
from hub.pipelines.progress import Tell, progress_logger
from hub.pipelines.runs import bury_dead_runs, process_tags
from hub.ports.migrations import Partition
from hub.ports.verifications import Verification
from hub.settings import Settings


def define_migrations(settings: Settings) -> Iterator[dg.Definitions]:
    """What Dagster is told of each migration folder that the settings name; its proof is an asset, too."""
    for folder, source in read_named_migrations(settings):
        yield _define_folder(settings, folder, source)


def _define_folder(settings: Settings, folder: MigrationFolder, source: Path) -> dg.Definitions:
    history = folder.history(source)

    @contextmanager
    def opening() -> Iterator[Run]:
        with open_store(settings) as (store, _engine):
            yield Run(history, store)

    def prove() -> Verification:
        from hub.pipelines.proving import Proving  # noqa: PLC0415 - Great Expectations costs seconds

        with open_store(settings) as (store, engine):
            return Proving(folder, store, engine, settings, workers=1).prove()  # Dagster starts the processes here

    told = folder_telling(folder, folder.file.zone, settings.mappings)
    says = {one.name: one.says for one in history_expectations(told)} | {NAME: SAYS}
    proven = dg.Definitions(assets=[proven_asset(history.system, says, prove)])
    return dg.Definitions.merge(define_history(history, opening), proven)


def define_history(history: History, opening: OpenRun) -> dg.Definitions:
    """The assets of a history that is moved, with their check."""
    system = history.system
    return dg.Definitions(
        assets=list(migrated_assets(system, history.source.kinds, loaded_kinds(history))),
        asset_checks=[account_check(system)],
        resources={run_key(system): run_resource(opening)},
    )


def run_migration(moving: Run, home: Path, tell: Tell) -> bool:
    """Every partition as a run in this process; False: one failed, and nothing after it was tried."""
    running = dg.Definitions(loggers={"progress": progress_logger(tell)}, executor=dg.in_process_executor)
    definitions = dg.Definitions.merge(define_history(moving.history, lambda: nullcontext(moving)), running)

    def track(instance: dg.DagsterInstance, partition: Partition) -> bool:
        key = migration_key(moving.history.system, partition)
        job = definitions.resolve_implicit_job_def_def_for_assets([key])
        assert job is not None
        return job.execute_in_process(
            instance=instance,
            asset_selection=[key],
            partition_key=partition_key(partition),
            run_config={"loggers": {"progress": {}}},
            raise_on_error=False,
            tags=run_tags(moving),
        ).success

    with open_instance(home) as instance:
        bury_dead_runs(instance)
        return all(track(instance, one.partition) for step in moving.steps() for one in step)


def run_tags(moving: Run) -> dict[str, str]:
    """The tags of a run that does a partition."""
    return {**process_tags(), "hub/migration": moving.history.system}
