"""What a migration would read, and what becomes of every field of its files: the mapping register."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from hub.bootstrap.migration_folder import MigrationFolder
from hub.bootstrap.practice_folder import read_practice_folder
from hub.canonical.ids import Kind
from hub.mapping.apply import TwoWay
from hub.operations.migration.history import History
from hub.settings import Settings

TABLES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".ndjson", ".jsonl"})
Fate = Literal["mapped", "key", "dropped", "kept", "undisposed"]


@dataclass(frozen=True, slots=True)
class FieldFate:
    """What becomes of one column."""

    column: str
    fate: Fate
    said: str = ""
    """The canonical fields it becomes, or why it is dropped."""


@dataclass(frozen=True, slots=True)
class KindPlan:
    """The files of one kind."""

    kind: Kind
    files: Mapping[str, str]
    """Name → SHA-256."""
    fingerprint: str | None
    """Of its mapping table; None: nothing says how to read it, and it only lands."""
    is_approved: bool
    months: Mapping[str, int]
    """Batch → rows; the empty one holds rows that name no day, and all of a kind that is not divided."""
    fields: tuple[FieldFate, ...]

    @property
    def undisposed(self) -> tuple[str, ...]:
        """Columns of which nobody said what becomes of them."""
        return tuple(one.column for one in self.fields if one.fate == "undisposed")


def plan_migration(folder: MigrationFolder, history: History) -> tuple[KindPlan, ...]:
    """Read every file once and write nothing.

    Raises:
        InvalidInput: a file is not there, or is no table.
    """
    return tuple(_plan(kind, folder, history) for kind in history.source.kinds)


def _plan(kind: Kind, folder: MigrationFolder, history: History) -> KindPlan:
    mapping = history.mappings.get(kind)
    months = Counter(row.month for row in history.source.read(kind))
    return KindPlan(
        kind,
        history.source.hashes(kind),
        mapping.fingerprint if mapping else None,
        kind in folder.decisions.approved,
        dict(sorted(months.items())),
        find_field_fates(kind, history.source.columns(kind), folder, mapping),
    )


def find_calendars(settings: Settings, system: str) -> tuple[str, ...]:
    """The locations whose calendar the practice file, if one is named, gives to the system.

    Raises:
        InvalidInput: the practice folder does not hold together.
    """
    if not (settings.is_practice_named and (settings.practice / "practice.yaml").exists()):
        return ()
    practice = read_practice_folder(settings).practice
    return tuple(one.id for one in practice.locations if practice.vendor_of(one.id) == system)


def find_tables(folder: MigrationFolder, source: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tables in a folder of files by name: those that records name, and those of which nobody said anything."""
    patterns = [one.files.lower() for one in folder.file.source.records.values()]
    names = sorted(path.name for path in source.iterdir() if path.suffix.lower() in TABLES)
    read = tuple(name for name in names if any(fnmatchcase(name.lower(), pattern) for pattern in patterns))
    return read, tuple(name for name in names if name not in read)


def find_undisposed(folder: MigrationFolder, history: History) -> dict[str, tuple[str, ...]]:
    """Kind → the columns of its files of which nobody said what becomes of them; reads the heads of the files."""
    found = {
        str(kind): tuple(
            one.column
            for one in find_field_fates(kind, history.source.columns(kind), folder, history.mappings.get(kind))
            if one.fate == "undisposed"
        )
        for kind in history.source.kinds
    }
    return {kind: columns for kind, columns in found.items() if columns}


def find_field_fates(
    kind: Kind, columns: tuple[str, ...], folder: MigrationFolder, mapping: TwoWay | None
) -> tuple[FieldFate, ...]:
    """Of each column: the mapping table before what the layout says of it."""
    layout = folder.file.source.records[kind]
    mapped = mapped_columns(mapping) if mapping else {}
    stamps = {layout.modified: "which version counts", layout.month: "which batch it is in"}

    def fate(column: str) -> FieldFate:
        if column in mapped:
            return FieldFate(column, "mapped", ", ".join(mapped[column]))
        if column in layout.key:
            return FieldFate(column, "key")
        if column in stamps:
            return FieldFate(column, "mapped", stamps[column])
        if column in layout.dropped:
            return FieldFate(column, "dropped", layout.dropped[column])
        if column in layout.kept or mapping is None:
            return FieldFate(column, "kept", "as it landed")
        return FieldFate(column, "undisposed")

    return tuple(map(fate, columns))


def mapped_columns(mapping: TwoWay) -> dict[str, list[str]]:
    """Column → the canonical fields that are read from it."""
    found: dict[str, list[str]] = {}
    for plan in mapping.table.fields:
        paths = [plan.spec.path] if plan.spec.path else list(plan.spec.paths.values())
        for column in (part.strip() for path in paths for part in path.split(" | ")):
            found.setdefault(column, []).extend(plan.names)
    return found
