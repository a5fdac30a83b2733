"""What landed rows mean: pure. A row becomes a record or is quarantined under its first problem's code."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

from hub.canonical.ids import Kind, LocationId, ResourceId, ServiceId, derive
from hub.canonical.lots import Lot
from hub.canonical.records import Canonical, Location, Patient, Resource, Service, Visit
from hub.canonical.source import SourceRecord
from hub.mapping.apply import TwoWay, decode
from hub.mapping.context import Context
from hub.operations.export_links import ExportLinks
from hub.operations.migration.history import Correction
from hub.ports import Disposition, Verdict
from hub.ports.migrations import BAD_ROW, StoredRow
from hub.sync.names import service_key
from hub.sync.people.combine import combine

SUPERSEDED = "superseded"
"""Why a row is merged: a later version of it stands here already."""
LOT_TWICE = "lot_twice"
"""Why a row of a lot is quarantined: an earlier row is the same lot at the same place."""
Lots = dict[tuple[str, str, str], str]
"""Product, location and lot → the record that it is."""


class DecidedRow(NamedTuple):
    """What becomes of one row."""

    row: StoredRow
    record: Canonical | None
    reason: str | None = None
    """Of a quarantined row its reason code, of a stale one why it is merged."""
    field: str | None = None
    """Of a quarantined row the columns in which it was."""

    def disposition(self) -> Disposition:
        """As the store keeps it."""
        at, id_ = self.row.record, self.record.id if self.record else None
        place = at.file or "", at.line or 0
        return Disposition(*place, self.verdict, self.reason, at.ref.id, self.row.number, id_, self.field)

    def without_text(self) -> Self:
        """The same without what the row says: it is decided, and a hundred thousand rows are many."""
        return self._replace(row=self.row._replace(record=self.row.record._replace(payload={})))

    @property
    def verdict(self) -> Verdict:
        """Of the row alone."""
        if self.record is not None:
            return Verdict.LOADED
        return Verdict.MERGED if self.reason == SUPERSEDED else Verdict.QUARANTINED


def decide_rows(
    rows: Iterable[StoredRow], mapping: TwoWay, context: Context, corrections: Mapping[str, Correction]
) -> Iterator[DecidedRow]:
    """Decode each row; one of which something later stands here already is merged into that."""
    location = location_column(mapping)
    for row in rows:
        if row.is_stale:
            yield DecidedRow(row, None, SUPERSEDED)
            continue
        record = corrected(row.record, corrections)
        if (flaw := record.payload.get(BAD_ROW)) is not None:
            yield DecidedRow(row, None, str(flaw))
            continue
        if location and isinstance(context.links, ExportLinks):
            context.links.enter(str(record.payload.get(location, "")))
        decoded = decode(mapping, record, context)
        if decoded.record is None:
            yield DecidedRow(row, None, decoded.problems[0].code, decoded.problems[0].field)
        else:
            yield DecidedRow(row, decoded.record)


def keep_first_of_lots(decided: Iterable[DecidedRow], seen: Lots) -> Iterator[DecidedRow]:
    """Of rows that are one lot at one place the first counts; whether the others add to it only a person can say."""
    for one in decided:
        lot = one.record
        if isinstance(lot, Lot) and seen.setdefault((lot.product_id, lot.location_id, lot.name), lot.id) != lot.id:
            yield one._replace(record=None, reason=LOT_TWICE)
        else:
            yield one


def corrected(record: SourceRecord, corrections: Mapping[str, Correction]) -> SourceRecord:
    """The row with what a person put right in it; as it landed it stays."""
    right = corrections.get(record.ref.id)
    if not right:
        return record
    payload = {name: value for name, value in record.payload.items() if name != BAD_ROW}
    return record._replace(payload={**payload, **right})


def combine_patients(decided: Sequence[DecidedRow], system: str) -> dict[str, Patient]:
    """Patients by id; rows that were found to be one person before are combined, that person's own first."""
    read = [(one, one.record) for one in decided if isinstance(one.record, Patient)]
    read.sort(key=lambda pair: pair[1].id != derive(Kind.PATIENT, system, pair[0].row.record.ref.id))
    patients: dict[str, Patient] = {}
    for _, record in read:
        before = patients.setdefault(record.id, record)
        if before is not record:
            patients[record.id] = combine(before, record)
    return patients


def places_of(records: Iterable[Visit | Lot], links: ExportLinks) -> Iterator[tuple[Kind, str, str]]:
    """The rooms and locations that visits and lots name: kind, the name's key, the record's id."""
    used: set[str | None] = set()
    for one in records:
        used |= {one.location_id, one.room_id if isinstance(one, Visit) else None}
    for (kind, key), canonical_id in sorted(links.named.items()):
        if canonical_id in used:
            yield kind, key, canonical_id


def place_named(kind: Kind, canonical_id: str, name: str) -> Canonical:
    """A room or location of which nothing but a name is said."""
    if kind is Kind.LOCATION:
        return Location(id=LocationId(canonical_id), name=name)
    return Resource(id=ResourceId(canonical_id), kind="room", name=name)


def location_column(mapping: TwoWay) -> str | None:
    """The column that names a row's location."""
    return next((column for column, kind in reference_columns(mapping, "name") if kind is Kind.LOCATION), None)


def reference_columns(mapping: TwoWay, by: str = "id") -> tuple[tuple[str, Kind], ...]:
    """The columns by which a table's rows refer to other records, by their id or by their name, and their kind."""
    found = []
    for plan in mapping.table.fields:
        options = plan.spec.model_extra or {}
        if plan.spec.codec == "reference" and plan.spec.path and options.get("by", "id") == by:
            found.append((plan.spec.path, Kind(options["kind"])))
    return tuple(found)


def services_of(decided: Iterable[DecidedRow]) -> list[tuple[str, Service]]:
    """Source id and service."""
    return [(one.row.record.ref.id, one.record) for one in decided if isinstance(one.record, Service)]


def own_services(decided: Iterable[DecidedRow], system: str, aliases: Mapping[str, str]) -> list[DecidedRow]:
    """A row that an alias leads to another row stays a record of its own, archived as any duplicate of a SKU."""
    decided = list(decided)
    ids = {derive(Kind.SERVICE, system, one.row.record.ref.id) for one in decided}
    return [_own(one, system) if aliases.get(one.row.record.ref.id) in ids else one for one in decided]


def _own(one: DecidedRow, system: str) -> DecidedRow:
    id_ = ServiceId(derive(Kind.SERVICE, system, one.row.record.ref.id))
    return one._replace(record=one.record and one.record.model_copy(update={"id": id_}))


def standing_services(
    services: Iterable[tuple[str, Service]], owned: Mapping[str, Canonical], aliases: Mapping[str, str]
) -> dict[str, Service]:
    """Key of a name → the hub's own service that it is, where an alias of a row or of its name leads there."""
    keys = {row: service_key(service.name) for row, service in services}
    said = ((keys.get(name, service_key(name)), owned.get(target)) for name, target in aliases.items())
    return {key: service for key, service in said if isinstance(service, Service)}


def same_services(services: Iterable[tuple[str, Service]], system: str, aliases: Mapping[str, str]) -> dict[str, str]:
    """Key of a name → key of the SKU that it is, where an alias of a row or of its name leads to another row."""
    keys = {row: service_key(service.name) for row, service in services}
    by_id = {derive(Kind.SERVICE, system, row): key for row, key in keys.items()}
    said = ((keys.get(name, service_key(name)), by_id.get(target)) for name, target in aliases.items())
    return {key: other for key, other in said if other is not None and other != key}
