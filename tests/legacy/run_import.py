"""`python -m tests.legacy.run_import DATABASE_URL FOLDER`: one import in a process that a test may kill."""

import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.connectors.kit.mapping_files import load_mappings
from hub.connectors.legacy_export.source import LegacyExportSource
from hub.operations.export_links import Ids
from hub.operations.import_export import ImportRequest
from hub.operations.import_export import import_export as take_in
from hub.store.checkpoint import kill_at_named_point
from hub.store.engine import application_engine, read_url
from hub.store.unit_of_work import SqlStore

MAPPINGS = Path(__file__).parents[2] / "mappings"
ZONE = ZoneInfo("America/Chicago")
NO_ALIASES: Ids = {}


def request_of(folder: Path, aliases: Ids = NO_ALIASES) -> ImportRequest:
    """The export in a folder, read with the shipped tables."""
    files = LegacyExportSource(folder, "legacy", ZONE).read_files()
    return ImportRequest("legacy", folder.name, files, load_mappings(MAPPINGS, "legacy-export"), ZONE, aliases)


def main() -> None:
    """The command line."""
    engine = application_engine(read_url(sys.argv[1]))
    take_in(request_of(Path(sys.argv[2])), SqlStore(engine, kill_at_named_point))
    engine.dispose()


if __name__ == "__main__":
    main()
