"""What an export means, decided before anything is written: records, links, and what becomes of every row."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind, LocationId, ResourceId, derive
from hub.canonical.lots import Lot
from hub.canonical.records import Canonical, Location, Patient, Resource, Service, Visit
from hub.canonical.source import SourceRecord, SourceRef
from hub.errors import Problem
from hub.mapping.apply import Decoded, TwoWay, decode
from hub.mapping.context import Context
from hub.operations.export_links import ExportLinks, Ids
from hub.ports import Disposition, Verdict
from hub.sync.alike_skus import AlikeServices, find_alike
from hub.sync.conflicts import Overlap, find_overlaps
from hub.sync.export import ExportFile
from hub.sync.names import plain
from hub.sync.people.combine import combine
from hub.sync.skus import decide_skus
from hub.sync.versions import Versions, Why, decide_versions

REQUIRED = (Kind.PATIENT, Kind.SERVICE, Kind.PROVIDER, Kind.VISIT)
DECODED = (*REQUIRED, Kind.PAYMENT, Kind.PACKAGE, Kind.LOT)
"""The kinds that become canonical records, in the order in which they refer to each other. Files of money and stock for
which there is no table are landed and counted so."""

PLACES = (Kind.LOCATION, Kind.RESOURCE)
NONE: frozenset[str] = frozenset()

SAME_PERSON = "same_person"
"""Why a row of a client is merged: another row is the same person."""

Progress = Callable[[str, int], None]
"""Called with what is being done and how many rows it concerns."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an export comes from and how its rows are read."""

    system: str
    zone: ZoneInfo
    today: date
    mappings: Mapping[str, TwoWay]
    """By kind: `patient`, `provider`, `service`, `visit`; `payment`, `package`, `lot` where they are read, too."""
    aliases: Ids = field(default_factory=dict)
    """Records the practice file names: by kind, the system's id (of rooms and locations the name) → the hub's id."""
    known: Ids = field(default_factory=dict)
    """What is linked already: by kind, source id → canonical id."""
    applied: Mapping[SourceRef, datetime] = field(default_factory=dict)
    """When the version was written that an earlier export brought; an older one does not undo it."""


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What becomes of one row."""

    row: SourceRecord
    verdict: Verdict
    reason: str | None = None
    """Of a quarantined row its reason code, of a merged one `repeated`, `superseded` or `same_person`."""
    canonical_id: str | None = None

    def disposition(self, source_record_id: int | None) -> Disposition:
        """As the store keeps it."""
        row = self.row
        at = row.file or "", row.line or 0
        return Disposition(*at, self.verdict, self.reason, row.ref.id, source_record_id, self.canonical_id)


@dataclass(frozen=True, slots=True)
class PlannedLink:
    """A source id is this canonical record."""

    ref: SourceRef
    canonical_id: str
    row: SourceRecord | None
    """What it was read from; None: other rows name it."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """Everything an import will write."""

    records: tuple[Canonical, ...]
    owned: Mapping[Kind, frozenset[str]]
    """Canonical ids of records that the practice file names, and of rooms and locations that an earlier export named:
    what the hub says about them stays."""
    links: tuple[PlannedLink, ...]
    outcomes: tuple[RowOutcome, ...]
    """One for each row of the decoded files, file by file, in the order of their lines."""
    overlaps: tuple[Overlap, ...]
    """Of the visits that are loaded."""
    warnings: tuple[Problem, ...]
    """What was left empty, or taken with a grain of salt; by file and line."""
    alike: tuple[AlikeServices, ...] = ()
    """Services that may be one SKU, for a person."""


def decide_import(files: Sequence[ExportFile], setting: Setting, progress: Progress) -> ImportPlan:
    """Decide what becomes of every row: the same files and setting give the same plan.

    A row ends loaded, merged into the one that counts, or quarantined with one reason code: that of its first problem
    in the order of the mapping's fields.
    """
    draft = _Draft(setting)
    by_kind = {file.kind: file for file in files}
    for kind in DECODED:
        if kind in by_kind and kind in setting.mappings:
            progress(f"read {by_kind[kind].name}", len(by_kind[kind].records))
            draft.take(by_kind[kind])
    return draft.plan()


@dataclass(slots=True)
class _Draft:
    """The plan as it grows, file by file."""

    setting: Setting
    links: ExportLinks = field(init=False)
    context: Context = field(init=False)
    records: dict[str, Canonical] = field(default_factory=dict)
    linked: list[PlannedLink] = field(default_factory=list)
    outcomes: list[RowOutcome] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        setting = self.setting
        self.links = ExportLinks(setting.system, setting.aliases, setting.known)
        self.context = Context(setting.zone, setting.today, self.links)

    def take(self, file: ExportFile) -> None:
        versions = decide_versions(file.records)
        read = [(version, self._decoded(version.kept)) for version in versions if not self._is_stale(version.kept)]
        settled = self._settled(file.kind, [(v.kept, d.record) for v, d in read if d.record is not None])
        doubles = {kept.ref for kept, record, _ in settled if self._keep(record)}
        for kept, _, canonical_id in settled:
            self.linked.append(PlannedLink(kept.ref, canonical_id, kept))
            self.links.learn(kept.ref.kind, kept.ref.id, canonical_id)
        ids = {kept.ref: canonical_id for kept, _, canonical_id in settled}
        outcomes = [row for version, decoded in read for row in _outcomes(version, decoded, ids, doubles)]
        outcomes += [row for version in versions if self._is_stale(version.kept) for row in self._stale(version)]
        self.outcomes += sorted(outcomes, key=lambda outcome: outcome.row.line or 0)
        self.warnings += (warning for _, decoded in read for warning in decoded.warnings)

    def _keep(self, record: Canonical) -> bool:
        """Whether a row before it is the same patient; then the two are combined."""
        before = self.records.setdefault(record.id, record)
        if before is record or not (isinstance(before, Patient) and isinstance(record, Patient)):
            return False
        self.records[record.id] = combine(before, record)
        return True

    def plan(self) -> ImportPlan:
        visits = [record for record in self.records.values() if isinstance(record, Visit)]
        lots = [record for record in self.records.values() if isinstance(record, Lot)]
        used = {visit.location_id for visit in visits} | {visit.room_id for visit in visits}
        places = self._places(used | {lot.location_id for lot in lots})
        records = (*places, *self.records.values())
        overlaps, owned = find_overlaps(visits), self._owned()
        alike = tuple(find_alike(self.links.skus.services)) if self.links.skus else ()
        written = tuple(self.linked), tuple(self.outcomes), overlaps, tuple(self.warnings)
        return ImportPlan(records, owned, *written, alike)

    def _owned(self) -> dict[Kind, frozenset[str]]:
        aliased = {kind: frozenset(ids.values()) for kind, ids in self.setting.aliases.items()}
        named_once = {kind: frozenset(self.setting.known.get(kind, {}).values()) for kind in PLACES}
        return {kind: aliased.get(kind, NONE) | named_once.get(kind, NONE) for kind in (*aliased, *named_once)}

    def _is_stale(self, row: SourceRecord) -> bool:
        applied = self.setting.applied.get(row.ref)
        return applied is not None and row.modified_at is not None and row.modified_at < applied

    def _stale(self, version: Versions) -> list[RowOutcome]:
        """Every row of a record of which an earlier export brought a later version."""
        ref = version.kept.ref
        canonical_id = self.setting.known.get(ref.kind, {}).get(ref.id)
        rows = [version.kept, *(merged.record for merged in version.merged)]
        return [RowOutcome(row, Verdict.MERGED, Why.SUPERSEDED, canonical_id) for row in rows]

    def _decoded(self, row: SourceRecord) -> Decoded:
        kind = row.ref.kind
        if "Location" in row.payload:
            self.links.location = plain(str(row.payload.get("Location", "")))
        return decode(self.setting.mappings[kind], row, self.context)

    def _settled(
        self, kind: Kind, read: Sequence[tuple[SourceRecord, Canonical]]
    ) -> list[tuple[SourceRecord, Canonical, str]]:
        """Row, record, and the id its source id is linked to, after what is decided over all rows of a file."""
        if kind is Kind.SERVICE:
            services = [(row.ref.id, record) for row, record in read if isinstance(record, Service)]
            self.links.skus = decide_skus(services, preferred=self.setting.aliases.get(kind, {}).values())
            read = list(zip((row for row, _ in read), self.links.skus.services, strict=True))
        if kind is Kind.PATIENT:  # of rows that were found to be one person before, that person's own comes first
            read = sorted(read, key=lambda one: one[1].id != derive(kind, self.setting.system, one[0].ref.id))
        return [(row, record, record.id) for row, record in read]

    def _places(self, used: set[LocationId | ResourceId | None]) -> list[Canonical]:
        """The rooms and locations that loaded visits name."""
        places: list[Canonical] = []
        for (kind, key), canonical_id in sorted(self.links.named.items()):
            if canonical_id in used:
                self.linked.append(PlannedLink(SourceRef(self.setting.system, kind, key), canonical_id, None))
                places.append(_place(kind, canonical_id, self.links.usual_name(kind, key)))
        return places


def _place(kind: Kind, canonical_id: str, name: str) -> Canonical:
    if kind is Kind.LOCATION:
        return Location(id=LocationId(canonical_id), name=name)
    return Resource(id=ResourceId(canonical_id), kind="room", name=name)


def _outcomes(
    version: Versions, decoded: Decoded, ids: Mapping[SourceRef, str], doubles: Collection[SourceRef]
) -> list[RowOutcome]:
    canonical_id = ids.get(version.kept.ref)
    merged = [RowOutcome(row.record, Verdict.MERGED, row.why, canonical_id) for row in version.merged]
    if version.kept.ref in doubles:
        return [RowOutcome(version.kept, Verdict.MERGED, SAME_PERSON, canonical_id), *merged]
    if decoded.record is not None:
        return [RowOutcome(version.kept, Verdict.LOADED, None, canonical_id), *merged]
    return [RowOutcome(version.kept, Verdict.QUARANTINED, decoded.problems[0].code), *merged]
