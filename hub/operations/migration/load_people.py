"""Load the patients: decode, find out who is one person, merge whom the rules are sure of, queue the rest."""

from collections.abc import Iterator, Mapping, Sequence

from hub.canonical.ids import Kind, derive
from hub.canonical.records import Patient
from hub.errors import InvalidInput
from hub.operations.match_people import match_loaded
from hub.operations.merge_people import MATCHING, Word, merge_people, tell_of_reviews
from hub.operations.migration.decide_rows import combine_patients
from hub.operations.migration.load_rows import Loader, save_decided
from hub.operations.migration.undecide import DECIDED, undecide_merges
from hub.ports import Disposition, UnitOfWork, Verdict
from hub.sync.people.decide import Match

SAME_PERSON = "same_person"
"""Why a row is merged: another row is the same person."""


def load_people(loader: Loader, work: UnitOfWork, batch_id: int) -> list[Disposition]:
    """Every client; rows that are one person end as one patient with all their source ids.

    Raises:
        InvalidInput: two who are to be kept apart were merged before; that is undone by whoever knows what came since.
            Or a decision to merge was taken out on which something stands.
    """
    work.bookings.lock_key(MATCHING)
    system = loader.history.system
    word = Word(f"migration:{system}", "as decided in the migration folder", batch_id)
    parted = undecide_merges(work, loader.history, word)
    decided = loader.decide_all(work, Kind.PATIENT)
    patients = combine_patients(decided, system)
    changed = save_decided(work, decided, list(patients.values()), system, batch_id)
    ids = list(patients)
    rows = [one.disposition() for one in decided]
    patients.clear()  # they are stored; matching reads them again, and both at once would be twice the memory
    decided.clear()
    _keep_apart(loader, work, word)
    if changed or parted:
        match_loaded(work, {*changed, *parted}, loader.history.matcher, batch_id)
    _merge_decided(loader, work, word)
    survivors = work.people.find_survivors(ids)
    return list(_judged(rows, survivors, _waiting(work, rows)))


def _judged(
    rows: Sequence[Disposition], survivors: Mapping[str, str], waiting: frozenset[str]
) -> Iterator[Disposition]:
    """Of the rows that are one person the first by its id is loaded, whoever's record survived."""
    first: dict[str, str | None] = {}
    for one in sorted(rows, key=lambda one: _natural(one.source_key)):
        if one.canonical_id is not None:
            first.setdefault(survivors.get(one.canonical_id, one.canonical_id), one.source_key)
    for one in rows:
        if one.canonical_id is None:
            yield one
            continue
        person = survivors.get(one.canonical_id, one.canonical_id)
        if first[person] != one.source_key:
            yield one._replace(verdict=Verdict.MERGED, reason=SAME_PERSON, canonical_id=person)
        else:
            yield one._replace(verdict=Verdict.REVIEW if person in waiting else one.verdict, canonical_id=person)


def _waiting(work: UnitOfWork, rows: Sequence[Disposition]) -> frozenset[str]:
    """Patients who may be somebody that came before them: of each open pair the one whose row id is later."""
    place = {one.canonical_id: _natural(one.source_key) for one in rows if one.canonical_id is not None}
    pairs = [pair.match.pair for pair in work.people.find_open()]
    return frozenset(max(pair, key=lambda id_: place.get(id_, (0, ""))) for pair in pairs if set(pair) & place.keys())


def _natural(source_id: str | None) -> tuple[int, str]:
    """`C9` before `C10`; whoever was here before the migration comes first of all."""
    return len(source_id or ""), source_id or ""


def _keep_apart(loader: Loader, work: UnitOfWork, word: Word) -> None:
    decisions, one_already = loader.history.decisions, []
    for place, pair in enumerate(decisions.never_merge):
        first, second = (_patient_id(loader, work, one) for one in pair)
        if first == second:
            hint = f"`hub people merges {first}` lists why; `hub people unmerge NUMBER` parts them. Then run again"
            message = f"{' and '.join(pair)} are one patient already"
            one_already.append(decisions.problem(("never_merge", place), message, "merged_already", hint))
        else:
            work.people.decide(first, second, "separate", actor=word.actor, reason=word.reason)
    if one_already:
        raise InvalidInput(*one_already)


def _merge_decided(loader: Loader, work: UnitOfWork, word: Word) -> None:
    for pair in loader.history.decisions.merge:
        first, second = (_patient_id(loader, work, one) for one in pair)
        survivors = work.people.find_survivors([first, second])
        first, second = survivors.get(first, first), survivors.get(second, second)
        known = work.records.load(Kind.PATIENT, [first, second])
        both = {id_: one for id_, one in known.items() if isinstance(one, Patient)}
        if first != second and len(both) == len({first, second}):
            merge_people(work, [Match(first, second, DECIDED, ())], both, word)
            work.people.decide(first, second, "merged", actor=word.actor, reason=word.reason)
    if loader.history.decisions.merge:
        tell_of_reviews(work)


def _patient_id(loader: Loader, work: UnitOfWork, source_id: str) -> str:
    """The patient that a source id first was."""
    found = work.links.find_all(loader.history.system, Kind.PATIENT).get(source_id)
    return found or derive(Kind.PATIENT, loader.history.system, source_id)
