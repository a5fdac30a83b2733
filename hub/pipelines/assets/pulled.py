"""Records pulled from a connected system: one asset for each kind, in the order of their references."""

from collections.abc import Iterable

import dagster as dg

from hub.canonical.ids import Kind
from hub.canonical.records import IN_ORDER
from hub.pipelines.assets import key_of, numbers
from hub.pipelines.failures import safely
from hub.pipelines.resources import HUB, hub_of


def pulled_assets(system: str, kinds: Iterable[Kind]) -> list[dg.AssetsDefinition]:
    """The assets of one system."""
    ordered = sorted(kinds, key=IN_ORDER.index)
    return [_pulled(system, kind, ordered[:place]) for place, kind in enumerate(ordered)]


def _pulled(system: str, kind: Kind, before: list[Kind]) -> dg.AssetsDefinition:
    @dg.asset(
        key=key_of(system, kind),
        deps=[key_of(system, other) for other in before],
        group_name="pull",
        pool=system,
        required_resource_keys={HUB},
        description=f"What changed in {system} since the last pull, landed and made canonical.",
    )
    def pulled(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=safely(lambda: numbers(hub_of(context).pull(system, kind))))

    return pulled
