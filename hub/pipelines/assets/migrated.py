"""A history that is moved: what landed of each kind, what was loaded of it by month, replay, claims, account, proof."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import cast

import dagster as dg

from hub.canonical.ids import Kind
from hub.operations.migration.run_history import REPLAYED, UNDIVIDED, Run
from hub.pipelines.failures import safely
from hub.ports.migrations import Partition, Stage
from hub.ports.verifications import CheckState, Verification

MIGRATION = "migration"
"""The group of these assets, and the first part of their keys."""
UNDATED = "undated"
"""Dagster's key for the month of rows that name no day."""
OpenRun = Callable[[], AbstractContextManager[Run]]
"""How a step gets at the engine that moves a history."""


def migration_key(system: str, partition: Partition) -> dg.AssetKey:
    """`migration/legacy/landed_visits`, `migration/legacy/visits` (by month), `migration/legacy/replay`."""
    return dg.AssetKey([MIGRATION, system, partition.asset])


def months_of(system: str, kind: Kind) -> dg.DynamicPartitionsDefinition:
    """The months of a kind: they are known when its rows have landed."""
    return dg.DynamicPartitionsDefinition(name=f"{system} {kind}s by month")


def partition_key(partition: Partition) -> str | None:
    """Dagster's key of a partition; None: its asset is not divided."""
    is_divided = partition.stage is Stage.LOAD and partition.kind not in UNDIVIDED
    return (partition.month or UNDATED) if is_divided else None


def run_key(system: str) -> str:
    """The resource by which the steps of a system's history get at its `Run`."""
    return f"{MIGRATION}_{system.replace('-', '_')}"


def run_resource(opening: OpenRun) -> dg.ResourceDefinition:
    """The engine of a history, opened once for each run's process and closed with it."""

    def opened(_context: dg.InitResourceContext) -> Iterator[Run]:
        with ExitStack() as stack:
            yield safely(lambda: stack.enter_context(opening()))

    return dg.ResourceDefinition(opened, description="A migration folder on the hub's database.")


def migrated_assets(system: str, landed: Sequence[Kind], loaded: Sequence[Kind]) -> Iterator[dg.AssetsDefinition]:
    """One asset for each stage and kind, each after what it refers to."""
    for kind in landed:
        yield _asset(system, Partition(Stage.LAND, kind), [])
    for place, kind in enumerate(loaded):
        before = [Partition(Stage.LOAD, one) for one in loaded[:place]]
        yield _asset(system, Partition(Stage.LOAD, kind), [Partition(Stage.LAND, kind), *before])
    every = [Partition(Stage.LOAD, kind) for kind in loaded]
    yield _asset(system, Partition(Stage.REPLAY), [one for one in every if one.kind in REPLAYED])
    yield _asset(system, Partition(Stage.CLAIM), every)
    yield _asset(system, Partition(Stage.ACCOUNT), [Partition(Stage.REPLAY), Partition(Stage.CLAIM)])


def _asset(system: str, of: Partition, after: Sequence[Partition]) -> dg.AssetsDefinition:
    is_divided = partition_key(of) is not None

    @dg.asset(
        key=migration_key(system, of),
        deps=[dg.AssetDep(migration_key(system, one), partition_mapping=_mapping(of, one)) for one in after],
        partitions_def=months_of(system, of.kind) if is_divided and of.kind else None,
        group_name=MIGRATION,
        required_resource_keys={run_key(system)},
        description="One transaction and one row of import_batch each; done before, it is not done again.",
    )
    def moved(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        month = context.partition_key.removeprefix(UNDATED) if is_divided else ""
        run = run_of(context, system)
        attempt = safely(lambda: run.perform_alone(Partition(of.stage, of.kind, month)))
        if of.stage is Stage.LAND and of.kind in set(run.kinds()) - set(UNDIVIDED):
            _name_months(context.instance, run, of.kind)
        return dg.MaterializeResult(metadata={"batch": attempt.batch_id, **attempt.counts})

    return moved


def _name_months(instance: dg.DagsterInstance, run: Run, kind: Kind) -> None:
    """Let Dagster know the months of which rows landed, and no others."""
    name = months_of(run.history.system, kind).name or ""
    months = safely(lambda: [partition_key(one.partition) or "" for one in run.plan_loading(kind)])
    for gone in set(instance.get_dynamic_partitions(name)) - set(months):
        instance.delete_dynamic_partition(name, gone)
    instance.add_dynamic_partitions(name, months)


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
        required_resource_keys={run_key(system)},
    )
    def accounted(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        files = safely(lambda: run_of(context, system).read_account())
        lost = {one.file: one.lost for one in files if one.lost}
        return dg.AssetCheckResult(passed=not lost, metadata={"rows": sum(one.rows for one in files), **lost})

    return accounted


def proof_key(system: str) -> dg.AssetKey:
    """`migration/legacy/proof`."""
    return dg.AssetKey([MIGRATION, system, "proof"])


def proven_asset(system: str, says: Mapping[str, str], prove: Callable[[], Verification]) -> dg.AssetsDefinition:
    """The proof of a moved history: one attempt that is kept, and each of its checks.

    Args:
        system: whose history.
        says: name of each check → what must hold.
        prove: judges all of them on the hub's database.
    """

    @dg.asset(
        key=proof_key(system),
        deps=[migration_key(system, Partition(Stage.ACCOUNT))],
        group_name=MIGRATION,
        check_specs=[dg.AssetCheckSpec(name, asset=proof_key(system), description=text) for name, text in says.items()],
        description="What `hub migrate verify` asks; a check that fails keeps signature and cut-over waiting.",
    )
    def proven() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        proof = safely(prove)
        agreeing = sum(total.agrees for total in proof.totals)
        yield dg.MaterializeResult(metadata={"totals": len(proof.totals), "totals that agree": agreeing})
        for check in proof.checks:
            yield dg.AssetCheckResult(
                passed=check.state in (CheckState.OK, CheckState.ACCEPTED),
                check_name=check.name,
                description=check.state.value,
                metadata={"findings": check.findings},
            )

    return proven


def run_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, system: str) -> Run:
    """The engine that moves the history; no step decides anything itself."""
    return cast("Run", getattr(context.resources, run_key(system)))
