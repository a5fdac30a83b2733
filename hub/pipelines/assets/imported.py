"""The history of a system that left files: read in one go, one asset for each kind."""

from collections.abc import Iterator

import dagster as dg

from hub.canonical.ids import Kind
from hub.pipelines.assets import key_of
from hub.pipelines.failures import safely
from hub.pipelines.resources import HUB, hub_of
from hub.ports.migrations import FileAccount

COUNTED = FileAccount._fields[2:-1]
KINDS = (Kind.PROVIDER, Kind.SERVICE, Kind.PATIENT, Kind.VISIT)


def imported_assets(system: str) -> dg.AssetsDefinition:
    """The assets of one system."""

    @dg.multi_asset(
        name=f"import_{system}".replace("-", "_"),
        specs=[_spec(system, kind) for kind in KINDS],
        group_name="import",
        pool=system,
        required_resource_keys={HUB},
        description=f"Every row of the files of {system}: loaded, merged or quarantined with its reason.",
    )
    def imported(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        result = safely(lambda: hub_of(context).import_export(system))
        counts = {file.kind: dict(zip(COUNTED, file[2:-1], strict=True)) for file in result.files}
        for kind in KINDS:
            yield dg.MaterializeResult(asset_key=key_of(system, kind), metadata=counts.get(kind, {}))

    return imported


def _spec(system: str, kind: Kind) -> dg.AssetSpec:
    return dg.AssetSpec(key_of(system, kind), description=f"The {kind}s of {system}, as canonical records.")
