"""Compare every mapped field of every row that was taken with the record it became.

The record is run back through the mapping onto the landed row: what already says the same stays as it is written, so
whatever column changes contradicts its row. Of rows that are one record (a person who stood there twice) one must say
what stands.

What rows say repeats, so first the database puts those together that say the same of a field, as their records do, and
of each such lot one is judged. A kind in which all are said is done. Else its rows are looked at one by one, some
thousands at a time; of each record only the columns that no row has said yet are kept. A partition is then compared by
itself, so several processes may share the work.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Self

from hub.canonical.ids import Kind, derive
from hub.canonical.source import SourceRecord, SourceRef
from hub.mapping.apply import TwoWay
from hub.mapping.contradictions import Contradictions
from hub.operations.export_links import ExportLinks
from hub.operations.migration.decide_rows import corrected, location_column, reference_columns
from hub.operations.migration.load_rows import Loader
from hub.operations.migration.own_lots import find_own_lots
from hub.ports import Store, UnitOfWork
from hub.ports.migrations import Partition, Stage
from hub.ports.verifications import Alike, AskedField, CheckState, Fate, HistoryCheck, TakenRow, Taking

NAME = "every_field_says_what_its_row_says"
SAYS = "Every record, run back through its mapping, says what its row says, field by field."
EXAMPLES = 5
OVERRULED = 20
"""How many values are named that a record of the hub's own has otherwise."""
NOTHING = frozenset[str]()
NO_RECORD = frozenset(("no record",))
WHOLE = (Kind.PATIENT, Kind.PROVIDER, Kind.SERVICE)
"""Kinds of which several rows may be one record."""
LEDGER = Kind.LOT
"""What is on hand is a sum of movements, no field of a record: its totals are proven, not its fields."""
REMEMBERED = 200_000
"""Ids of other records, with what they are linked to, that are kept in mind."""


@dataclass(slots=True)
class Compared:
    """What a comparison found."""

    fields: int = 0
    """Values that were compared."""
    changed_since: int = 0
    """Rows whose record the hub itself changed since: nothing to compare."""
    differing: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    """Canonical id → where its row stands, and the columns that it contradicts in every row."""
    owned: set[str] = field(default_factory=set)
    """Of these those that the hub had of its own, to which an alias leads: what they said already stands."""
    own_lots: list[str] = field(default_factory=list)
    """What rows say of lots that the hub counted before, and what stands."""

    def note(self, row: TakenRow, columns: frozenset[str], *, is_alone: bool) -> None:
        """A row and the columns of it that its record contradicts."""
        key = row.canonical_id or f"{row.file}:{row.line}"
        if is_alone and not columns and key not in self.differing:
            return
        self._differ(key, f"{row.file}:{row.line}", columns)

    def count(self, lot: Alike, fields: int) -> None:
        """Rows that share a fate; those with corrections are counted when they are compared."""
        if lot.fate is Fate.TAKEN:
            self.fields += lot.rows * fields
        elif lot.fate is Fate.CHANGED:
            self.changed_since += lot.rows

    def add(self, other: "Compared") -> None:
        """What was found in other partitions."""
        self.fields += other.fields
        self.changed_since += other.changed_since
        self.owned |= other.owned
        self.own_lots += other.own_lots
        for key, (place, columns) in other.differing.items():
            self._differ(key, place, columns)

    def _differ(self, key: str, place: str, columns: frozenset[str]) -> None:
        before = self.differing.get(key, (place, columns))
        self.differing[key] = (before[0], before[1] & columns)

    def found(self) -> list[str]:
        """`appointments.csv:12 Price` for each value that no row says, in order."""
        return self._listed(self.differing.keys() - self.owned)

    def overruled(self) -> list[str]:
        """Likewise, for which the hub's own record has another value, which stands."""
        return self._listed(self.owned)

    def _listed(self, ids: Collection[str]) -> list[str]:
        differing = (self.differing[id_] for id_ in ids if id_ in self.differing)
        return sorted(f"{place} {column}" for place, columns in differing for column in sorted(columns))


Compare = Callable[[Sequence[Partition]], Iterable[Compared]]
"""Compares what these partitions loaded, one by one; whoever does it."""


class Comparing:
    """Compares in this process, partition by partition; one short transaction each."""

    def __init__(self, store: Store, loader: Loader) -> None:
        """What the rows of a kind are read by is kept from one partition to the next."""
        self._store = store
        self._loader = loader
        self._kinds: dict[Kind, _Comparison] = {}

    def compare_alike(self, partitions: Iterable[Partition]) -> tuple[Compared, list[Partition]]:
        """What was compared field by field, and the partitions whose rows must be looked at one by one."""
        compared, rest, ordered = Compared(), list[Partition](), sorted(partitions, key=_kind_and_month)
        ledger = [one for one in ordered if one.kind is LEDGER]
        if ledger:
            with self._store.begin("find_own_lots") as work:
                compared.own_lots += find_own_lots(work, self._loader, ledger)
        asked = (one for one in ordered if one.kind is not LEDGER)
        for kind, of_kind in groupby(asked, _kind_of):
            taken = list(of_kind)
            with self._store.begin("compare_alike") as work:
                found = self._comparison(work, kind).compare_alike(work, taken)
            if found is None:
                rest += taken
            else:
                compared.add(found)
        return compared, rest

    def compare(self, partition: Partition) -> Compared:
        """What its rows and their records contradict each other in."""
        compared = Compared()
        with self._store.begin("compare_rows") as work:
            self._comparison(work, _kind_of(partition)).compare(work, partition, compared)
        return compared

    def _comparison(self, work: UnitOfWork, kind: Kind) -> "_Comparison":
        if kind not in self._kinds:
            self._kinds[kind] = _Comparison.of_kind(work, self._loader, kind)
        return self._kinds[kind]


def check_rows(compare: Compare, partitions: Sequence[Partition], before: Compared) -> HistoryCheck:
    """The comparison of all that these partitions loaded, with what was compared before, as a check."""
    compared = Compared()
    compared.add(before)
    for found in compare(partitions):
        compared.add(found)
    return as_check(compared)


def _kind_of(partition: Partition) -> Kind:
    assert partition.kind is not None
    return partition.kind


def _kind_and_month(partition: Partition) -> tuple[Kind, str]:
    return _kind_of(partition), partition.month


def as_check(compared: Compared) -> HistoryCheck:
    """What was found as a check."""
    found, overruled = compared.found(), compared.overruled()
    left_out = f" Left out: {compared.changed_since} rows whose record the hub changed since."
    own = f" Where aliases lead to a record of the hub's own, its word stands: not taken over {_shown(overruled)}."
    lots = f" Lots that the hub had counted before stay as it counts them: {_shown(compared.own_lots)}."
    notes = ((left_out, compared.changed_since), (own, overruled), (lots, compared.own_lots))
    return HistoryCheck(
        name=NAME,
        says=SAYS + "".join(note for note, is_due in notes if is_due),
        state=CheckState.FAILED if found else CheckState.OK,
        findings=len(found),
        examples=tuple(found[:EXAMPLES]),
        looked_at=compared.fields,
    )


def _shown(found: Sequence[str]) -> str:
    more = f" and {len(found) - OVERRULED} more" if len(found) > OVERRULED else ""
    return ", ".join(found[:OVERRULED]) + more


@dataclass(frozen=True, slots=True)
class _Comparison:
    """How the rows of a kind are compared."""

    loader: Loader
    mapping: TwoWay
    links: ExportLinks
    contradictions: Contradictions
    location: str | None
    """The column that names a row's location: the names of rooms are its own."""
    references: tuple[tuple[str, Kind], ...]
    """Columns that name other records by their ids."""
    owned: frozenset[str]
    """Ids to which aliases lead, and which no row of the export has."""

    @classmethod
    def of_kind(cls, work: UnitOfWork, loader: Loader, kind: Kind) -> Self:
        """With what the rows of a kind are read by."""
        mapping = loader.history.mappings[kind]
        context = loader.context(work)
        links = context.links
        assert isinstance(links, ExportLinks)
        links.skus = loader.skus(work)
        location, references = location_column(mapping), reference_columns(mapping)
        rows = (derive(kind, links.system, row) for row in links.known.get(kind, {}))
        owned = frozenset(loader.history.decisions.aliases.get(kind, {}).values()).difference(rows)
        return cls(loader, mapping, links, Contradictions(mapping, context), location, references, owned)

    def compare_alike(self, work: UnitOfWork, partitions: Sequence[Partition]) -> Compared | None:
        """What one of all rows that are alike says; None: they must be looked at one by one."""
        if self.mapping.kind in WHOLE or self.contradictions.needs_whole:
            return None
        compared, corrections = Compared(), self.loader.history.decisions.of_kind(self.mapping.kind)
        taking = self._taking(*partitions)
        for lots in work.verifications.read_alike(taking, self._asked(), corrections.keys()):
            self._learn_references(work, [lot.payload for lot in lots])
            if not all(self._is_said(lot, compared) for lot in lots):
                return None
        if corrections:
            self._compare_taken(work, taking, compared, corrections.keys())
        return compared

    def _taking(self, *partitions: Partition) -> Taking:
        assert {one.stage for one in partitions} == {Stage.LOAD}
        kind = self.mapping.kind
        return Taking(self.links.system, kind, self.loader.landings[kind], tuple(one.month for one in partitions))

    def _asked(self) -> list[AskedField]:
        """What a room's name says depends on the row's location."""
        rooms = {column for column, kind in reference_columns(self.mapping, "name") if kind is Kind.RESOURCE}
        around = (self.location,) if self.location else ()
        fields = self.contradictions.fields
        return [AskedField((*around, *keys) if rooms.intersection(keys) else keys, names) for keys, names in fields]

    def _is_said(self, lot: Alike, compared: Compared) -> bool:
        if lot.field is None:
            compared.count(lot, len(self.contradictions.fields))
            return lot.fate is not Fate.MISSING
        if self.location:
            self.links.enter(str(lot.payload.get(self.location, "")))
        return self.contradictions.is_said(lot.field, lot.payload, lot.values)

    def compare(self, work: UnitOfWork, partition: Partition, compared: Compared) -> None:
        """Each row that the partition took with the record that it became."""
        self._compare_taken(work, self._taking(partition), compared)

    def _compare_taken(
        self, work: UnitOfWork, taking: Taking, compared: Compared, only: Collection[str] | None = None
    ) -> None:
        for rows in work.verifications.read_taken(taking, self.mapping.names, only):
            self._compare_rows(work, rows, compared)

    def _compare_rows(self, work: UnitOfWork, rows: Sequence[TakenRow], compared: Compared) -> None:
        unchanged = [row for row in rows if not row.is_changed]
        said = [self._said(row) for row in unchanged]
        self._learn_references(work, said)
        compared.changed_since += len(rows) - len(unchanged)
        compared.fields += len(unchanged) * len(self.contradictions.fields)
        contradicted = self._contradicted(unchanged, said)
        for place, row in enumerate(unchanged):
            if row.canonical_id in self.owned:
                compared.owned.add(row.canonical_id)
            compared.note(row, contradicted.get(place, NOTHING), is_alone=self.mapping.kind not in WHOLE)

    def _said(self, row: TakenRow) -> dict[str, Any]:
        """The row with what a person put right in it."""
        corrections = self.loader.history.decisions.of_kind(self.mapping.kind)
        if row.source_id not in corrections:
            return row.payload
        ref = SourceRef(self.links.system, self.mapping.kind, row.source_id)
        return corrected(SourceRecord(ref, row.payload), corrections).payload

    def _contradicted(self, rows: Sequence[TakenRow], said: Sequence[dict[str, Any]]) -> dict[int, frozenset[str]]:
        """The columns that records contradict, by the places of their rows."""
        found = {place: NO_RECORD for place, row in enumerate(rows) if row.values is None}
        for location, places in self._by_location(said, found.keys()).items():
            self.links.enter(location)
            payloads, records = [said[place] for place in places], [rows[place].values or () for place in places]
            contradicted = self.contradictions.find(payloads, records, location)
            found |= {places[at]: columns for at, columns in contradicted.items()}
        return found

    def _by_location(self, said: Sequence[dict[str, Any]], left_out: Collection[int]) -> dict[str, list[int]]:
        """The places of the rows of each location."""
        found = defaultdict[str, list[int]](list)
        for place, payload in enumerate(said):
            if place not in left_out:
                found[str(payload.get(self.location, "")) if self.location else ""].append(place)
        return found

    def _learn_references(self, work: UnitOfWork, said: Sequence[dict[str, Any]]) -> None:
        """What ids that were not met before are linked to."""
        for column, kind in self.references:
            known = self.links.read.setdefault(kind, {})
            if len(known) > REMEMBERED:
                known.clear()
            asked = {str(payload.get(column, "")).strip() for payload in said} - known.keys()
            known.update(work.links.find_all(self.links.system, kind, asked))
