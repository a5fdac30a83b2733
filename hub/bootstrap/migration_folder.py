"""A migration as a folder: `migration.yaml`, `decisions.yaml`, and tables of its own before the shipped ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub.canonical.identity import IdentityRules
from hub.canonical.ids import Kind
from hub.connectors.export_files.layout import Layout
from hub.connectors.export_files.source import FilesSource
from hub.connectors.kit.mapping_files import load_mappings
from hub.documents import parse
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.mapping.apply import TwoWay
from hub.matching import SplinkLikeness
from hub.operations.migration.history import Decisions, History
from hub.ports.people import Matcher
from hub.settings import Settings
from hub.sync.people.decide import Thresholds

FILE = "migration.yaml"
DECISIONS = "decisions.yaml"


class MigrationFile(BaseModel):
    """`migration.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    system: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    """What the hub calls the old system."""
    zone: str
    """IANA, of wall times that carry no offset."""
    mappings: str
    """The folder of its tables: below `mappings/` here, or of the shipped ones."""
    cutover_on: date | None = None
    """The day on which the practice works in the hub; all attempts take it for today."""
    way_back_days: int = Field(default=14, ge=0, le=365)
    """How long after the switch `hub migrate back` may lead back to the old system."""
    source: Layout
    identity: IdentityRules = IdentityRules()
    """What a score of two patients decides."""

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError):
            raise ValueError(f"there is no time zone {zone!r}; write it as America/Chicago") from None
        return zone


class Accepted(BaseModel):
    """A finding of the verification that the practice lives with."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    check: str
    """The check's name."""
    because: str
    by: str


class DecisionsFile(BaseModel):
    """`decisions.yaml`: what people decided."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    aliases: dict[Kind, dict[str, str]] = {}
    """By kind: the system's id or name → the hub's id, or of a provider, service or patient the id of another row."""
    merge: tuple[tuple[str, str], ...] = ()
    """Ids of clients who are one person; the first survives."""
    never_merge: tuple[tuple[str, str], ...] = ()
    """Ids of clients who are two, however alike."""
    corrections: dict[Kind, dict[str, dict[str, str]]] = {}
    """By kind and row id: column → what should stand there."""
    approved: dict[Kind, str] = {}
    """By kind: the fingerprint of the mapping table that was approved; another one is refused."""
    accepted: tuple[Accepted, ...] = ()

    @field_validator("aliases", "merge", "never_merge", "corrections", "approved", "accepted", mode="before")
    @classmethod
    def _nothing_said(cls, value: Any, info: Any) -> Any:
        return cls.model_fields[info.field_name].default if value is None else value


@dataclass(frozen=True)
class MigrationFolder:
    """A migration, read and checked as a whole."""

    path: Path
    file: MigrationFile
    decisions: DecisionsFile
    mappings: Mapping[Kind, TwoWay]

    def history(self, source: Path) -> History:
        """The history in a folder of files."""
        zone = ZoneInfo(self.file.zone)
        decided = Decisions(
            self.decisions.aliases,
            self.decisions.merge,
            self.decisions.never_merge,
            self.decisions.corrections,
            self._place,
        )
        identity = self.file.identity
        thresholds = Thresholds(merge=identity.merge_from, review=identity.review_from)
        return History(
            system=self.file.system,
            folder=str(source),
            zone=zone,
            source=FilesSource(source, self.file.system, zone, self.file.source),
            mappings=self.mappings,
            today=self.file.cutover_on,
            decisions=decided,
            matcher=Matcher(thresholds, SplinkLikeness(), identity.score_from_people),
        )

    def _place(self, keys: tuple[str | int, ...]) -> Problem:
        file = self.path / DECISIONS
        return parse(_read(file), str(file)).problem(keys, "")


def read_migration_folder(path: Path, settings: Settings) -> MigrationFolder:
    """Read and check every file of a migration folder.

    Raises:
        InvalidInput: with a problem for each place that is wrong.
        NeedsAttention: the folder or its migration.yaml is not there.
    """
    text = _read(path / FILE)
    file = parse(text, str(path / FILE)).read_as(MigrationFile)
    decisions = _decisions(path / DECISIONS)
    tables = {Kind(name): table for name, table in load_mappings(settings.mappings, file.mappings, path).items()}
    changed = [
        _changed(path / DECISIONS, kind, tables)
        for kind, mark in decisions.approved.items()
        if kind not in tables or tables[kind].fingerprint != mark
    ]
    if changed:
        raise InvalidInput(*changed)
    return MigrationFolder(path, file, decisions, tables)


def read_named_migrations(settings: Settings) -> tuple[tuple[MigrationFolder, Path], ...]:
    """The migrations that HUB_MIGRATIONS names: each folder, read and checked, with its export.

    Raises:
        InvalidInput: a folder does not hold together, or two of them move the same system's history.
        NeedsAttention: a folder is not there.
    """
    named = tuple((read_migration_folder(path, settings), export) for path, export in settings.migrations.items())
    of_system: dict[str, Path] = {}
    for folder, _ in named:
        system, other = folder.file.system, of_system.setdefault(folder.file.system, folder.path)
        if other != folder.path:
            message = f"{other} and {folder.path} both move the history of {system!r}"
            hint = "Name the one that counts; a history of another system has another 'system' in its migration.yaml"
            raise InvalidInput(Problem(message, "system_twice", field="HUB_MIGRATIONS", hint=hint))
    return named


def _decisions(file: Path) -> DecisionsFile:
    if not file.exists():
        return DecisionsFile()
    text = _read(file)
    says_nothing = all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())
    return DecisionsFile() if says_nothing else parse(text, str(file)).read_as(DecisionsFile)


def _changed(file: Path, kind: Kind, tables: Mapping[Kind, TwoWay]) -> Problem:
    now = tables[kind].fingerprint if kind in tables else "none"
    hint = f"Look at what changed; then approve the one that stands now: {now}"
    document = parse(_read(file), str(file))
    return document.problem(("approved", str(kind)), "the mapping is not the one that was approved", hint)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        hint = "`hub migrate init DIR` writes a migration folder"
        raise NeedsAttention(Problem("this file is not there", file=str(file), hint=hint)) from None
    except UnicodeDecodeError:
        raise InvalidInput(Problem("not UTF-8", file=str(file), hint="Save it as UTF-8")) from None
