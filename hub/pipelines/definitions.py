"""What Dagster is told: the assets, checks and jobs of the practice's connections."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import dagster as dg
import typer

from hub.bootstrap import PracticeFolder, open_hub, read_practice_folder
from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.pipelines.assets import key_of
from hub.pipelines.assets.heard import heard_asset
from hub.pipelines.assets.imported import imported_assets
from hub.pipelines.assets.migrated import MIGRATION
from hub.pipelines.assets.pulled import pulled_assets
from hub.pipelines.assets.pushed import pushed_asset
from hub.pipelines.assets.reconciled import reconciled_asset
from hub.pipelines.checks import history_checks
from hub.pipelines.expectations import telling
from hub.pipelines.instance import open_instance
from hub.pipelines.migrating import define_migrations
from hub.pipelines.progress import Tell, progress_logger
from hub.pipelines.resources import HUB, OpenHub, hub_resource
from hub.pipelines.runs import Ran, run
from hub.settings import PROJECT, Settings, read_settings

FILES = "legacy_export"
"""The connector whose systems leave files; all others are pulled."""
JOB = "round"
_DAILY = dg.AssetSelection.all() - dg.AssetSelection.groups(MIGRATION)


def define(
    connections: Sequence[Connection],
    zone: str,
    opening: OpenHub,
    tell: Tell,
    *,
    asks_vendors: bool = False,
    mappings: Path = PROJECT / "mappings",
) -> dg.Definitions:
    """The definitions for these connections: import and proof first, then pull, then push.

    Where vendors own calendars, what they left undecided is settled, too.

    A push waits for the histories' checks, so that no booking made beside a wrong history leaves the hub, and for what
    its own system has to say.
    """
    imports = [each for each in connections if each.connector == FILES]
    pulls = [each for each in connections if each.connector != FILES]
    histories = [key_of(each.system, Kind.VISIT) for each in imports]
    return dg.Definitions(
        assets=[
            *(imported_assets(each.system) for each in imports),
            *(asset for each in pulls for asset in pulled_assets(each.system, each.pull)),
            *(heard_asset(each.system) for each in pulls if each.webhooks is not None),
            *(pushed_asset(each.system, [*histories, *_said_by(each)]) for each in pulls if each.push),
            *([reconciled_asset()] if asks_vendors else []),
        ],
        asset_checks=[
            history_checks(telling(each.system, each.zone or zone, (mappings / each.mappings, None)))
            for each in imports
        ],
        jobs=[dg.define_asset_job(JOB, _DAILY, description="Pull, import, prove, push.")],
        resources={HUB: hub_resource(opening)},
        loggers={"progress": progress_logger(tell)},
        executor=dg.in_process_executor,
    )


def _said_by(connection: Connection) -> list[dg.AssetKey]:
    """What a run learns of a system."""
    heard = [dg.AssetKey([connection.system, "events"])] if connection.webhooks is not None else []
    return [*(key_of(connection.system, kind) for kind in connection.pull), *heard]


def define_practice(settings: Settings, folder: PracticeFolder) -> dg.Definitions:
    """The definitions of a practice."""
    connections = tuple(folder.connections.values())
    opening, practice = partial(open_hub, settings, folder), folder.practice
    asks_vendors = any(practice.vendor_of(location.id) for location in practice.locations)
    return define(
        connections, practice.zone, opening, tell=typer.echo, asks_vendors=asks_vendors, mappings=settings.mappings
    )


def run_practice(settings: Settings, folder: PracticeFolder, select: str) -> Ran:
    """Run the selected assets of a practice in this process, on its own instance; see `hub.pipelines.runs.run`."""
    with open_instance(settings.dagster_home) as instance:
        return run(define_practice(settings, folder), JOB, instance, select)


@dg.definitions
def definitions() -> dg.Definitions:
    """Of the practice and the migrations that the environment names; read when Dagster asks, not at import."""
    settings = read_settings()
    practice = define_practice(settings, read_practice_folder(settings))
    return dg.Definitions.merge(practice, *define_migrations(settings))
