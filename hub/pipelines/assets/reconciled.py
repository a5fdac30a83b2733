"""What became of changes that waited for another system's word."""

import dagster as dg

from hub.pipelines.assets import numbers
from hub.pipelines.failures import safely
from hub.pipelines.resources import HUB, hub_of


def reconciled_asset() -> dg.AssetsDefinition:
    """The undecided changes of all systems: each is asked for by the systems that have a say in it."""

    @dg.asset(
        key=["hub", "undecided"],
        group_name="reconcile",
        required_resource_keys={HUB},
        description="Bookings whose outcome was not known, settled by what the vendors hold of them.",
    )
    def reconciled(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=safely(lambda: numbers(hub_of(context).desk.reconcile())))

    return reconciled
