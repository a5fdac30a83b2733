"""Look at who may be one person. Looking at what is personal is on the audit trail."""

from dataclasses import dataclass

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.ports import AuditEntry, Store
from hub.ports.people import Merged, PersonPair
from hub.scheduling.decision import Refusal
from hub.sync.people.side_by_side import Line, lay_side_by_side


@dataclass(frozen=True, slots=True)
class Shown:
    """A pair of the queue, side by side."""

    pair: PersonPair
    lines: tuple[Line, ...]


def find_open_pairs(store: Store, limit: int | None = None) -> tuple[tuple[PersonPair, ...], int]:
    """What waits, the likeliest first; and how many wait in all."""
    with store.begin("find_open_pairs") as work:
        return work.people.find_open(limit), work.people.count_open()


def show_pair(store: Store, pair_id: int, *, actor: str, personal: bool = False) -> Shown | Refusal:
    """A pair side by side, masked unless `personal`. `unknown_pair`."""
    with store.begin("show_pair") as work:
        pair = work.people.find_pair(pair_id)
        if pair is None:
            return Refusal(("unknown_pair",))
        found = work.records.load(Kind.PATIENT, pair.match.pair)
        first, second = (found[id_] for id_ in pair.match.pair)
        assert isinstance(first, Patient)
        assert isinstance(second, Patient)
        if personal:
            for one in (first, second):
                detail = {"pair_id": pair_id}
                work.journal.record_audit(
                    AuditEntry(actor, "show_person_pair", Kind.PATIENT, one.id, patient_id=one.id, detail=detail)
                )
        return Shown(pair, tuple(lay_side_by_side(first, second, pair.match, personal=personal)))


def find_merges(store: Store, patient_id: str) -> tuple[Merged, ...]:
    """The merges that stand in which a patient is one of the two, the oldest first."""
    with store.begin("find_merges") as work:
        return work.people.find_merges(patient_id)
