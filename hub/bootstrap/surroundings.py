"""What every connection needs to know beside its own file."""

import os
from zoneinfo import ZoneInfo

from hub.bootstrap.practice_folder import PracticeFolder
from hub.connectors.kit.http_log import HttpLog
from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.registry import Surroundings, WitnessOf, unwatched
from hub.settings import Settings


def surroundings_of(folder: PracticeFolder, witness_of: WitnessOf = unwatched) -> Surroundings:
    """The practice's folder and zone, this process's environment, and who looks on."""
    return Surroundings(folder.path, ZoneInfo(folder.practice.zone), os.environ, witness_of=witness_of)


def witness_of(settings: Settings, folder: PracticeFolder) -> WitnessOf:
    """The log of HTTP, where one is kept."""
    if settings.http_log is None:
        return unwatched
    log = HttpLog(
        settings.http_log, lambda connection: load_mappings(settings.mappings, connection.mappings, folder.path)
    )
    return log.witness_of
