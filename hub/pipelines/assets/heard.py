"""What other systems rang for."""

import dagster as dg

from hub.pipelines.assets import numbers, since_last_run
from hub.pipelines.failures import safely
from hub.pipelines.resources import HUB, hub_of


def heard_asset(system: str) -> dg.AssetsDefinition:
    """The events of one system: those that wait are looked after, and counted with those that whoever serves took."""

    @dg.asset(
        key=[system, "events"],
        group_name="pull",
        pool=system,
        required_resource_keys={HUB},
        description=f"What {system} rang for, looked after by whoever serves and by this run.",
    )
    def heard(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        hub = hub_of(context)
        done = safely(lambda: hub.exchange.work_inbox(system))
        taken = {f"taken_{name}": number for name, number in numbers(done.taken).items()}
        in_all = safely(lambda: hub.exchange.count_heard(system))
        return dg.MaterializeResult(metadata={**numbers(done), **taken, **since_last_run(context, in_all)})

    return heard
