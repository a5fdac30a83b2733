"""The place where a record that is met for the first time finds the canonical record it is.

Only patients are matched: by the rules alone, against those whom an index finds. Whom the rules are sure of is linked
to who is there; who may be the same becomes a patient of their own and waits in the queue.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from hub.canonical.ids import Kind
from hub.canonical.records import Canonical, Patient
from hub.canonical.source import SourceRef
from hub.operations.linked_system import LinkedSystem
from hub.operations.merge_people import MATCHING, Word, merge_people, rank_of, tell_of_reviews
from hub.ports import Link, UnitOfWork
from hub.sync.lineage import REST
from hub.sync.people.combine import Side
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
    known: Mapping[str, Side] = field(default_factory=dict)
    """Those who were there and are found to be one of these, as they stand."""


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
    firsts = {one.first for one in decided.merges} - met.keys()
    lineages = uow.records.load_lineage(Kind.PATIENT, firsts)
    stands = {id_: Side(known[id_], lineages[id_]) for id_ in firsts}
    return Matches({met[one.second][0]: one.first for one in decided.merges}, decided, met, stands)


def keep_matches(system: LinkedSystem, matches: Matches, uow: UnitOfWork) -> None:
    """Write down who was found to be whom, so that it can be taken back, and queue the rest; once the page is applied.

    Each that was linked to somebody who was there is kept beside them as it came: that is what comes back.

    Args:
        system: where they came from.
        matches: what was found.
        uow: the transaction of the page.
    """
    merges = matches.decided.merges
    others = system.told_of(Kind.PATIENT) - {system.name}
    word = Word(f"system:{system.name}", told={Kind.PATIENT: others})
    own = {one.second: matches.met[one.second] for one in merges}
    if own:
        links = uow.links.find([ref for ref, _ in own.values()])
        came = {id_: number for id_, (ref, _) in own.items() if (number := links[ref].source_record_id) is not None}
        uow.records.save([record for _, record in own.values()], sources=came)
        uow.links.save([Link(ref, id_, came.get(id_)) for id_, (ref, _) in own.items()])
        firsts = {one.first for one in merges}
        patients = {**_patients(uow, firsts), **{id_: record for id_, (_, record) in own.items()}}
        merge_people(uow, merges, patients, word, {**_as_came(uow, matches, firsts), **matches.known})
    uow.people.open_pairs(matches.decided.reviews)
    if matches.decided != Decided():
        tell_of_reviews(uow)


def _as_came(uow: UnitOfWork, matches: Matches, ids: AbstractSet[str]) -> dict[str, Side]:
    """Those of them who came with the page: the rest of it may have changed them since."""
    lineages = uow.records.load_lineage(Kind.PATIENT, ids & matches.met.keys())
    whole = {id_: {REST: one.of(REST)} for id_, one in lineages.items()}
    return {id_: Side(matches.met[id_][1], replace(one, fields=whole[id_])) for id_, one in lineages.items()}


def _patients(uow: UnitOfWork, ids: Collection[str]) -> dict[str, Patient]:
    found = uow.records.load(Kind.PATIENT, ids).items()
    return {id_: record for id_, record in found if isinstance(record, Patient)}
