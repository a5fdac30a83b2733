"""A history moved as tracked runs in this process: one run a partition, in the engine's own order."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import dagster as dg

from hub.operations.migration.run_history import Planned, Run
from hub.pipelines.assets.migrated import (
    MIGRATION,
    account_check,
    migrated_assets,
    migration_key,
    months_of,
    partition_key,
)
from hub.pipelines.instance import open_instance
from hub.pipelines.progress import Tell, progress_logger
from hub.pipelines.runs import bury_dead_runs, process_tags
from hub.ports.migrations import Partition


def define_migration(moving: Run, tell: Tell, checks: Sequence[dg.AssetChecksDefinition] = ()) -> dg.Definitions:
    """The assets of a history; `checks` are asked after the account beside its own."""
    system = moving.history.system
    return dg.Definitions(
        assets=list(migrated_assets(system, moving.history.source.kinds, moving.kinds())),
        asset_checks=[account_check(system), *checks],
        resources={MIGRATION: dg.ResourceDefinition.hardcoded_resource(moving)},
        loggers={"progress": progress_logger(tell)},
        executor=dg.in_process_executor,
    )


def run_migration(moving: Run, home: Path, tell: Tell, checks: Sequence[dg.AssetChecksDefinition] = ()) -> bool:
    """Every partition as a run of its own; False: one failed, and nothing after it was tried."""
    definitions = define_migration(moving, tell, checks)
    with open_instance(home) as instance:
        bury_dead_runs(instance)
        return all(_track(definitions, instance, moving.history.system, one) for one in _in_order(moving))


def _in_order(moving: Run) -> Iterator[Partition]:
    """Each kind is planned when all before it was done."""
    yield from _places(moving.plan_landing())
    for kind in moving.kinds():
        yield from _places(moving.plan_loading(kind))
    yield from _places(moving.plan_ending())


def _places(planned: Iterable[Planned]) -> Iterator[Partition]:
    return (one.partition for one in planned)


def _track(definitions: dg.Definitions, instance: dg.DagsterInstance, system: str, partition: Partition) -> bool:
    key, month = migration_key(system, partition), partition_key(partition)
    if month is not None and partition.kind is not None:
        instance.add_dynamic_partitions(months_of(system, partition.kind).name or "", [month])
    job = definitions.resolve_implicit_job_def_def_for_assets([key])
    assert job is not None
    result = job.execute_in_process(
        instance=instance,
        asset_selection=[key],
        partition_key=month,
        run_config={"loggers": {"progress": {}}},
        raise_on_error=False,
        tags={**process_tags(), "hub/migration": system},
    )
    return result.success
