"""Take an export in: land every row unchanged, decide, write what it means, and account for every row.

One transaction: a process that dies leaves nothing behind, and the next run starts afresh and meets its own ids. An
export that was taken in with the same files, mappings and aliases is recognised, and nothing is written.

Payments, packages and inventory are read where the connection has tables for them; else they are landed and counted
as `landed`.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from json import dumps
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind, PatientId
from hub.canonical.records import Canonical, Patient, Visit
from hub.canonical.source import SourceRef
from hub.errors import InvalidInput, Problem
from hub.mapping.apply import TwoWay
from hub.operations.adopt_money import adopt_deposits, keep_promised_sessions, product_names
from hub.operations.decide_import import (
    DECODED,
    REQUIRED,
    SAME_PERSON,
    ImportPlan,
    PlannedLink,
    Progress,
    RowOutcome,
    Setting,
    decide_import,
)
from hub.operations.export_links import Ids
from hub.operations.linked_system import LinkedSystem, require_aliases
from hub.operations.match_people import match_loaded
from hub.operations.merge_people import MATCHING
from hub.operations.place_facts import place_facts
from hub.ports import Issue, Link, Placed, Saved, Store, UnitOfWork, Verdict
from hub.ports.people import Matcher
from hub.sync.blanks import fill_blanks
from hub.sync.conflicts import find_overlaps, visits_in
from hub.sync.export import ExportFile

LINKED = (*DECODED, Kind.LOCATION, Kind.RESOURCE)
"""The kinds of which an export names records."""

ALIKE = "services_alike"
"""The issue of a service whose name is nearly another's: one SKU or two is for a person, by an alias."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """One export of one system."""

    system: str
    folder: str
    """As it should stand in the record of the import."""
    files: tuple[ExportFile, ...]
    mappings: Mapping[str, TwoWay]
    """By kind: `patient`, `provider`, `service`, `visit`."""
    zone: ZoneInfo
    aliases: Ids
    """As in the connection."""
    matcher: Matcher = field(default_factory=Matcher)
    """How people are matched."""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What became of the rows of one file; loaded + merged + quarantined + landed = rows."""

    file: str
    kind: Kind
    rows: int
    loaded: int = 0
    merged: int = 0
    quarantined: int = 0
    landed: int = 0
    """Rows that are kept as they came, to be decoded later."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Of the merged and quarantined."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did."""

    batch_id: int
    already_loaded: bool
    """True: the same export had been taken in as this batch before; nothing was written now."""
    files: tuple[FileCounts, ...]
    saved: Saved
    """Canonical records that are new, changed or the same."""
    history_conflicts: tuple[str, ...]
    """Visits that overlap another of the same patient, provider or room, both sides; all of them are loaded."""
    contested: int
    """Claims that wait for a person, because a firm one stands in their time."""
    warnings: tuple[Problem, ...]


def import_export(request: ImportRequest, store: Store, progress: Progress = lambda _what, _rows: None) -> ImportResult:
    """Take the export in, in one transaction; twice equals once. Two imports of one system queue.

    Raises:
        InvalidInput: the mappings lack a table, or an alias names nothing; nothing was written.
        RetryLater: the database went away; nothing was written.
    """
    _require_tables(request)
    with store.begin("import_export") as uow:
        require_aliases(LinkedSystem(request.system, request.mappings, request.zone, request.aliases), uow)
        uow.bookings.lock_key(f"import {request.system}")
        uow.bookings.lock_key(MATCHING)
        plan = decide_import(request.files, _setting(request, uow), progress)
        hashes = _hashes(request)
        batch_id = uow.imports.find_loaded(request.system, hashes)
        if batch_id is not None:
            return _result(batch_id, request, plan, None)
        batch_id = uow.imports.open_batch(request.system, request.folder, hashes)
        return _write(batch_id, request, plan, uow, progress)


def _require_tables(request: ImportRequest) -> None:
    for kind in REQUIRED:
        mapping = request.mappings.get(kind)
        if mapping is None or mapping.kind is not kind:
            hint = "The key 'mappings' of the connection names a folder below mappings/"
            raise InvalidInput(Problem(f"there is no mapping table {kind}.yaml for a {kind}", field=kind, hint=hint))


def _setting(request: ImportRequest, uow: UnitOfWork) -> Setting:
    known = {kind: uow.links.find_all(request.system, kind) for kind in LINKED}
    known[Kind.PRODUCT] = product_names(uow)
    today = uow.now.astimezone(request.zone).date()
    return Setting(
        system=request.system,
        zone=request.zone,
        today=today,
        mappings=request.mappings,
        aliases=request.aliases,
        known=known,
        applied=_applied(request, known, uow),
    )


def _applied(request: ImportRequest, known: Ids, uow: UnitOfWork) -> dict[SourceRef, datetime]:
    """When the versions were written that stand now, of the records that the export has again."""
    rows = (row for file in request.files for row in file.records if row.modified_at is not None)
    again = {row.ref for row in rows if row.ref.id in known.get(row.ref.kind, {})}
    states = {link.source_record_id: ref for ref, link in uow.links.find(again).items()}
    landed = uow.landing.load([number for number in states if number is not None])
    return {states[number]: row.modified_at for number, row in landed.items() if row.modified_at is not None}


def _hashes(request: ImportRequest) -> dict[str, str]:
    """Of all that decides what the import means: files, mappings, zone and aliases."""
    reading = dumps({"zone": request.zone.key, "aliases": request.aliases}, sort_keys=True)
    mappings = {f"mapping {name}": mapping.fingerprint for name, mapping in request.mappings.items()}
    files = {file.name: file.sha256 for file in request.files}
    return {**files, **mappings, "connection": sha256(reading.encode()).hexdigest()}


def _write(
    batch_id: int, request: ImportRequest, plan: ImportPlan, uow: UnitOfWork, progress: Progress
) -> ImportResult:
    landed = _land(batch_id, request, uow, progress)
    sources = {link.canonical_id: landed[link.row.file, link.row.line] for link in plan.links if link.row is not None}
    progress("write records", len(plan.records))
    records = _with_owned(plan, uow)
    records = keep_promised_sessions(uow, records)
    saved = uow.records.save(records, sources=sources, origin=request.system, batch_id=batch_id)
    uow.links.save([_link(planned, sources) for planned in plan.links], batch_id=batch_id)
    new = {record.id for record in plan.records if isinstance(record, Patient)} & set(saved.changed)
    progress("match people", len(new))
    plan = _with_people(plan, _match(uow, new, request.matcher, batch_id))
    uow.issues.open([Issue(ALIKE, Kind.SERVICE, one, detail=said) for one, said in _alike(plan).items()])
    adopt_deposits(uow, records)
    visits = [record.id for record in records if isinstance(record, Visit)]
    progress("claim their time", len(visits))
    placed = place_facts(uow, visits)
    progress("account for every row", len(plan.outcomes))
    dispositions = [row.disposition(landed[row.row.file, row.row.line]) for row in plan.outcomes]
    uow.imports.save_dispositions(batch_id, dispositions)
    result = _result(batch_id, request, plan, (saved, placed))
    uow.imports.close_batch(batch_id, "loaded", _flat(result))
    return result


def _alike(plan: ImportPlan) -> dict[str, dict[str, str]]:
    """Service → those that may be the same SKU, and how their names are alike."""
    said: dict[str, dict[str, str]] = {}
    for pair in plan.alike:
        said.setdefault(pair.second, {})[pair.first] = str(pair.how)
    return said


def _match(uow: UnitOfWork, patients: Collection[str], matcher: Matcher, batch_id: int) -> dict[str, str]:
    """Merged patient → who it is."""
    merges = match_loaded(uow, patients, matcher, batch_id).decided.merges if patients else ()
    return {match.second: match.first for match in merges}


def _with_people(plan: ImportPlan, survivors: Mapping[str, str]) -> ImportPlan:
    """The plan, with each merged patient as who it is."""
    if not survivors:
        return plan
    visits = [record for record in plan.records if isinstance(record, Visit)]
    own = [
        one.model_copy(update={"patient_id": PatientId(survivors.get(one.patient_id, one.patient_id))})
        for one in visits
    ]
    outcomes = tuple(_of_survivor(row, survivors) for row in plan.outcomes)
    return replace(plan, outcomes=outcomes, overlaps=find_overlaps(own))


def _of_survivor(row: RowOutcome, survivors: Mapping[str, str]) -> RowOutcome:
    survivor = survivors.get(row.canonical_id or "")
    if survivor is None:
        return row
    if row.verdict is Verdict.LOADED:
        return replace(row, verdict=Verdict.MERGED, reason=SAME_PERSON, canonical_id=survivor)
    return replace(row, canonical_id=survivor)


def _land(
    batch_id: int, request: ImportRequest, uow: UnitOfWork, progress: Progress
) -> dict[tuple[str | None, int | None], int]:
    """File and line → the source record that stands there."""
    places: dict[tuple[str | None, int | None], int] = {}
    for file in request.files:
        progress(f"land {file.name}", len(file.records))
        landed = uow.landing.land(file.records, batch_id=batch_id)
        places |= {(row.file, row.line): at.id for row, at in zip(file.records, landed, strict=True)}
    return places


def _with_owned(plan: ImportPlan, uow: UnitOfWork) -> list[Canonical]:
    """The plan's records; of those that the practice file owns only the blanks are filled."""
    owned = {
        id_: r for kind in plan.owned if kind in LINKED for id_, r in uow.records.load(kind, plan.owned[kind]).items()
    }
    return [fill_blanks(owned[r.id], r) if r.id in owned else r for r in plan.records]


def _link(planned: PlannedLink, sources: Mapping[str, int]) -> Link:
    at = sources.get(planned.canonical_id) if planned.row is not None else None
    return Link(planned.ref, planned.canonical_id, at)


def _result(
    batch_id: int, request: ImportRequest, plan: ImportPlan, written: tuple[Saved, Placed] | None
) -> ImportResult:
    saved, placed = written or (Saved(unchanged=len(plan.records)), Placed(0, 0, ()))
    return ImportResult(
        batch_id=batch_id,
        already_loaded=written is None,
        files=tuple(_counts(file, plan) for file in request.files),
        saved=saved,
        history_conflicts=tuple(sorted(visits_in(plan.overlaps))),
        contested=placed.contested,
        warnings=plan.warnings,
    )


def _counts(file: ExportFile, plan: ImportPlan) -> FileCounts:
    rows = [outcome for outcome in plan.outcomes if outcome.row.file == file.name]
    if not rows:
        return FileCounts(file.name, file.kind, len(file.records), landed=len(file.records))
    of = Counter(outcome.verdict for outcome in rows)
    reasons = Counter(str(outcome.reason) for outcome in rows if outcome.reason is not None)
    return FileCounts(
        file.name,
        file.kind,
        len(file.records),
        of[Verdict.LOADED],
        of[Verdict.MERGED],
        of[Verdict.QUARANTINED],
        reasons=dict(sorted(reasons.items())),
    )


def _flat(result: ImportResult) -> dict[str, int]:
    """`appointments.csv.quarantined.bad_date` → how many, and the like."""
    counts = {"history_conflicts": len(result.history_conflicts), "warnings": len(result.warnings)}
    for file in result.files:
        for name in ("rows", "loaded", "merged", "quarantined", "landed"):
            counts[f"{file.file}.{name}"] = getattr(file, name)
        counts |= {f"{file.file}.reason.{reason}": number for reason, number in file.reasons.items()}
    return counts
