"""The one place that wires implementations: settings, practice folder, database, connectors, operations."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
_MODULES = {"Hub": "hub", "open_hub": "hub", "migrate_database": "databases", "open_database": "databases"}


def __getattr__(name: str) -> Any:
    """Loaded when asked for: a worker of a migration needs neither a practice nor the connectors of all vendors."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'practice_folder')}"), name)
