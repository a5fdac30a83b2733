"""An export as a connection names it, ready to be imported."""

from pathlib import Path
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.connectors.export_files.legacy import legacy_layout
from hub.connectors.export_files.source import FilesSource
from hub.connectors.kit.mapping_files import load_mappings
from hub.operations.export_links import Ids
from hub.operations.migration.history import Decisions, History

MAPPINGS = Path(__file__).parents[2] / "mappings"
ZONE = ZoneInfo("America/Chicago")
NO_ALIASES: Ids = {}


def history_of(folder: Path, aliases: Ids = NO_ALIASES) -> History:
    """The export in a folder, read with the shipped tables."""
    tables = {Kind(kind): table for kind, table in load_mappings(MAPPINGS, "legacy-export").items()}
    source = FilesSource(folder, "legacy", ZONE, legacy_layout())
    return History("legacy", folder.name, ZONE, source, tables, decisions=Decisions(aliases=aliases))
