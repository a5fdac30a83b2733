"""Make two records of one person one, and take that back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.ports import Act, AuditEntry, Issue, Store, UnitOfWork
from hub.ports.people import Merged, NewMerge, PersonPair
from hub.scheduling.decision import Refusal
from hub.sync.people.combine import combine
from hub.sync.people.decide import Match

Decision = Literal["merge", "separate"]
REVIEW = "people_to_review"
MATCHING = "match people"
"""The key of who matches: of two who bring the same person at once the second finds what the first brought."""


@dataclass(frozen=True, slots=True)
class Undone:
    """A merge that was taken back."""

    survivor_id: str
    restored_id: str
    visits: tuple[str, ...]
    """Those that went back."""
    kept: tuple[str, ...] = ()
    """Fields of the survivor that were changed since the merge, and stay as they are now."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A merge cannot be taken back: this would be torn apart. `merge:ID` or `visit:ID`."""

    dependants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """Who said so, and why."""

    actor: str
    reason: str | None = None
    batch_id: int | None = None
    told: Collection[str] = field(default=())
    """The systems that are told of visits."""
    told_of_people: Collection[str] = field(default=())
    """The systems that are told of patients: of both, once they are two again."""


def decide_pair(store: Store, pair_id: int, decision: Decision, word: Word) -> PersonPair | Refusal:
    """Merge a pair of the queue, or keep that they are two: then nobody is asked again.

    `unknown_pair`; `pair_decided`: somebody was quicker. Twice the same decision is one.
    """
    with store.begin("decide_pair") as work:
        work.bookings.lock_key(f"person pair {pair_id}")
        pair = work.people.find_pair(pair_id)
        if pair is None:
            return Refusal(("unknown_pair",))
        wanted = "merged" if decision == "merge" else "separate"
        if pair.state not in ("open", wanted):
            return Refusal(("pair_decided",))
        if pair.state == "open":
            _carry_out(work, pair, wanted, word)
            tell_of_reviews(work)
        return work.people.find_pair(pair_id) or pair


def _carry_out(work: UnitOfWork, pair: PersonPair, wanted: str, word: Word) -> None:
    first, second = pair.match.pair
    if wanted == "separate":
        work.people.decide(first, second, "separate", actor=word.actor, reason=word.reason)
        work.journal.record([_act("people_separated", "separate_people", one, word, {}) for one in (first, second)])
        return
    chain = work.people.find_survivors([first, second])
    ids = {chain.get(first, first), chain.get(second, second)}
    if len(ids) > 1:
        found = {id_: one for id_, one in work.records.load(Kind.PATIENT, ids).items() if isinstance(one, Patient)}
        survivor, merged = sorted(ids, key=lambda id_: rank_of(found[id_]))
        match = Match(survivor, merged, pair.match.rule, pair.match.codes, pair.match.score)
        merge_people(work, [match], found, word)
    work.people.decide(first, second, "merged", actor=word.actor, reason=word.reason)


def rank_of(patient: Patient) -> tuple[object, ...]:
    """Of records of one person the oldest survives; of equally old ones the fuller."""
    blanks = sum(getattr(patient, name) is None for name in type(patient).model_fields)
    return patient.registered_on or date.max, blanks, patient.id


def merge_people(
    work: UnitOfWork,
    matches: Sequence[Match],
    patients: Mapping[str, Patient],
    word: Word,
    before_all: Mapping[str, Patient] | None = None,
) -> dict[str, Merged]:
    """Merge the second of each into the first, within an operation; by merged id. Told, and audited for both.

    Args:
        work: the operation.
        matches: who is merged into whom, and why.
        patients: all of them, as they stand.
        word: who says so.
        before_all: survivors that were changed already by what is merged into them, as they were.
    """
    merges, standing = [], dict(patients)
    for match in matches:
        survivor, merged = standing[match.first], patients[match.second]
        whole = combine(survivor, merged)
        before, after = _changes((before_all or {}).get(match.first, survivor), whole)
        standing[match.first] = whole
        merges.append(NewMerge(match, whole, before, after))
    last = [NewMerge(one.match, standing[one.match.first], one.before, one.after) for one in merges]
    done = work.people.merge(last, actor=word.actor, reason=word.reason, batch_id=word.batch_id)
    for merge in done.values():
        _tell(work, "person_merged", merge, word, merge.moved.get("visit", ()))
    return done


def unmerge_people(store: Store, merge_id: int, word: Word) -> Undone | Standing | Refusal:
    """Take a merge back: what it led to the survivor goes back, and the two are never asked about again.

    What was made for the survivor since stays with the survivor. `unknown_merge`: there is none that stands.
    """
    with store.begin("unmerge_people") as work:
        work.bookings.lock_key(f"person merge {merge_id}")
        merge = work.people.find_merge(merge_id)
        if merge is None:
            return Refusal(("unknown_merge",))
        dependants = work.people.find_dependants(merge)
        if dependants:
            return Standing(dependants)
        survivor = work.records.load(Kind.PATIENT, [merge.survivor_id])[merge.survivor_id]
        assert isinstance(survivor, Patient)
        restored, kept = _restored(survivor, merge)
        visits = work.people.unmerge(merge, restored, actor=word.actor, reason=word.reason)
        work.people.decide(merge.survivor_id, merge.merged_id, "separate", actor=word.actor, reason=word.reason)
        _tell(work, "person_unmerged", merge, word, visits)
        work.outbox.enqueue_all(word.told_of_people, Kind.PATIENT, [merge.survivor_id, merge.merged_id])
        return Undone(merge.survivor_id, merge.merged_id, visits, kept)


def tell_of_reviews(work: UnitOfWork) -> None:
    """One issue for the whole queue: how many pairs wait."""
    waiting = work.people.count_open()
    if waiting:
        said = [f"{waiting} pairs of patients may be one person: `hub people review`"]
        work.issues.open([Issue(REVIEW, "people", "all", (), {"count": waiting, "problems": said})])
    else:
        work.issues.close(REVIEW, "people", ["all"])


def _changes(survivor: Patient, whole: Patient) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that change: as they were, as they will be; in JSON's types."""
    old, new = survivor.model_dump(mode="json"), whole.model_dump(mode="json")
    names = [name for name in old if old[name] != new[name]]
    return {name: old[name] for name in names}, {name: new[name] for name in names}


def _restored(survivor: Patient, merge: Merged) -> tuple[Patient, tuple[str, ...]]:
    """The survivor as before, but for what was changed since; and the names of that."""
    now = survivor.model_dump(mode="json")
    kept = tuple(name for name, value in merge.after.items() if now[name] != value)
    fields = {name: value for name, value in merge.before.items() if name not in kept}
    return Patient.model_validate({**now, **fields}), kept


def _tell(work: UnitOfWork, event: str, merge: Merged, word: Word, visits: Iterable[str]) -> None:
    action = "merge_people" if event == "person_merged" else "unmerge_people"
    detail = {"merge_id": merge.id, "survivor_id": merge.survivor_id, "merged_id": merge.merged_id, "rule": merge.rule}
    both = merge.survivor_id, merge.merged_id
    work.journal.record([_act(event, action, one, word, detail) for one in both])
    if word.told:
        for visit_id in visits:
            for system in word.told:
                work.outbox.enqueue(system, Kind.VISIT, visit_id)


def _act(event: str, action: str, patient_id: str, word: Word, detail: Mapping[str, Any]) -> Act:
    audit = AuditEntry(
        word.actor, action, Kind.PATIENT, patient_id, patient_id=patient_id, reason=word.reason, detail=detail
    )
    return Act(event, audit, detail)
