"""An export as its connector read it: whole files, every row where it stands."""

from dataclasses import dataclass

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file. A row is known by its line; several rows may have one id (repeats, older versions)."""

    name: str
    kind: Kind
    sha256: str
    """Of the bytes as they were read."""
    records: tuple[SourceRecord, ...]
    """In the file's order."""
