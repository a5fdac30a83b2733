"""A history that is moved: what landed of each kind, what was loaded of it by month, replay and account."""

from collections.abc import Iterator, Sequence
from typing import cast

import dagster as dg

from hub.canonical.ids import Kind
from hub.operations.migration.run_history import UNDIVIDED, Run
from hub.pipelines.failures import safely
from hub.ports.migrations import Partition, Stage

MIGRATION = "migration"
"""The resource: the `Run` of this process."""
UNDATED = "undated"
"""Dagster's key for the month of rows that name no day."""


def migration_key(system: str, partition: Partition) -> dg.AssetKey:
    """`migration/legacy/landed_visits`, `migration/legacy/visits` (by month), `migration/legacy/replay`."""
    if partition.kind is None:
        return dg.AssetKey([MIGRATION, system, str(partition.stage)])
    return dg.AssetKey([MIGRATION, system, ("landed_" if partition.stage is Stage.LAND else "") + f"{partition.kind}s"])


def months_of(system: str, kind: Kind) -> dg.DynamicPartitionsDefinition:
    """The months of a kind: they are known when its rows have landed."""
    return dg.DynamicPartitionsDefinition(name=f"{system} {kind}s by month")


def partition_key(partition: Partition) -> str | None:
    """Dagster's key of a partition; None: its asset is not divided."""
    is_divided = partition.stage is Stage.LOAD and partition.kind not in UNDIVIDED
    return (partition.month or UNDATED) if is_divided else None


def migrated_assets(system: str, landed: Sequence[Kind], loaded: Sequence[Kind]) -> Iterator[dg.AssetsDefinition]:
    """One asset for each stage and kind, each after what it refers to."""
    for kind in landed:
        yield _asset(system, Partition(Stage.LAND, kind), [])
    for place, kind in enumerate(loaded):
        before = [Partition(Stage.LOAD, one) for one in loaded[:place]]
        yield _asset(system, Partition(Stage.LOAD, kind), [Partition(Stage.LAND, kind), *before])
    every = [Partition(Stage.LOAD, kind) for kind in loaded]
    yield _asset(system, Partition(Stage.REPLAY), every)
    yield _asset(system, Partition(Stage.ACCOUNT), [Partition(Stage.REPLAY)])


def _asset(system: str, of: Partition, after: Sequence[Partition]) -> dg.AssetsDefinition:
    is_divided = partition_key(of) is not None

    @dg.asset(
        key=migration_key(system, of),
        deps=[dg.AssetDep(migration_key(system, one), partition_mapping=_mapping(of, one)) for one in after],
        partitions_def=months_of(system, of.kind) if is_divided and of.kind else None,
        group_name=MIGRATION,
        required_resource_keys={MIGRATION},
        description="One transaction and one row of import_batch each; done before, it is not done again.",
    )
    def moved(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        month = context.partition_key.removeprefix(UNDATED) if is_divided else ""
        attempt = safely(lambda: moving_of(context).perform_alone(Partition(of.stage, of.kind, month)))
        return dg.MaterializeResult(metadata={"batch": attempt.batch_id, **attempt.counts})

    return moved


def _mapping(of: Partition, upstream: Partition) -> dg.PartitionMapping | None:
    """A month of payments refers to visits of any month."""
    both = partition_key(of), partition_key(upstream)
    return dg.AllPartitionMapping() if None not in both else None


def account_check(system: str) -> dg.AssetChecksDefinition:
    """Loaded + merged + quarantined + to review = read, for every file that is loaded at all."""

    @dg.asset_check(
        asset=migration_key(system, Partition(Stage.ACCOUNT)),
        name="every_row_has_a_verdict",
        blocking=True,
        required_resource_keys={MIGRATION},
    )
    def accounted(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        files = safely(lambda: moving_of(context).read_account())
        lost = {one.file: one.landed for one in files if 0 < one.landed < one.rows}
        return dg.AssetCheckResult(passed=not lost, metadata={"rows": sum(one.rows for one in files), **lost})

    return accounted


def moving_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Run:
    """The engine that moves the history; no step decides anything itself."""
    return cast("Run", context.resources.migration)
