"""What the steps work with: the wired hub, open while a run goes on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import cast

import dagster as dg

from hub.bootstrap import Hub
from hub.pipelines.failures import safely

OpenHub = Callable[[], AbstractContextManager[Hub]]
"""How a run gets at its hub."""

HUB = "hub"


def hub_resource(open_hub: OpenHub) -> dg.ResourceDefinition:
    """The hub, opened once for each run's process and closed with it."""

    def opened(_context: dg.InitResourceContext) -> Iterator[Hub]:
        with ExitStack() as stack:
            yield safely(lambda: stack.enter_context(open_hub()))

    return dg.ResourceDefinition(opened, description="The hub: its database and its connections.")


def hub_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Hub:
    """The hub that a step works with."""
    return cast("Hub", context.resources.hub)
