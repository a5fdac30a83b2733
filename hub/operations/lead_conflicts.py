"""What systems disagree about follows its patient: to the survivor of a merge, and back."""

from collections.abc import Iterable, Mapping

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical
from hub.operations.close_conflicts import close_conflicts, shown
from hub.ports import UnitOfWork
from hub.ports.conflicts import FieldConflict
from hub.ports.people import Merged
from hub.sync.people.combine import Combined


def find_lost(merges: Mapping[str, Merged], combined: Mapping[str, Combined]) -> list[FieldConflict]:
    """What systems say of the survivors that does not stand; both by merged id."""
    return [
        FieldConflict(Kind.PATIENT, merge.survivor_id, lost.system, name, lost.rule, lost.said, lost.source_record_id)
        for id_, merge in merges.items()
        for name, lost in combined[id_].lost.items()
    ]


def lead_conflicts(work: UnitOfWork, survivors: Mapping[str, str], lost: Iterable[FieldConflict]) -> None:
    """Those of the merged become the survivors', beside what the merges themselves left undecided.

    Args:
        work: the operation.
        survivors: merged id → survivor's.
        lost: what does not stand since the merges.
    """
    open_ones = work.conflicts.find(Kind.PATIENT, [*survivors, *survivors.values()])
    led = [_of(one, survivors[one.canonical_id]) for one in open_ones if one.canonical_id in survivors]
    kept = [one for one in open_ones if one.canonical_id not in survivors]
    _settle(work, open_ones, [*led, *kept, *lost])


def lead_conflicts_back(work: UnitOfWork, merge: Merged) -> None:
    """Those of records that are the other's again."""
    back = {(system, source_id) for system, source_id in merge.moved.get("source_link", ())}
    open_ones = work.conflicts.find(Kind.PATIENT, [merge.survivor_id])
    said = work.landing.load([one.source_record_id for one in open_ones]) if open_ones else {}
    refs = {number: (record.ref.system, record.ref.id) for number, record in said.items()}
    led = [_of(one, merge.merged_id) if refs[one.source_record_id] in back else one for one in open_ones]
    _settle(work, open_ones, led)


def _settle(work: UnitOfWork, before: Iterable[FieldConflict], after: Iterable[FieldConflict]) -> None:
    """What both agree upon by now is over."""
    wanted = {(one.canonical_id, one.system, one.field): one for one in after}
    records = work.records.load(Kind.PATIENT, {id_ for id_, _, _ in wanted}) if wanted else {}
    new = [one for one in wanted.values() if _differs(one, records)]
    standing = {(one.canonical_id, one.system, one.field) for one in new}
    over = [one for one in before if (one.canonical_id, one.system, one.field) not in standing]
    close_conflicts(work, over, new)


def _differs(conflict: FieldConflict, records: Mapping[str, Canonical]) -> bool:
    return bool(shown(records[conflict.canonical_id], conflict.field) != conflict.theirs)


def _of(conflict: FieldConflict, id_: str) -> FieldConflict:
    return FieldConflict(
        conflict.kind, id_, conflict.system, conflict.field, conflict.rule, conflict.theirs, conflict.source_record_id
    )
