"""A board without the claims that the engine may reassign, and who holds those."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from hub.canonical.practice import PROVIDER, ROOM, PracticeResource
from hub.scheduling.assignment import Chosen, Slot
from hub.scheduling.board import Board
from hub.scheduling.filled import FilledClaim, FilledVisit
from hub.scheduling.protocol import candidates, needs_of, step_lengths
from hub.scheduling.request import Part, Trip
from hub.scheduling.timeline import MINUTES_PER_DAY, Span, joined, minute_from, minute_of

Able = Callable[[FilledVisit, str, str, tuple[Span, ...]], tuple[PracticeResource, ...]]
"""(fact, need, who fills it, its spans) → who may fill it."""

FIRST_FACT = 1_000
"""Facts take part in an assignment like parts of the trip, with numbers from here on."""


@dataclass(frozen=True, slots=True)
class FactName:
    """One name of a fact, at the fact's own time."""

    number: int
    need: str
    kind: str
    steps: frozenset[int]
    spans: tuple[Span, ...]
    """In minutes of the board's clock, joined."""
    current: str
    able: tuple[PracticeResource, ...]
    """Who may fill it as far as the loosened board says; whoever fills it now comes first."""

    def seen_from(self, at: int, bit: int) -> Slot:
        """As a slot of an assignment for the arrival `at`, with `bit` where somebody may fill it."""
        spans = tuple((start - at, end - at) for start, end in self.spans)
        free = dict.fromkeys((one.id for one in self.able), bit)
        return Slot((self.number, self.need), self.kind, self.steps, spans, self.able, free, free)


@dataclass(frozen=True)
class Loosened:
    """The board as if the reassignable claims of `facts` were not there."""

    board: Board
    facts: tuple[FilledVisit, ...]
    _names: dict[int, tuple[FactName, ...]] = field(default_factory=dict)

    def fact(self, number: int) -> FilledVisit:
        """The fact of that number."""
        return self.facts[number - FIRST_FACT]

    def names(self, number: int) -> tuple[FactName, ...]:
        """The names of a fact that may be filled anew, rooms first."""
        found = self._names.get(number)
        if found is None:
            names = (self._name(number, claims, self._able) for claims in _by_need(self.fact(number), may_go=True))
            found = self._names[number] = tuple(sorted(names, key=lambda name: name.kind != ROOM))
        return found

    def kept(self, number: int, at: int) -> tuple[Chosen, ...]:
        """The other names of a fact with who fills them, seen from the minute `at`."""
        resources = self.board.resources
        return tuple(
            (self._name(number, claims, _nobody).seen_from(at, 0), resources[claims[0].resource_id])
            for claims in _by_need(self.fact(number), may_go=False)
            if claims[0].resource_id in resources
        )

    def near(self, resource_id: str, start: int, end: int) -> set[tuple[Span, int]]:
        """The reassignable claims on the resource that meet the span, each with the number of its fact."""
        days = range(start // MINUTES_PER_DAY, (end - 1) // MINUTES_PER_DAY + 1)
        listed = (one for day in days for one in self._taken.get((resource_id, day), ()))
        return {one for one in listed if one[0][0] < end and start < one[0][1]}

    def _name(self, number: int, claims: list[FilledClaim], able: Able) -> FactName:
        fact, need, current = self.fact(number), claims[0].need, claims[0].resource_id
        service = self.board.practice.find_service(fact.service_id)
        names = [step.name for step in service.steps] if service else []
        steps = frozenset(names.index(claim.step) for claim in claims if claim.step in names)
        spans = joined(sorted(map(span_of, claims)))
        kind = self.board.resources[current].kind if current in self.board.resources else need
        taken = steps or frozenset(range(len(names)))
        return FactName(number, need, kind, taken, spans, current, able(fact, need, current, spans))

    def _able(
        self, fact: FilledVisit, need: str, current: str, spans: tuple[Span, ...]
    ) -> tuple[PracticeResource, ...]:
        board, at = self.board, minute_of(fact.arrives_at)
        service = board.practice.find_service(fact.service_id)
        needs = needs_of(service, need) if service else ()
        relative = tuple((start - at, end - at) for start, end in spans)
        bit = 1 << (at - board.window[0])
        found = (
            one
            for one in _candidates(board, fact, need, current)
            if board.certified(one, needs, 0) & bit and board.fitting(one.id, relative) & bit
        )
        return tuple(sorted(found, key=lambda one: one.id != current))

    @cached_property
    def _taken(self) -> dict[tuple[str, int], list[tuple[Span, int]]]:
        found: dict[tuple[str, int], list[tuple[Span, int]]] = {}
        for number, fact in enumerate(self.facts, FIRST_FACT):
            for claim in reassignable(fact):
                start, end = span = span_of(claim)
                for day in range(start // MINUTES_PER_DAY, (end - 1) // MINUTES_PER_DAY + 1):
                    found.setdefault((claim.resource_id, day), []).append((span, number))
        return found


def _nobody(_fact: FilledVisit, _need: str, _current: str, _spans: tuple[Span, ...]) -> tuple[PracticeResource, ...]:
    return ()


def loosened(board: Board) -> Loosened:
    """The board without what may be reassigned on it; worked out once for a board."""
    key = ("loosened", board.location_id, board.window)
    kept: Loosened | None = board.diary.views.get(key)
    if kept is None or kept.board.practice is not board.practice:
        kept = board.diary.views[key] = _loosened(board)
    return kept


def _loosened(board: Board) -> Loosened:
    concerned = {claim.resource_id for fact in board.diary.filled for claim in reassignable(fact)}
    standing = {one: {claim.id for claim in board.diary.claims_of.get(one, ())} for one in concerned}
    facts = tuple(fact for fact in board.diary.filled if _may_be_moved(board, fact, standing))
    gone = [(claim.resource_id, claim.id) for fact in facts for claim in reassignable(fact)]
    return Loosened(board.following(board.diary.exchanging(gone)) if gone else board, facts)


def _may_be_moved(board: Board, fact: FilledVisit, standing: dict[str, set[str]]) -> bool:
    """Whether it is this location's, as the practice knows it, and nothing of it changed since it was read."""
    service = board.practice.find_service(fact.service_id)
    return (
        fact.location_id == board.location_id
        and service is not None
        and (fact.option_id is None or service.option(fact.option_id) is not None)
        and reassignable(fact) != ()
        and _is_within(board, fact)
        and all(
            claim.resource_id in board.resources
            and claim.need in service.names
            and claim.id in standing.get(claim.resource_id, ())
            for claim in reassignable(fact)
        )
    )


def _is_within(board: Board, fact: FilledVisit) -> bool:
    """Whether the board shows all of it: more is read of a book than what may meet a trip, and in nobody's way."""
    first, last = board.window
    spans = [(minute_of(fact.arrives_at), minute_from(fact.arrives_at)), *map(span_of, fact.claims)]
    return all(first <= start and end <= last for start, end in spans)


def _candidates(board: Board, fact: FilledVisit, need: str, current: str) -> Iterable[PracticeResource]:
    """Who may fill the name with the lengths that the visit has."""
    part = Part(fact.service_id, fact.patient_id, fact.option_id)
    service = board.practice.find_service(fact.service_id)
    found = candidates(board.practice, Trip((part,), fact.location_id), part, need)
    if need != PROVIDER or service is None:
        return found
    option = service.option(fact.option_id)
    lengths = step_lengths(service, option, current)
    return [one for one in found if step_lengths(service, option, one.id) == lengths]


def _by_need(fact: FilledVisit, *, may_go: bool) -> Iterator[list[FilledClaim]]:
    grouped: dict[str, list[FilledClaim]] = {}
    for claim in fact.claims:
        if claim.is_reassignable == may_go:
            grouped.setdefault(claim.need, []).append(claim)
    yield from grouped.values()


def reassignable(fact: FilledVisit) -> tuple[FilledClaim, ...]:
    """Those of its claims that may go to others."""
    return tuple(claim for claim in fact.claims if claim.is_reassignable)


def span_of(claim: FilledClaim) -> Span:
    """The minutes that it touches."""
    return minute_of(claim.start_at), minute_from(claim.end_at)
