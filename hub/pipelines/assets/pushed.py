"""What the hub tells other systems: the deliveries in its outbox."""

from collections.abc import Sequence

import dagster as dg

from hub.pipelines.assets import numbers, since_last_run
from hub.pipelines.failures import safely
from hub.pipelines.resources import HUB, hub_of

LAST = {"dagster/priority": "-1"}
"""What comes of any pull is told in the same run; a system whose pull fails keeps nobody else from being told."""


def pushed_asset(system: str, after: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The deliveries to one system, and how many were sent since the last run, by whoever serves among others.

    A run that makes `after` too tells nobody before that is made and proved.
    """

    @dg.asset(
        key=[system, "deliveries"],
        deps=after,
        group_name="push",
        pool=system,
        op_tags=LAST,
        required_resource_keys={HUB},
        description=f"What {system} was told of the hub's bookings, by whoever serves and by this run.",
    )
    def pushed(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        hub = hub_of(context)
        done = safely(lambda: hub.push(system))
        in_all = safely(lambda: hub.exchange.count_sent(system))
        return dg.MaterializeResult(metadata={**numbers(done), **since_last_run(context, in_all)})

    return pushed
