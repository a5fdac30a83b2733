"""From pairs to people: merges that contradict nobody, and pairs for a person to decide."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.sync.people.blocks import find_pairs
from hub.sync.people.compare import compare
from hub.sync.people.judge import Judgement, Outcome, judge
from hub.sync.people.normal import Person
from hub.sync.people.population import Population, count_population

Pair = tuple[str, str]
"""Two ids in order."""
Scores = Mapping[Pair, float]
"""How likely two are one person, 0 to 1; a pair without a score is not likely."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a score decides, where the rules leave it open."""

    merge: float = 0.999
    """From here on two are one, if nothing contradicts and they share a phone or a mailbox."""
    review: float = 0.5
    """From here on a person decides; below, they are two."""


@dataclass(frozen=True, slots=True)
class Match:
    """A pair with its evidence: which rule, how the fields agree, how likely. Nothing personal."""

    first: str
    second: str
    rule: str
    codes: tuple[str, ...]
    score: float | None = None

    @property
    def pair(self) -> Pair:
        """Both ids, in order."""
        return pair_of(self.first, self.second)


@dataclass(frozen=True, slots=True)
class Decided:
    """Who is one person."""

    merges: tuple[Match, ...] = ()
    """First is the survivor, second the one that is merged into it; a survivor is merged into nobody."""
    reviews: tuple[Match, ...] = ()


Rank = Callable[[str], tuple[object, ...]]
"""The lowest of those who are one person survives."""


def pair_of(one: str, other: str) -> Pair:
    """Both ids in order."""
    return (one, other) if one < other else (other, one)


def decide_people(
    people: Sequence[Person],
    rank: Rank,
    *,
    population: Population | None = None,
    new: frozenset[str] | None = None,
    settled: Collection[Pair] = frozenset(),
    scores: Scores | None = None,
    thresholds: Thresholds = Thresholds(),
) -> Decided:
    """Decide who is one person. The same people in any order give the same answer.

    Args:
        people: all who are compared, each id once.
        rank: of those who are one person, the lowest survives.
        population: what is usual; None: counted among `people`.
        new: only pairs with one of these are looked at; None: all.
        settled: pairs that a person said are two; they are never merged nor asked about again.
        scores: None: nobody scored; what the rules leave open is for a person.
        thresholds: what a score decides.
    """
    ordered = sorted(people, key=lambda person: person.id)
    population = population or count_population(ordered)
    by_id = {person.id: person for person in ordered}
    pairs = {pair_of(a.id, b.id): (a, b) for a, b in find_pairs(ordered, population, new)}
    for a, b in scores or ():
        if a in by_id and b in by_id and (new is None or a in new or b in new):
            pairs.setdefault(pair_of(a, b), (by_id[a], by_id[b]))
    clusters = _Clusters(by_id, population, frozenset(settled))
    reviews: list[Match] = []
    for pair, (one, other) in sorted(pairs.items(), key=lambda item: item[0]):
        if pair in clusters.settled:
            continue
        judged = _with_score(judge(compare(one, other, population)), pair, scores, thresholds)
        match = Match(*pair, judged.rule, judged.compared.codes, None if scores is None else scores.get(pair))
        if judged.outcome is Outcome.MERGE:
            clusters.wanted.append(match)
        elif judged.outcome is Outcome.REVIEW:
            reviews.append(match)
    reviews += clusters.join()
    return clusters.decided(reviews, rank)


def _with_score(judged: Judgement, pair: Pair, scores: Scores | None, thresholds: Thresholds) -> Judgement:
    """What is open becomes what its score says; no score undoes a rule."""
    if judged.outcome is not Outcome.OPEN:
        return judged
    if scores is None:
        return replace(judged, outcome=Outcome.REVIEW) if judged.compared.ties else judged
    score = scores.get(pair, 0.0)
    if score >= thresholds.merge and judged.compared.contacts:
        return Judgement(Outcome.MERGE, f"score_{judged.rule}", judged.compared)
    return replace(judged, outcome=Outcome.REVIEW if score >= thresholds.review else Outcome.SEPARATE)


@dataclass(slots=True)
class _Clusters:
    """Groups of one person each, in which no two contradict each other."""

    by_id: Mapping[str, Person]
    population: Population
    settled: frozenset[Pair]
    wanted: list[Match] = field(default_factory=list)
    members: dict[str, list[str]] = field(default_factory=dict)
    head: dict[str, str] = field(default_factory=dict)
    why: dict[str, list[Match]] = field(default_factory=dict)

    def join(self) -> list[Match]:
        """Merge what is wanted, those with most in common first; gives what contradicts somebody already there."""
        refused: list[Match] = []
        for match in sorted(self.wanted, key=lambda one: (-_strength(one), one.pair)):
            ours, theirs = self._head_of(match.first), self._head_of(match.second)
            if ours == theirs:
                continue
            if self._contradict(ours, theirs):
                refused.append(replace(match, rule="contradicts_another"))
                continue
            self.members[ours] += self.members.pop(theirs)
            self.head |= dict.fromkeys(self.members[ours], ours)
            self.why[ours] = [*self.why.get(ours, ()), *self.why.pop(theirs, ()), match]
        return refused

    def decided(self, reviews: Sequence[Match], rank: Rank) -> Decided:
        """Every group as merges into its survivor; reviews between survivors."""
        merges: list[Match] = []
        survivors: dict[str, str] = {}
        for head, ids in self.members.items():
            survivor = min(ids, key=lambda id_: (*rank(id_), id_))
            survivors |= dict.fromkeys(ids, survivor)
            merges += (self._merge(head, survivor, id_) for id_ in sorted(ids) if id_ != survivor)
        asked: dict[Pair, Match] = {}
        for match in reviews:
            first, second = (survivors.get(id_, id_) for id_ in match.pair)
            if first != second and pair_of(first, second) not in self.settled:
                asked.setdefault(pair_of(first, second), replace(match, first=first, second=second))
        return Decided(tuple(sorted(merges, key=lambda one: one.pair)), tuple(asked[pair] for pair in sorted(asked)))

    def _merge(self, head: str, survivor: str, merged: str) -> Match:
        """With the evidence of the pair itself or, where a third one ties them, of one that has the merged in it."""
        by_pair = {match.pair: match for match in self.why[head]}
        own = next(match for match in self.why[head] if merged in match.pair)
        return replace(by_pair.get(pair_of(survivor, merged), own), first=survivor, second=merged)

    def _head_of(self, id_: str) -> str:
        if id_ not in self.head:
            self.head[id_], self.members[id_] = id_, [id_]
        return self.head[id_]

    def _contradict(self, ours: str, theirs: str) -> bool:
        return any(self._are_two(one, other) for one in self.members[ours] for other in self.members[theirs])

    def _are_two(self, one: str, other: str) -> bool:
        if pair_of(one, other) in self.settled:
            return True
        compared = compare(self.by_id[one], self.by_id[other], self.population)
        return judge(compared).outcome is Outcome.VETO


def _strength(match: Match) -> int:
    return sum(code.endswith("_same") for code in match.codes)
