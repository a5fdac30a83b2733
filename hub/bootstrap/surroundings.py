"""What every connection needs to know beside its own file."""

import os
from zoneinfo import ZoneInfo

import stamina.instrumentation

from hub.bootstrap.practice_folder import PracticeFolder
from hub.connectors.kit.http_log import HttpLog
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.registry import Surroundings, WitnessOf, unwatched
from hub.settings import Settings


def surroundings_of(
    folder: PracticeFolder, witness_of: WitnessOf = unwatched, *, is_look: bool = False
) -> Surroundings:
    """The practice's folder and zone, this process's environment, who looks on, and whether it is only a look."""
    stamina.instrumentation.set_on_retry_hooks(())  # a retry that works is no news; one that does not is said once
    zone = ZoneInfo(folder.practice.zone)
    return Surroundings(folder.path, zone, os.environ, witness_of=witness_of, is_look=is_look)


def witness_of(settings: Settings, folder: PracticeFolder) -> WitnessOf:
    """The log of HTTP, where one is kept."""
    if settings.http_log is None:
        return unwatched
    log = HttpLog(
        settings.http_log, lambda connection: load_mappings(settings.mappings, connection.mappings, folder.path)
    )
    return log.witness_of
