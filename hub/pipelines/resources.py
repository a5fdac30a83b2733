"""What the steps work with: the wired hub, open while a run goes on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol, cast

import dagster as dg
from sqlalchemy import URL

from hub.bootstrap import PracticeFolder, open_database
from hub.canonical.ids import Kind
from hub.pipelines.failures import safely
from hub.settings import Settings

Counts = Mapping[str, int]
OpenHub = Callable[[], AbstractContextManager["Hub"]]
"""How a run gets at its hub."""

HUB = "hub"


class Hub(Protocol):
    """The operations as steps call them. Everything that comes back is numbers, under words that name them."""

    @property
    def database_url(self) -> URL:
        """Where validation reads."""
        ...

    def pull(self, system: str, kind: Kind) -> Counts:
        """What changed in a system since the last pull."""
        ...

    def import_export(self, system: str) -> Mapping[Kind, Counts]:
        """The exported files of a system, all kinds in one go."""
        ...

    def push(self, system: str) -> Counts:
        """What a system still has to be told."""
        ...


def hub_resource(open_hub: OpenHub) -> dg.ResourceDefinition:
    """The hub, opened once for each run's process and closed with it."""

    def opened(_context: dg.InitResourceContext) -> Iterator[Hub]:
        with ExitStack() as stack:
            yield safely(lambda: stack.enter_context(open_hub()))

    return dg.ResourceDefinition(opened, description="The hub: its database and its connections.")


def hub_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Hub:
    """The hub that a step works with."""
    return cast("Hub", context.resources.hub)


@contextmanager
def open_hub_of(settings: Settings, folder: PracticeFolder) -> Iterator[Hub]:
    """The hub of a practice on its database."""
    with open_database(settings) as url:
        yield _Wired(settings, folder, url)


@dataclass(frozen=True)
class _Wired:
    settings: Settings
    folder: PracticeFolder
    database_url: URL

    def pull(self, system: str, kind: Kind) -> Counts:
        raise NotImplementedError

    def import_export(self, system: str) -> Mapping[Kind, Counts]:
        raise NotImplementedError

    def push(self, system: str) -> Counts:
        raise NotImplementedError
