"""A board without the claims that the engine may reassign, and who holds those."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from hub.canonical.practice import PROVIDER, PracticeResource
from hub.scheduling.assignment import Chosen, Slot, free_for
from hub.scheduling.board import Board
from hub.scheduling.filled import FilledClaim, FilledVisit
from hub.scheduling.protocol import candidates, needs_of, step_lengths
from hub.scheduling.request import Part, Trip
from hub.scheduling.timeline import Span, joined, minute_from, minute_of

FIRST_FACT = 1_000
"""Facts take part in an assignment like parts of the trip, with numbers from here on."""


@dataclass(frozen=True)
class Loosened:
    """The board as if the reassignable claims of `facts` were not there."""

    board: Board
    facts: tuple[FilledVisit, ...]

    @cached_property
    def taken(self) -> dict[str, tuple[tuple[Span, int], ...]]:
        """Resource → the reassignable claims on it, each with the number of its fact."""
        found: dict[str, list[tuple[Span, int]]] = {}
        for number, fact in enumerate(self.facts, FIRST_FACT):
            for claim in _reassignable(fact):
                found.setdefault(claim.resource_id, []).append((span_of(claim), number))
        return {resource_id: tuple(spans) for resource_id, spans in found.items()}

    def fact(self, number: int) -> FilledVisit:
        """The fact of that number."""
        return self.facts[number - FIRST_FACT]

    def names_of(self, number: int, at: int) -> tuple[tuple[Slot, ...], tuple[Chosen, ...]]:
        """The names of a fact that may be filled anew, and the others with who fills them, seen from the minute `at`.

        Whoever fills a name now comes first among its candidates.
        """
        fact = self.fact(number)
        by_need: dict[tuple[str, bool], list[FilledClaim]] = {}
        for claim in fact.claims:
            by_need.setdefault((claim.need, claim.is_reassignable), []).append(claim)
        names = {key: self._slot(fact, number, claims, at) for key, claims in by_need.items()}
        movable = [slot for (_, may_go), slot in names.items() if may_go]
        kept = [
            (slot, self.board.resources[by_need[key][0].resource_id])
            for key, slot in names.items()
            if not key[1] and by_need[key][0].resource_id in self.board.resources
        ]
        return tuple(sorted(movable, key=lambda slot: slot.kind != "room")), tuple(kept)

    def _slot(self, fact: FilledVisit, number: int, claims: list[FilledClaim], at: int) -> Slot:
        board, need, current = self.board, claims[0].need, claims[0].resource_id
        service = board.practice.find_service(fact.service_id)
        names = [step.name for step in service.steps] if service else []
        steps = {names.index(claim.step) for claim in claims if claim.step in names}
        spans = joined(sorted((start - at, end - at) for start, end in map(span_of, claims)))
        who = sorted(self._candidates(fact, need, current), key=lambda one: one.id != current)
        arrival = minute_of(fact.arrives_at) - at
        needs = needs_of(service, need) if service else ()
        qualified = {one.id: board.certified(one, needs, arrival) for one in who}
        free = {one.id: qualified[one.id] & free_for(board, one.id, [spans]) for one in who}
        kind = board.resources[current].kind if current in board.resources else need
        taken = frozenset(steps) if steps else frozenset(range(len(names)))
        return Slot((number, need), kind, taken, spans, tuple(who), qualified, free)

    def _candidates(self, fact: FilledVisit, need: str, current: str) -> Iterable[PracticeResource]:
        """Who may fill the name with the lengths that the visit has."""
        part = Part(fact.service_id, fact.patient_id, fact.option_id)
        practice = self.board.practice
        service = practice.find_service(fact.service_id)
        found = candidates(practice, Trip((part,), fact.location_id), part, need)
        if need != PROVIDER or service is None:
            return found
        option = service.option(fact.option_id)
        lengths = step_lengths(service, option, current)
        return [one for one in found if step_lengths(service, option, one.id) == lengths]


def loosened(board: Board) -> Loosened:
    """The board without what may be reassigned on it; worked out once for a board."""
    key = ("loosened", board.location_id, board.window)
    kept: Loosened | None = board.diary.views.get(key)
    if kept is None or kept.board.practice is not board.practice:
        kept = board.diary.views[key] = _loosened(board)
    return kept


def _loosened(board: Board) -> Loosened:
    concerned = {claim.resource_id for fact in board.diary.filled for claim in _reassignable(fact)}
    standing = {one: {claim.id for claim in board.diary.claims_of.get(one, ())} for one in concerned}
    facts = tuple(fact for fact in board.diary.filled if _may_be_moved(board, fact, standing))
    gone = [claim for fact in facts for claim in _reassignable(fact)]
    spans: dict[str, list[Span]] = {}
    for claim in gone:
        spans.setdefault(claim.resource_id, []).append(span_of(claim))
    diary = board.diary.exchanging((claim.resource_id, claim.id) for claim in gone)
    return Loosened(board.following(diary, spans), facts)


def _may_be_moved(board: Board, fact: FilledVisit, standing: dict[str, set[str]]) -> bool:
    """Whether it is this location's, as the practice knows it, and nothing of it changed since it was read."""
    service = board.practice.find_service(fact.service_id)
    return (
        fact.location_id == board.location_id
        and service is not None
        and (fact.option_id is None or service.option(fact.option_id) is not None)
        and _reassignable(fact) != ()
        and all(
            claim.resource_id in board.resources
            and claim.need in service.names
            and claim.id in standing.get(claim.resource_id, ())
            for claim in _reassignable(fact)
        )
    )


def _reassignable(fact: FilledVisit) -> tuple[FilledClaim, ...]:
    return tuple(claim for claim in fact.claims if claim.is_reassignable)


def span_of(claim: FilledClaim) -> Span:
    """The minutes that it touches."""
    return minute_of(claim.start_at), minute_from(claim.end_at)
