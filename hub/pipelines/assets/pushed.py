"""What the hub tells other systems: the deliveries in its outbox."""

from collections.abc import Sequence

import dagster as dg

from hub.pipelines.assets import numbers
from hub.pipelines.failures import safely
from hub.pipelines.resources import HUB, hub_of


def pushed_asset(system: str, after: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The deliveries to one system; a run that makes `after` too tells nobody before that is made and proved."""

    @dg.asset(
        key=[system, "deliveries"],
        deps=after,
        group_name="push",
        pool=system,
        required_resource_keys={HUB},
        description=f"What {system} still had to be told of the hub's bookings.",
    )
    def pushed(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=safely(lambda: numbers(hub_of(context).push(system))))

    return pushed
