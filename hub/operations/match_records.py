"""The place where a record that is met for the first time finds the canonical record it is.

Only patients are matched: by the rules alone, against those whom an index finds. Whom the rules are sure of is linked
to who is there; who may be the same becomes a patient of their own and waits in the queue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical, Patient
from hub.canonical.source import SourceRef
from hub.operations.linked_system import LinkedSystem
from hub.operations.merge_people import MATCHING, Word, merge_people, rank_of, tell_of_reviews
from hub.ports import Link, UnitOfWork
from hub.sync.people.decide import Decided, decide_people
from hub.sync.people.normal import normal_person
from hub.sync.people.population import Population


@dataclass(frozen=True, slots=True)
class Matches:
    """Who of those that a page brought for the first time is who."""

    ids: Mapping[SourceRef, str] = field(default_factory=dict)
    """The canonical record that each is; what is not here becomes a record of its own."""
    decided: Decided = field(default_factory=Decided)
    met: Mapping[str, tuple[SourceRef, Patient]] = field(default_factory=dict)
    """The id of its own that each would have → where it came from, and as it came."""


def match_records(fresh: Sequence[tuple[SourceRef, Canonical]], uow: UnitOfWork) -> Matches:
    """Who these decoded records without a link are. It only reads: a pull's rehearsal asks it, too. Others
    who match wait for the end of the transaction.

    How usual a name is nobody counts here: what hangs on that is for a person.
    """
    met = {str(record.id): (ref, record) for ref, record in fresh if isinstance(record, Patient)}
    if not met:
        return Matches()
    uow.bookings.lock_key(MATCHING)
    known = uow.people.load_like([record for _, record in met.values()])
    patients = {**known, **{id_: record for id_, (_, record) in met.items()}}
    decided = decide_people(
        [normal_person(one) for one in patients.values()],
        lambda id_: (id_ in met, *rank_of(patients[id_])),
        population=Population(),
        new=frozenset(met),
        settled=uow.people.find_settled(patients),
    )
    return Matches({met[one.second][0]: one.first for one in decided.merges}, decided, met)


def keep_matches(system: LinkedSystem, matches: Matches, before: Mapping[str, Canonical], uow: UnitOfWork) -> None:
    """Write down who was found to be whom, so that it can be taken back, and queue the rest; once the page is applied.

    Each that was linked to somebody who was there is kept beside them as it came: that is what comes back.

    Args:
        system: where they came from.
        matches: what was found.
        before: patients whom the page changed, as they were.
        uow: the transaction of the page.
    """
    merges, word = matches.decided.merges, Word(f"system:{system.name}")
    own = {one.second: matches.met[one.second] for one in merges}
    if own:
        uow.records.save([record for _, record in own.values()])
        links = uow.links.find([ref for ref, _ in own.values()])
        uow.links.save([Link(ref, id_, links[ref].source_record_id) for id_, (ref, _) in own.items()])
        standing = uow.records.load(Kind.PATIENT, {one.first for one in merges})
        patients = {**_patients(standing), **{id_: record for id_, (_, record) in own.items()}}
        as_came = {id_: record for id_, (_, record) in matches.met.items()}
        merge_people(uow, merges, patients, word, as_came | _patients(before))
        uow.outbox.enqueue_all(system.told_of(Kind.PATIENT) - {system.name}, Kind.PATIENT, sorted(standing))
    uow.people.open_pairs(matches.decided.reviews)
    if matches.decided != Decided():
        tell_of_reviews(uow)


def _patients(records: Mapping[str, Canonical]) -> dict[str, Patient]:
    return {id_: record for id_, record in records.items() if isinstance(record, Patient)}
