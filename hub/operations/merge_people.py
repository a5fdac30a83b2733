"""Make two records of one person one, and take that back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.operations.lead_conflicts import find_lost, lead_conflicts, lead_conflicts_back
from hub.operations.tell_who_knows import tell_of_moved, tell_who_knows
from hub.ports import Act, AuditEntry, Issue, Store, UnitOfWork
from hub.ports.people import Merged, NewMerge, PersonPair
from hub.scheduling.decision import Refusal
from hub.sync.lineage import Lineage
from hub.sync.people.combine import Combined, Side, Words, combine_sides
from hub.sync.people.decide import Match
from hub.sync.system_of_record import RecordRules

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
    told: Mapping[Kind, Collection[str]] = field(default_factory=dict)
    """By kind, the systems that are told of its changes; of a history that is moved nobody is told."""
    rules: RecordRules | None = None
    """Whose word counts where both say something; None: the survivor's."""


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
    before_all: Mapping[str, Side] | None = None,
) -> dict[str, Merged]:
    """Merge the second of each into the first, within an operation; by merged id. Told, and audited for both.

    Args:
        work: the operation.
        matches: who is merged into whom, and why.
        patients: all of them, as they stand.
        word: who says so.
        before_all: survivors that have become what they are to be already, as they were; None: that is decided here.
    """
    if not matches:
        return {}
    standing = _sides(work, {id_ for match in matches for id_ in match.pair}, patients)
    words = _words(work, standing, word) if before_all is None else None
    merges: list[NewMerge] = []
    combined: dict[str, Combined] = {}
    for match in matches:
        survivor, merged = standing[match.first], standing[match.second]
        whole = Combined(survivor.patient) if before_all is not None else combine_sides(survivor, merged, words)
        was = (before_all or {}).get(match.first, survivor)
        before, after = _changes(was.patient, whole.patient)
        origins_before = {name: was.lineage.of(name) for name in before}
        origins = {**survivor.lineage.fields, **whole.origins}
        standing[match.first] = Side(whole.patient, replace(survivor.lineage, fields=origins))
        combined[match.second] = whole
        merges.append(NewMerge(match, whole.patient, before, after, origins, origins_before))
    last = [_as_ended(one, standing[one.match.first]) for one in merges]
    done = work.people.merge(last, actor=word.actor, reason=word.reason, batch_id=word.batch_id)
    lead_conflicts(work, {one: merge.survivor_id for one, merge in done.items()}, find_lost(done, combined))
    _note(work, "person_merged", done.values(), word)
    _tell(work, done.values(), word)
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
        work.people.decide(merge.survivor_id, merge.merged_id, "separate", actor=word.actor, reason=word.reason)
        return take_back_merge(work, merge, word)


def take_back_merge(work: UnitOfWork, merge: Merged, word: Word) -> Undone:
    """Take one back on which nothing stands, within an operation; whether they are two is still open."""
    survivor = work.records.load(Kind.PATIENT, [merge.survivor_id])[merge.survivor_id]
    assert isinstance(survivor, Patient)
    restored, kept = _restored(survivor, merge)
    visits = work.people.unmerge(merge, restored, actor=word.actor, reason=word.reason)
    lead_conflicts_back(work, merge)
    _note(work, "person_unmerged", [merge], word)
    tell_of_moved(work, word.told, {**merge.moved, "visit": visits})
    both = {one: (one,) for one in (merge.survivor_id, merge.merged_id)}
    tell_who_knows(work, word.told.get(Kind.PATIENT, ()), Kind.PATIENT, both, before=merge.merged_at)
    return Undone(merge.survivor_id, merge.merged_id, visits, kept)


def tell_of_reviews(work: UnitOfWork) -> None:
    """One issue for the whole queue: how many pairs wait."""
    waiting = work.people.count_open()
    if waiting:
        said = [f"{waiting} pairs of patients may be one person: `hub people review`"]
        work.issues.open([Issue(REVIEW, "people", "all", (), {"count": waiting, "problems": said})])
    else:
        work.issues.close(REVIEW, "people", ["all"])


def _sides(work: UnitOfWork, ids: Collection[str], patients: Mapping[str, Patient]) -> dict[str, Side]:
    lineages = work.records.load_lineage(Kind.PATIENT, ids)
    return {id_: Side(patients[id_], lineages.get(id_) or Lineage(work.now)) for id_ in ids}


def _words(work: UnitOfWork, sides: Mapping[str, Side], word: Word) -> Words | None:
    if word.rules is None:
        return None
    origins = (origin for side in sides.values() for origin in side.lineage.fields.values())
    numbers = {one.source_record_id for one in origins if one.source_record_id is not None}
    history = frozenset(work.landing.find_batches(sorted(numbers))) if numbers else frozenset[int]()
    return Words(word.rules.without(work.cutovers.find_silent()).of(Kind.PATIENT), history)


def _as_ended(merge: NewMerge, survivor: Side) -> NewMerge:
    """With the survivor as the last of all that are merged into it leaves it."""
    return replace(merge, survivor=survivor.patient, origins=survivor.lineage.fields)


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


def _tell(work: UnitOfWork, merges: Collection[Merged], word: Word) -> None:
    """Whoever has either of two hears of the one: also who waits to be told of the other."""
    for one in merges:
        tell_of_moved(work, word.told, one.moved)
    known_as: dict[str, list[str]] = {}
    for one in merges:
        known_as.setdefault(one.survivor_id, [one.survivor_id]).append(one.merged_id)
    tell_who_knows(work, word.told.get(Kind.PATIENT, ()), Kind.PATIENT, known_as)


def _note(work: UnitOfWork, event: str, merges: Iterable[Merged], word: Word) -> None:
    action = "merge_people" if event == "person_merged" else "unmerge_people"
    acts: list[Act] = []
    for one in merges:
        both = {"survivor_id": one.survivor_id, "merged_id": one.merged_id}
        detail = {"merge_id": one.id, **both, "rule": one.rule}
        acts += (_act(event, action, id_, word, detail) for id_ in both.values())
    work.journal.record(acts)


def _act(event: str, action: str, patient_id: str, word: Word, detail: Mapping[str, Any]) -> Act:
    audit = AuditEntry(
        word.actor, action, Kind.PATIENT, patient_id, patient_id=patient_id, reason=word.reason, detail=detail
    )
    return Act(event, audit, detail)
