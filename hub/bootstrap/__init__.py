"""The one place that wires implementations: settings, practice folder, database, connectors, operations."""

from hub.bootstrap.databases import migrate_database, open_database
from hub.bootstrap.hub import Hub, open_hub
from hub.bootstrap.practice_folder import PracticeFolder, check_practice_folder, find_notes, read_practice_folder

__all__ = [
    "Hub",
    "PracticeFolder",
    "check_practice_folder",
    "find_notes",
    "migrate_database",
    "open_database",
    "open_hub",
    "read_practice_folder",
]
