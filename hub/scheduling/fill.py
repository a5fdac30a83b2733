"""Place facts: whom their records name, whom the engine fills in for what they leave open, and which rules they break.

A name that a record gives counts more than one that the engine chose: the engine's claims make way for it. Nothing is
refused; what cannot be filled stays open, and says so among the reasons.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations

from hub.canonical.practice import PROVIDER, Practice, PracticeResource
from hub.scheduling.assignment import Chosen, Slot
from hub.scheduling.board import Board
from hub.scheduling.decision import PlannedPromise, Reassignment
from hub.scheduling.diary import Diary
from hub.scheduling.fact_book import FactBook
from hub.scheduling.fact_promises import Pledges, promises_of
from hub.scheduling.facts import Fact, Outline, Stretch, outline_of, part_of
from hub.scheduling.filled import FilledClaim, FilledVisit
from hub.scheduling.judge import judge
from hub.scheduling.loosened import Loosened, loosened
from hub.scheduling.protocol import candidates, needs_of
from hub.scheduling.reassign import NoWay, Way, find_way
from hub.scheduling.request import Trip
from hub.scheduling.timeline import joined, minute_of

_OWN = frozenset({"patient_busy", "in_the_past"})
"""What is no rule broken by a fact: an overlap of its patient is contested by itself, and now is not then."""
SEARCH_STOPPED = "search_stopped"
"""A name stays open, and whether others could have made way was not tried to the end."""
_PATIENCE = 5
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PlacedFact:
    """What a fact takes from now on."""

    visit: FilledVisit
    """With its claims; their ids are only this answer's."""
    reasons: tuple[str, ...]
    """The codes of the rules that it breaks, sorted; overlaps are not among them."""
    promises: tuple[PlannedPromise, ...] = ()
    """Of stock, good or not, in order of products."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What became of facts, and of those that made way for them."""

    placed: tuple[PlacedFact, ...]
    """In the order given."""
    displaced: tuple[PlacedFact, ...]
    """Others whose filled claims changed."""


def fill_facts(practice: Practice, diary: Diary, facts: Sequence[Fact], now: datetime) -> Filling:
    """Place facts in a diary that holds everything around them, themselves included or not."""
    filler = _Filler(practice, diary, facts)
    filler.name(facts)
    filler.displace()
    filler.fill()
    judged = filler.judge(now)
    wanted = [fact.visit.id for fact in facts]
    changed = sorted(judged.keys() - set(wanted))
    return Filling(tuple(judged[one] for one in wanted), tuple(judged[one] for one in changed))


class _Filler:
    """The facts of one batch, as they are placed one by one."""

    def __init__(self, practice: Practice, diary: Diary, facts: Sequence[Fact]) -> None:
        own = {fact.visit.id for fact in facts}
        others = tuple(visit for visit in diary.filled if visit.id not in own)
        gone = [(claim.resource_id, claim.id) for fact in facts for claim in fact.visit.claims]
        self._practice = practice
        self._book = FactBook(practice, diary.exchanging(gone, filled=others))
        self._outlines: dict[str, Outline] = {}
        self._facts: dict[str, Fact] = {}
        self._standing: dict[str, FilledVisit] = {}
        self._pledges = Pledges(diary.promises)
        self._unproven: set[str] = set()

    def name(self, facts: Iterable[Fact]) -> None:
        """Take what the records name, all of it before anything is filled."""
        for fact in sorted(facts, key=_order):
            self._pledges.remove(fact.promised)
            outline = self._note(fact)
            self._put(fact.visit, (), _named_claims(fact.visit, outline))

    def displace(self) -> None:
        """Take out what the engine chose before and a record now names for others."""
        named = {claim.resource_id for visit in self._standing.values() for claim in visit.claims}
        for visit in self._book.all_filled():
            if visit.id in self._standing:
                continue
            if any(one.is_reassignable and one.resource_id in named and self._is_overfull(one) for one in visit.claims):
                kept = tuple(claim for claim in visit.claims if not claim.is_reassignable)
                self._note_displaced(visit)
                self._put(visit, visit.claims, kept)

    def fill(self) -> None:
        """Fill what is open, in order of arrival."""
        for visit in self._in_order():
            outline = self._outlines[visit.id]
            if outline.open_names:
                self._fill(visit, outline)

    def judge(self, now: datetime) -> dict[str, PlacedFact]:
        """Every visit that was placed, by id. Who arrives first is promised first; what others are promised stands."""
        return {visit.id: self._judged(visit, now) for visit in self._in_order()}

    def _in_order(self) -> list[FilledVisit]:
        return sorted(self._standing.values(), key=lambda one: (one.location_id, one.arrives_at, one.id))

    def _judged(self, visit: FilledVisit, now: datetime) -> PlacedFact:
        promises = promises_of(self._practice, self._facts[visit.id])
        reasons = self._reasons(visit, now)
        self._pledges.add(promises)
        if visit.id in self._unproven:
            reasons = tuple(sorted({*reasons, SEARCH_STOPPED}))
        return PlacedFact(visit, reasons, tuple(sorted(promises, key=lambda one: one.product_id)))

    def _reasons(self, visit: FilledVisit, now: datetime) -> tuple[str, ...]:
        """The rules that it breaks where it stands, its resources' other visits aside."""
        outline = self._outlines[visit.id]
        if outline.service is None:
            return ()
        names = {claim.need: claim.resource_id for claim in visit.claims if claim.need in outline.service.names}
        board = self._book.board(visit)
        claims_of = board.diary.claims_of
        beside = [(one, claim.id) for one in {*names.values()} for claim in claims_of.get(one, ())]
        alone = board.diary.exchanging(beside, visits=self._book.others_of(visit), promises=self._pledges.standing())
        trip = Trip((part_of(visit, outline.service, names),), visit.location_id)
        verdict = judge(board.following(alone), trip, minute_of(visit.arrives_at), now)
        return tuple(sorted(verdict.reasons - _OWN))

    def _fill(self, visit: FilledVisit, outline: Outline) -> None:
        board, stopped = self._book.board(visit), False
        way = self._way(Loosened(board, ()), visit, outline, outline.open_names)
        if not isinstance(way, Way):
            loose = loosened(board)
            way = self._way(loose, visit, outline, outline.open_names) if loose.facts else way
        if not isinstance(way, Way):
            stopped = not way.is_proven
            way = self._partial(Loosened(board, ()), visit, outline)
        if stopped:
            self._unproven.add(visit.id)
        for change in _by_visit(way.reassignments):
            self._make_way(change)
        filled = {name: one for (_, name), one in way.choice.items()}
        self._put(visit, visit.claims, (*visit.claims, *_claims(visit, outline.stretches, filled)))

    def _partial(self, loose: Loosened, visit: FilledVisit, outline: Outline) -> Way:
        """As many names as can be filled together, without moving others."""
        names = outline.open_names
        some = (chosen for size in range(len(names) - 1, 0, -1) for chosen in combinations(names, size))
        ways = (self._way(loose, visit, outline, chosen) for chosen in some)
        return next((way for way in ways if isinstance(way, Way)), Way({}, ()))

    def _way(self, loose: Loosened, visit: FilledVisit, outline: Outline, names: tuple[str, ...]) -> Way | NoWay:
        at = minute_of(visit.arrives_at)
        before = _filled_by(self._facts[visit.id].visit)
        slots = [_slot(loose.board, visit, outline, name, before.get(name)) for name in names]
        kept = tuple(_kept(loose.board, visit, outline))
        return find_way(loose, slots, at, kept, patience=_PATIENCE)

    def _make_way(self, changes: list[Reassignment]) -> None:
        """Another fact's names go to others."""
        places = {one.claim_id: one.resource_id for one in changes}
        visit = self._book.find(changes[0].visit_id)
        if visit.id not in self._facts:
            self._note_displaced(visit)
        after = (replace(one, resource_id=places.get(one.id, one.resource_id)) for one in visit.claims)
        self._put(visit, visit.claims, tuple(after))

    def _note(self, fact: Fact) -> Outline:
        self._facts[fact.visit.id] = fact
        outline = self._outlines[fact.visit.id] = outline_of(self._practice, fact)
        return outline

    def _note_displaced(self, visit: FilledVisit) -> None:
        """One that stood already: what it promises is what it would promise now."""
        kept = {(one.need, one.resource_id): None for one in visit.claims if not one.is_reassignable}
        fact = Fact(visit, tuple(kept))
        self._pledges.remove(promises_of(self._practice, fact))
        self._note(fact)

    def _put(self, visit: FilledVisit, before: tuple[FilledClaim, ...], after: tuple[FilledClaim, ...]) -> None:
        numbered = (replace(claim, id=f"{visit.id}:{number}") for number, claim in enumerate(after))
        self._standing[visit.id] = replace(visit, claims=tuple(numbered))
        self._book.replace_claims(before, self._standing[visit.id])

    def _is_overfull(self, claim: FilledClaim) -> bool:
        resource = self._practice.find_resource(claim.resource_id)
        near = self._book.taken_on(claim.resource_id, claim.start_at, claim.end_at)
        starts = {max(one.start_at, claim.start_at) for one in near}
        deepest = max((sum(one.start_at <= at < one.end_at for one in near) for at in starts), default=0)
        return resource is None or deepest > resource.capacity


def _order(fact: Fact) -> tuple[str, datetime, str]:
    return fact.visit.location_id, fact.visit.arrives_at, fact.visit.id


def _by_visit(reassignments: Iterable[Reassignment]) -> list[list[Reassignment]]:
    grouped: dict[str, list[Reassignment]] = {}
    for one in reassignments:
        grouped.setdefault(one.visit_id, []).append(one)
    return list(grouped.values())


def _filled_by(visit: FilledVisit) -> dict[str, str]:
    """Who filled which name until now."""
    return {claim.need: claim.resource_id for claim in visit.claims if claim.is_reassignable}


def _named_claims(visit: FilledVisit, outline: Outline) -> tuple[FilledClaim, ...]:
    beside = (
        FilledClaim("", resource_id, word, None, visit.arrives_at, visit.leaves_at, is_reassignable=False)
        for word, resource_id in outline.beside
    )
    named = _claims(visit, outline.stretches, outline.named)
    return (*beside, *(replace(claim, is_reassignable=False) for claim in named))


def _claims(visit: FilledVisit, stretches: Iterable[Stretch], who: Mapping[str, str]) -> Iterator[FilledClaim]:
    for one in stretches:
        if one.name in who:
            start_at = visit.arrives_at + one.start * _MINUTE
            end_at = visit.arrives_at + one.end * _MINUTE if one.step else visit.leaves_at
            yield FilledClaim("", who[one.name], one.name, one.step, start_at, end_at, is_reassignable=True)


def _kept(board: Board, visit: FilledVisit, outline: Outline) -> Iterator[Chosen]:
    for name, resource_id in outline.named.items():
        if resource_id in board.resources:
            yield _slot(board, visit, outline, name, resource_id), board.resources[resource_id]


def _slot(board: Board, visit: FilledVisit, outline: Outline, name: str, first: str | None) -> Slot:
    """The name as something to fill; `first` comes first among its candidates."""
    service = outline.service
    assert service is not None
    names = [step.name for step in service.steps]
    own = [one for one in outline.stretches if one.name == name]
    steps = {names.index(one.step) for one in own if one.step is not None} or set(range(len(names)))
    spans = joined([(one.start, one.end) for one in own])
    needs = needs_of(service, name)
    who = _candidates(board, visit, outline, name, first)
    qualified = {one.id: board.certified(one, needs, 0) for one in who}
    free = {one.id: qualified[one.id] & board.fitting(one.id, spans) for one in who}
    return Slot((0, name), needs[0].kind, frozenset(steps), spans, who, qualified, free)


def _candidates(
    board: Board, visit: FilledVisit, outline: Outline, name: str, first: str | None
) -> tuple[PracticeResource, ...]:
    assert outline.service is not None
    part = part_of(visit, outline.service, {})
    found = candidates(board.practice, Trip((part,), visit.location_id), part, name)
    lengths = outline.providers if name == PROVIDER else None
    able = (one for one in found if lengths is None or one.id in lengths)
    return tuple(sorted(able, key=lambda one: one.id != first))
