"""Find out which patients are one person: merge whom the rules are sure of, queue whom a person must decide."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from hub.canonical.records import Patient
from hub.operations.merge_people import MATCHING, Word, merge_people, rank_of, tell_of_reviews
from hub.ports import Store, UnitOfWork
from hub.ports.people import Matcher
from hub.sync.people.decide import Decided, decide_people
from hub.sync.people.normal import normal_person

SYSTEM = "system:matching"
_OWN_WORD = Word(SYSTEM)
Progress = Callable[[str, int], None]
"""Called with what is done next, and with how many."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What matching did."""

    people: int
    """Looked at."""
    decided: Decided
    new_reviews: int


def match_all(
    store: Store,
    matcher: Matcher,
    word: Word = _OWN_WORD,
    progress: Progress = lambda _what, _people: None,
) -> Matched:
    """All patients of the hub against each other, in one transaction. Twice equals once.

    Scoring takes its seconds outside of it, on what was read before; who came or went meanwhile is left alone. `word`:
    who says so, and who hears of it.
    """
    with store.begin("read_people") as work:
        people = [normal_person(one) for one in work.people.load_all().values()]
    scores = None
    if matcher.likeness is not None and len(people) >= matcher.least_people:
        progress("score pairs", len(people))
        scores = matcher.likeness.score(people, matcher.thresholds.review)
    progress("compare people", len(people))
    with store.begin("match_people") as work:
        work.bookings.lock_key(MATCHING)
        patients = work.people.load_all()
        decided = decide_people(
            [normal_person(one) for one in patients.values()],
            lambda id_: rank_of(patients[id_]),
            settled=work.people.find_settled(),
            scores=scores,
            thresholds=matcher.thresholds,
        )
        progress("merge people", len(decided.merges))
        return _carry_out(work, decided, patients, word)


def match_loaded(work: UnitOfWork, ids: Collection[str], matcher: Matcher, batch_id: int | None = None) -> Matched:
    """Patients that an import wrote, within it, against each other and everybody; whoever was there before survives."""
    patients = work.people.load_all()
    people = [normal_person(one) for one in patients.values()]
    scores = None
    if matcher.likeness is not None and len(people) >= matcher.least_people:
        scores = matcher.likeness.score(people, matcher.thresholds.review)
    new = frozenset(ids)
    decided = decide_people(
        people,
        lambda id_: (id_ in new, *rank_of(patients[id_])),
        new=new,
        settled=work.people.find_settled(),
        scores=scores,
        thresholds=matcher.thresholds,
    )
    return _carry_out(work, decided, patients, Word(SYSTEM, batch_id=batch_id))


def _carry_out(work: UnitOfWork, decided: Decided, patients: dict[str, Patient], word: Word) -> Matched:
    merge_people(work, decided.merges, patients, word)
    opened = work.people.open_pairs(decided.reviews)
    if decided != Decided():
        tell_of_reviews(work)
    return Matched(len(patients), decided, opened)
