"""A hundred thousand patients against each other: rules alone, scores alone, and both, with what each gets right.

The people are made up with their truth (tests/legacy): every tenth row is somebody again, a relative, or a namesake.
Baseline: a merge by Splink's score alone, at the same threshold, without the rules.

python -m benchmarks.match_people [--small]
"""

import argparse
from collections import Counter
from collections.abc import Callable
from datetime import date
from random import Random
from time import perf_counter, process_time
from typing import TypeVar

from hub.matching import SplinkLikeness
from hub.sync.people.decide import Decided, Match, Scores, Thresholds, decide_people
from hub.sync.people.normal import Person, normal_person
from tests.legacy.clients import make_clients
from tests.legacy.doubles import Client
from tests.legacy.told_people import check_people, patient_of

Done = TypeVar("Done")
TODAY = date(2026, 3, 2)
PEOPLE, FEW = 91_000, 4_000
THRESHOLDS = Thresholds()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    clients = make_clients(FEW if given.small else PEOPLE, TODAY, Random(given.seed), hard=True)
    patients = [patient_of(client) for client in clients]
    people = _timed("normal forms", lambda: [normal_person(patient) for patient in patients])
    print(f"{len(people)} records")
    rules = _timed("rules", lambda: decide_people(people, _rank))
    scores = _timed("scores", lambda: SplinkLikeness().score(people, THRESHOLDS.review))
    both = _timed("rules with scores", lambda: decide_people(people, _rank, scores=scores))
    _show("scores alone", clients, _by_score(people, scores))
    _show("rules", clients, rules)
    for kind, counts in _show("rules with scores", clients, both).items():
        print(f"    {kind:28} " + ", ".join(f"{became} {count}" for became, count in sorted(counts.items())))


def _timed(name: str, work: Callable[[], Done]) -> Done:
    started, worked = perf_counter(), process_time()
    done = work()
    print(f"{name:20} {perf_counter() - started:7.2f} s, {process_time() - worked:7.2f} s of processors")
    return done


def _rank(_: str) -> tuple[object, ...]:
    return ()


def _by_score(people: list[Person], scores: Scores) -> Decided:
    """Whoever is likely enough is one: groups by their lowest id."""
    heads = {person.id: person.id for person in people}

    def head(id_: str) -> str:
        while heads[id_] != id_:
            id_ = heads[id_]
        return id_

    for (one, other), score in scores.items():
        if score >= THRESHOLDS.merge and head(one) != head(other):
            heads[max(head(one), head(other))] = min(head(one), head(other))
    merges = tuple(Match(head(id_), id_, "score", ()) for id_ in heads if head(id_) != id_)
    reviews = tuple(Match(*pair, "score", (), score) for pair, score in scores.items() if score < THRESHOLDS.merge)
    return Decided(merges, reviews)


def _show(name: str, clients: list[Client], decided: Decided) -> dict[str, Counter[str]]:
    found = check_people(clients, decided)
    precision = 1 - len(found.false_merges) / max(1, len(decided.merges))
    print(
        f"{name:20} precision {precision:.5f}, recall {found.recall:.5f}, {len(found.false_merges)} false merges, "
        f"{found.reviews} for a person, {len(found.unasked)} of those not asked"
    )
    return dict(sorted(found.by_kind.items()))


if __name__ == "__main__":
    main()
