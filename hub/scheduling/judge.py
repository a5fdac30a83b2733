"""Judge a trip at one time: every reason against it, and who would serve it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from hub.canonical.practice import Need, PracticeResource
from hub.scheduling.assignment import Choice, Slot, SlotKey, first_choice, slots_of
from hub.scheduling.board import Board
from hub.scheduling.free_time import open_arrivals, patient_arrivals, supervised_arrivals
from hub.scheduling.protocol import TimedTrip, is_certified, timed_trips
from hub.scheduling.request import Trip
from hub.scheduling.rules import TripRules


@dataclass(frozen=True, slots=True)
class Case:
    """The trip at one time under one combination of lengths."""

    timed: TimedTrip
    reasons: frozenset[str]
    """What speaks against it, resources aside."""
    slots: tuple[Slot, ...]
    choice: Choice | None
    """Who would fill the names; None: not all together."""
    whole_parts: frozenset[int]
    """The numbers of the parts whose names can be filled, each part taken alone."""


@dataclass(slots=True)
class Verdict:
    """What the cases come to."""

    reasons: set[str] = field(default_factory=set)
    """Every code that applies."""
    cases: list[Case] = field(default_factory=list)

    def accepted(self, passed_over: frozenset[str]) -> Case | None:
        """The first case that stands when these codes are passed over."""
        fitting = (case for case in self.cases if case.choice is not None and case.reasons <= passed_over)
        return next(fitting, None)


def judge(board: Board, trip: Trip, arrival: int, now: datetime) -> Verdict:
    """Every reason against the trip at that minute.

    Where lengths depend on the provider, a reason applies when it does under all lengths that qualifying providers
    make; a name can be filled when somebody is free under any of them.
    """
    rules = TripRules(board, trip, now)
    always = {*rules.always(), *rules.by_time(arrival)}
    cases = [_case(board, trip, timed, arrival, rules) for timed in trips_at(board, trip, arrival)]
    verdict = Verdict(always.union(frozenset.intersection(*(case.reasons for case in cases))), [])
    verdict.reasons.update(_resource_reasons(cases, 1 << (arrival - board.window[0])))
    verdict.cases = [
        Case(case.timed, case.reasons | always, case.slots, case.choice, case.whole_parts) for case in cases
    ]
    if not verdict.reasons and verdict.accepted(frozenset()) is None:
        verdict.reasons.add("no_combination")
    return verdict


def trips_at(board: Board, trip: Trip, arrival: int) -> list[TimedTrip]:
    """The trip under each combination of lengths that the providers who qualify at that minute can make."""

    def qualifies(resource: PracticeResource, needs: tuple[Need, ...], offset: int) -> bool:
        day = board.clock.date_at(arrival + offset)
        return all(need.certification is None or is_certified(resource, need.certification, day) for need in needs)

    return list(timed_trips(board.practice, trip, qualifies))


def _case(board: Board, trip: Trip, timed: TimedTrip, arrival: int, rules: TripRules) -> Case:
    bit = 1 << (arrival - board.window[0])
    slots = slots_of(board, trip, timed)
    whole = frozenset(
        number
        for number in range(len(timed))
        if first_choice(board, tuple(slot for slot in slots if slot.key[0] == number), bit) is not None
    )
    choice = first_choice(board, slots, bit) if len(whole) == len(timed) else None
    reasons = frozenset({*rules.by_date(timed, arrival), *_untimely(board, timed, bit)})
    return Case(timed, reasons, slots, choice, whole)


def _untimely(board: Board, timed: TimedTrip, bit: int) -> Iterator[str]:
    if not open_arrivals(board, timed) & bit:
        yield "closed"
    if not patient_arrivals(board, timed) & bit:
        yield "patient_busy"
    if not supervised_arrivals(board, timed) & bit:
        yield "not_supervised"


def _resource_reasons(cases: list[Case], bit: int) -> Iterator[str]:
    qualified: dict[SlotKey, bool] = {}
    free: dict[SlotKey, bool] = {}
    kinds: dict[SlotKey, str] = {}
    for slot in (slot for case in cases for slot in case.slots):
        kinds[slot.key] = slot.kind
        qualified[slot.key] = qualified.get(slot.key, False) or any(bits & bit for bits in slot.qualified.values())
        free[slot.key] = free.get(slot.key, False) or any(bits & bit for bits in slot.free.values())
    for key, kind in kinds.items():
        if not qualified[key]:
            yield "none_suitable"
        elif not free[key]:
            yield f"no_{kind}"
    if _is_all_or_nothing(cases, free):
        yield "no_combination"


def _is_all_or_nothing(cases: list[Case], free: dict[SlotKey, bool]) -> bool:
    """Whether somebody is free for every name of some part, or every part works alone, but never all together."""
    numbers = range(len(cases[0].timed))
    whole = {number: any(number in case.whole_parts for case in cases) for number in numbers}
    for number in numbers:
        if not whole[number] and all(is_free for key, is_free in free.items() if key[0] == number):
            return True
    return all(whole.values()) and all(case.choice is None for case in cases)
