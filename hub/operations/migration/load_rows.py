"""Load one partition: the rows of a kind, or of a kind and month, as canonical records with links and dispositions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from hub.canonical.ids import Kind, derive
from hub.canonical.lots import Lot
from hub.canonical.records import Canonical, Visit, VisitState
from hub.canonical.source import SourceRef
from hub.mapping.apply import TwoWay
from hub.mapping.context import Context
from hub.operations.adopt_money import keep_promised_sessions, paid_ahead, product_names
from hub.operations.export_links import ExportLinks
from hub.operations.migration.decide_rows import (
    DecidedRow,
    Lots,
    decide_rows,
    keep_first_of_lots,
    location_column,
    own_services,
    place_named,
    places_of,
    reference_columns,
    same_services,
    services_of,
    standing_services,
)
from hub.operations.migration.history import History
from hub.operations.migration.note_alike import note_alike_services
from hub.ports import Disposition, Link, UnitOfWork
from hub.ports.migrations import Partition, StoredRow
from hub.sync.blanks import fill_blanks
from hub.sync.skus import Skus, decide_skus

NAMED = (Kind.PROVIDER, Kind.SERVICE, Kind.LOCATION, Kind.RESOURCE)
"""Few records, which rows refer to by id or by name."""


@dataclass(slots=True)
class Loader:
    """Loads partitions of one history; keeps what all of them need: the SKUs, and how places are usually written."""

    history: History
    today: date
    landings: Mapping[Kind, int]
    """Kind → the batch in which it landed."""
    _skus: Skus | None = None
    _places: dict[Kind, tuple[tuple[str, str, int], ...]] = field(default_factory=dict)

    def context(self, work: UnitOfWork, known: Mapping[Kind, Mapping[str, str]] | None = None) -> Context:
        """The surroundings of the system's rows: what aliases say, what is linked, and what the export itself says."""
        named = {kind: work.links.find_all(self.history.system, kind) for kind in NAMED}
        named[Kind.PRODUCT] = product_names(work)
        links = ExportLinks(self.history.system, self.history.decisions.aliases, {**named, **(known or {})})
        return Context(self.history.zone, self.today, links)

    def load_dated(self, work: UnitOfWork, partition: Partition, batch_id: int) -> None:
        """Visits, and whatever else is divided by months: some thousands of rows at a time."""
        assert partition.kind is not None
        mapping = self.history.mappings[partition.kind]
        context = self.dated_context(work)
        links = context.links
        assert isinstance(links, ExportLinks)
        lots: Lots = {}
        paid: set[str] = set()
        for rows in work.migrations.read_rows(self.landings[partition.kind], partition.month):
            links.read = self.referred(work, rows, mapping)
            read = decide_rows(rows, mapping, context, self.history.decisions.of_kind(partition.kind))
            decided = list(keep_first_of_lots(read, lots))
            self._save_places(work, mapping, decided, links, batch_id)
            records = [one.record for one in decided if one.record]
            save_records(work, decided, records, self.history.system, batch_id)
            work.imports.save_dispositions(batch_id, [one.disposition() for one in decided])
            paid |= paid_ahead(records) | _to_come(records, work.now)
        work.links.save_loaded(batch_id)
        work.payments.adopt_deposits(paid)

    def dated_context(self, work: UnitOfWork) -> Context:
        """The surroundings of rows that are divided by months."""
        context = self.context(work)
        links = context.links
        assert isinstance(links, ExportLinks)
        links.skus = self.skus(work)
        return context

    def skus(self, work: UnitOfWork) -> Skus | None:
        """One SKU a service, decided over all rows that landed."""
        if self._skus is None and Kind.SERVICE in self.landings:
            self._skus = self.decide_services(work)[1]
        return self._skus

    def decide_services(self, work: UnitOfWork) -> tuple[list[DecidedRow], Skus]:
        """Each row of a service, and how they stand as SKUs."""
        aliases, system = self.history.decisions.aliases.get(Kind.SERVICE, {}), self.history.system
        decided = own_services(self.decide_all(work, Kind.SERVICE), system, aliases)
        services = services_of(decided)
        standing = standing_services(services, self.owned(work, decided), aliases)
        return decided, decide_skus(services, aliases.values(), same_services(services, system, aliases), standing)

    def owned(self, work: UnitOfWork, decided: Sequence[DecidedRow]) -> Mapping[str, Canonical]:
        """What aliases lead to that is no record of the rows' own: the hub's, of which only blanks are filled."""
        refs = [one.row.record.ref for one in decided]
        named = {id_ for ref in refs[:1] for id_ in self.history.decisions.aliases.get(ref.kind, {}).values()}
        named -= {derive(ref.kind, ref.system, ref.id) for ref in refs}
        return work.records.load(refs[0].kind, named) if named else {}

    def decide_all(self, work: UnitOfWork, kind: Kind) -> list[DecidedRow]:
        """Every row of a kind that is not divided, without its text."""
        mapping = self.history.mappings[kind]
        found: list[DecidedRow] = []
        for rows in work.migrations.read_rows(self.landings[kind], ""):
            context = self.context(work, self.referred(work, rows, mapping))
            decided = decide_rows(rows, mapping, context, self.history.decisions.of_kind(kind))
            found += [one.without_text() for one in decided]
        return found

    def referred(self, work: UnitOfWork, rows: Sequence[StoredRow], mapping: TwoWay) -> dict[Kind, dict[str, str]]:
        """What the rows themselves and those they refer to are linked to."""
        asked: dict[Kind, set[str]] = {}
        right = self.history.decisions.of_kind(mapping.kind).values()
        for column, kind in reference_columns(mapping):
            said = [row.record.payload.get(column, "") for row in rows]
            said += [fields[column] for fields in right if column in fields]
            asked[kind] = asked.get(kind, set()) | {str(value).strip() for value in said}
        found = {kind: work.links.find_all(self.history.system, kind, ids) for kind, ids in asked.items()}
        own = {row.record.ref.id: row.canonical_id for row in rows if row.canonical_id is not None}
        return found | {mapping.kind: found.get(mapping.kind, {}) | own}

    def _count_places(self, work: UnitOfWork, mapping: TwoWay, links: ExportLinks) -> None:
        location = location_column(mapping)
        room = next((column for column, of in reference_columns(mapping, "name") if of is Kind.RESOURCE), None)
        if location is None or links.writings:
            return
        if mapping.kind not in self._places:
            counted = work.migrations.count_names(self.landings[mapping.kind], [location, room or ""])
            self._places[mapping.kind] = tuple((site, name, number) for (site, name), number in sorted(counted.items()))
        for site, name, number in self._places[mapping.kind]:
            links.count(Kind.LOCATION, site, number)
            links.enter(site)
            links.count(Kind.RESOURCE, name, number)

    def _save_places(
        self, work: UnitOfWork, mapping: TwoWay, decided: Sequence[DecidedRow], links: ExportLinks, batch_id: int
    ) -> None:
        """Rooms and locations that loaded visits name and nobody knew before, named as all landed rows mostly do.

        Months that are loaded side by side name the same ones: whoever comes first saves them, and the others wait.
        """
        system = self.history.system
        placed = [one.record for one in decided if isinstance(one.record, Visit | Lot)]
        if not any(_unknown_places(placed, links)):
            return
        work.bookings.lock_key(f"migrate {system} places")
        for kind in (Kind.LOCATION, Kind.RESOURCE):
            for key, canonical_id in work.links.find_all(system, kind).items():
                links.know(kind, key, canonical_id)
        unknown = list(_unknown_places(placed, links))
        if unknown:
            self._count_places(work, mapping, links)
        new = [
            (Link(SourceRef(system, kind, key), id_), place_named(kind, id_, links.usual_name(kind, key)))
            for kind, key, id_ in unknown
        ]
        aliased = {id_ for kind in NAMED for id_ in self.history.decisions.aliases.get(kind, {}).values()}
        work.records.save([one for _, one in new if one.id not in aliased], batch_id=batch_id)
        work.links.save([link for link, _ in new], batch_id=batch_id)
        for link, _ in new:
            links.know(link.ref.kind, link.ref.id, link.canonical_id)


def _unknown_places(placed: Sequence[Visit | Lot], links: ExportLinks) -> Iterator[tuple[Kind, str, str]]:
    return (one for one in places_of(placed, links) if one[1] not in links.known.get(one[0], {}))


def _to_come(records: Sequence[Canonical], now: datetime) -> frozenset[str]:
    """Visits for which deposits count; one may have been loaded before, when the visit was not to come."""
    visits = (one for one in records if isinstance(one, Visit))
    return frozenset(one.id for one in visits if one.state is VisitState.BOOKED and one.start > now)


def load_providers(loader: Loader, work: UnitOfWork, batch_id: int) -> list[Disposition]:
    """Everybody who treats."""
    decided = loader.decide_all(work, Kind.PROVIDER)
    records = [one.record for one in decided if one.record]
    save_decided(work, decided, _with_owned(loader, work, decided, records), loader.history.system, batch_id)
    return [one.disposition() for one in decided]


def load_services(loader: Loader, work: UnitOfWork, batch_id: int) -> list[Disposition]:
    """Every service, the duplicates of a SKU archived."""
    decided, skus = loader.decide_services(work)
    records, system = _with_owned(loader, work, decided, list(skus.services)), loader.history.system
    save_decided(work, decided, records, system, batch_id)
    rows = [source_id for source_id, _ in services_of(decided)]
    aliases = loader.history.decisions.aliases.get(Kind.SERVICE, {})
    note_alike_services(work, system, list(zip(rows, skus.services, strict=True)), aliases)
    return [one.disposition() for one in decided]


def _with_owned(
    loader: Loader, work: UnitOfWork, decided: Sequence[DecidedRow], records: Sequence[Canonical]
) -> list[Canonical]:
    """Of records that the hub has of its own only the blanks are filled; an alias may as well name another row."""
    owned = loader.owned(work, decided)
    return [fill_blanks(owned[one.id], one) if one.id in owned else one for one in records]


def save_decided(
    work: UnitOfWork, decided: Sequence[DecidedRow], records: Sequence[Canonical], system: str, batch_id: int
) -> tuple[str, ...]:
    """Records and the links of their rows; gives which records are new or changed."""
    changed = save_records(work, decided, records, system, batch_id)
    links = [Link(one.row.record.ref, one.record.id, one.row.number) for one in decided if one.record is not None]
    work.links.save(links, batch_id=batch_id)
    return changed


def save_records(
    work: UnitOfWork, decided: Sequence[DecidedRow], records: Sequence[Canonical], system: str, batch_id: int
) -> tuple[str, ...]:
    """What became of rows, without the links of these; gives which records are new or changed."""
    first = {one.record.id: one.row for one in reversed(decided) if one.record is not None}
    saved = work.records.save(
        keep_promised_sessions(work, records),
        sources={id_: row.number for id_, row in first.items()},
        modified={id_: row.record.modified_at for id_, row in first.items()},
        origin=system,
        batch_id=batch_id,
        claims_time=False,
    )
    return saved.changed
