"""Compare every mapped field of every row that was taken with the record it became.

The record is run back through the mapping onto the landed row: what already says the same stays as it is written, so
whatever column changes contradicts its row. Of rows that are one record (a person who stood there twice) one must say
what stands. Some thousands of rows at a time; of each record only the columns that no row has said yet are kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pydantic import ValidationError

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.errors import RecordRejected
from hub.mapping.apply import TwoWay, encode
from hub.mapping.context import Context
from hub.operations.export_links import ExportLinks
from hub.operations.migration.decide_rows import corrected, location_column
from hub.operations.migration.load_rows import Loader
from hub.ports import Store, UnitOfWork
from hub.ports.migrations import Partition, Stage, StoredRow
from hub.ports.verifications import CheckState, HistoryCheck

NAME = "every_field_says_what_its_row_says"
SAYS = "Every record, run back through its mapping, says what its row says, field by field."
EXAMPLES = 5
WHOLE = (Kind.PATIENT, Kind.PROVIDER, Kind.SERVICE)
"""Kinds of which several rows may be one record."""
LEDGER = Kind.LOT
"""What is on hand is a sum of movements, no field of a record: its totals are proven, not its fields."""


@dataclass(slots=True)
class Compared:
    """What a comparison found."""

    fields: int = 0
    """Values that were compared."""
    changed_since: int = 0
    """Rows whose record the hub itself changed since: nothing to compare."""
    differing: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    """Canonical id → where its row stands, and the columns that it contradicts in every row."""

    def note(self, canonical_id: str, row: StoredRow, columns: frozenset[str], *, is_alone: bool) -> None:
        """A row and the columns of it that its record contradicts."""
        place = f"{row.record.file}:{row.record.line}"
        before = self.differing.get(canonical_id)
        if before is None and (columns or not is_alone):
            self.differing[canonical_id] = (place, columns)
        elif before is not None:
            self.differing[canonical_id] = (before[0], before[1] & columns)

    def found(self) -> list[str]:
        """`appointments.csv:12 Price` for each value that no row says, in order."""
        return sorted(f"{place} {column}" for place, columns in self.differing.values() for column in sorted(columns))


def compare_rows(store: Store, loader: Loader, partitions: Sequence[Partition]) -> Compared:
    """Compare what these partitions loaded; one short transaction each."""
    compared = Compared()
    for kind, of_kind in groupby(sorted(partitions, key=_kind_and_month), key=_kind_of):
        if kind is LEDGER:
            continue
        with store.begin("find_changed") as work:
            changed = work.verifications.find_changed(loader.history.system, kind)
        for partition in of_kind:
            with store.begin("compare_rows") as work:
                _compare_partition(work, loader, partition, changed, compared)
    return compared


def _kind_of(partition: Partition) -> Kind:
    assert partition.kind is not None
    return partition.kind


def _kind_and_month(partition: Partition) -> tuple[Kind, str]:
    return _kind_of(partition), partition.month


def check_rows(store: Store, loader: Loader, partitions: Sequence[Partition]) -> HistoryCheck:
    """The comparison as a check; broken where a record stands in the database that no record can be."""
    try:
        compared = compare_rows(store, loader, partitions)
    except ValidationError:
        return HistoryCheck(NAME, f"{SAYS} A record cannot be read; other checks say which.", CheckState.BROKEN)
    return as_check(compared)


def as_check(compared: Compared) -> HistoryCheck:
    """What was found as a check."""
    found = compared.found()
    left_out = f" Left out: {compared.changed_since} rows whose record the hub changed since."
    return HistoryCheck(
        name=NAME,
        says=SAYS + (left_out if compared.changed_since else ""),
        state=CheckState.FAILED if found else CheckState.OK,
        findings=len(found),
        examples=tuple(found[:EXAMPLES]),
        looked_at=compared.fields,
    )


def _compare_partition(
    work: UnitOfWork, loader: Loader, partition: Partition, changed: frozenset[str], compared: Compared
) -> None:
    assert partition.stage is Stage.LOAD
    kind = _kind_of(partition)
    mapping = loader.history.mappings[kind]
    is_whole = kind in WHOLE
    context = loader.context(work) if is_whole else loader.dated_context(work, kind)
    for rows in work.migrations.read_rows(loader.landings[kind], partition.month):
        assert isinstance(context.links, ExportLinks)
        context.links.read = loader.referred(work, rows, mapping)
        for canonical_id, row, columns in _differences(work, loader, mapping, context, rows):
            if canonical_id in changed:
                compared.changed_since += 1
                continue
            compared.fields += len(mapping.writers)
            compared.note(canonical_id, row, columns, is_alone=not is_whole)


def _differences(
    work: UnitOfWork, loader: Loader, mapping: TwoWay, context: Context, rows: Sequence[StoredRow]
) -> Iterator[tuple[str, StoredRow, frozenset[str]]]:
    """Of each row that was taken its record, and the columns that the record contradicts."""
    links = work.links.find([row.record.ref for row in rows])
    taken = {row.record.ref: links[row.record.ref] for row in rows if row.record.ref in links}
    records = work.records.load(mapping.kind, {link.canonical_id for link in taken.values()})
    location, corrections = location_column(mapping), loader.history.decisions.of_kind(mapping.kind)
    for row in rows:
        link = taken.get(row.record.ref)
        if link is None or link.source_record_id != row.number:
            continue
        said = corrected(row.record, corrections)
        if location and isinstance(context.links, ExportLinks):
            context.links.enter(str(said.payload.get(location, "")))
        record = records.get(link.canonical_id)
        columns = _contradicted(mapping, record, context, said) if record is not None else frozenset(("no record",))
        yield link.canonical_id, row, columns


def _contradicted(mapping: TwoWay, record: object, context: Context, said: SourceRecord) -> frozenset[str]:
    try:
        written: Mapping[str, object] = encode(mapping, record, context, said.payload)  # type: ignore[arg-type]
    except RecordRejected as error:
        return frozenset(problem.field or "" for problem in error.problems)
    return frozenset(column for column, value in written.items() if said.payload.get(column) != value)
