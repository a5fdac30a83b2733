"""Judge a trip at one time: every reason against it, and who would serve it."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

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
    return Judge(board, trip, now).at(arrival)


class Judge:
    """Judges one trip at many minutes: what does not depend on the minute is worked out once."""

    def __init__(self, board: Board, trip: Trip, now: datetime) -> None:
        self._board, self._trip = board, trip
        self._rules = TripRules(board, trip, now)
        self._always = tuple(self._rules.always())
        self._laid: dict[Hashable, _Laid] = {}
        self._trips: dict[date, list[TimedTrip]] = {}

    def at(self, arrival: int) -> Verdict:
        """The verdict on an arrival at that minute, as `judge`."""
        bit = 1 << (arrival - self._board.window[0])
        always = {*self._always, *self._rules.by_time(arrival)}
        cases = [self._case(timed, arrival, bit) for timed in self._trips_at(arrival)]
        verdict = Verdict(always.union(frozenset.intersection(*(case.reasons for case in cases))), [])
        verdict.reasons.update(_resource_reasons(cases, bit))
        verdict.cases = [
            Case(case.timed, case.reasons | always, case.slots, case.choice, case.whole_parts) for case in cases
        ]
        if not verdict.reasons and verdict.accepted(frozenset()) is None:
            verdict.reasons.add("no_combination")
        return verdict

    def _trips_at(self, arrival: int) -> list[TimedTrip]:
        """As `trips_at`; those of one part are the same on all of a date, on which certificates hold or not."""
        if len(self._trip.parts) > 1:
            return trips_at(self._board, self._trip, arrival)
        day = self._board.clock.date_at(arrival)
        if day not in self._trips:
            self._trips[day] = trips_at(self._board, self._trip, arrival)
        return self._trips[day]

    def _case(self, timed: TimedTrip, arrival: int, bit: int) -> Case:
        laid = self._lay(timed)
        choices = [first_choice(self._board, slots, bit) for slots in laid.by_part]
        whole = frozenset(number for number, choice in enumerate(choices) if choice is not None)
        choice = None
        if len(whole) == len(timed):
            choice = choices[0] if len(timed) == 1 else first_choice(self._board, laid.slots, bit)
        untimely = (code for code, arrivals in laid.timely if not arrivals & bit)
        reasons = frozenset({*self._rules.by_date(timed, arrival), *untimely})
        return Case(timed, reasons, laid.slots, choice, whole)

    def _lay(self, timed: TimedTrip) -> "_Laid":
        key = tuple((part.arrival, part.providers, *(step.end for step in part.steps)) for part in timed)
        laid = self._laid.get(key)
        if laid is None:
            laid = self._laid[key] = _lay(self._board, self._trip, timed)
        return laid


@dataclass(frozen=True, slots=True)
class _Laid:
    """A trip of settled lengths, laid on the board."""

    slots: tuple[Slot, ...]
    by_part: tuple[tuple[Slot, ...], ...]
    timely: tuple[tuple[str, int], ...]
    """Code → the arrivals against which it does not stand."""


def _lay(board: Board, trip: Trip, timed: TimedTrip) -> _Laid:
    slots = slots_of(board, trip, timed)
    by_part = tuple(tuple(slot for slot in slots if slot.key[0] == number) for number in range(len(timed)))
    timely = (
        ("closed", open_arrivals(board, timed)),
        ("patient_busy", patient_arrivals(board, timed)),
        ("not_supervised", supervised_arrivals(board, timed)),
    )
    return _Laid(slots, by_part, timely)


def trips_at(board: Board, trip: Trip, arrival: int) -> list[TimedTrip]:
    """The trip under each combination of lengths that the providers who qualify at that minute can make."""

    def qualifies(resource: PracticeResource, needs: tuple[Need, ...], offset: int) -> bool:
        day = board.clock.date_at(arrival + offset)
        return all(need.certification is None or is_certified(resource, need.certification, day) for need in needs)

    return list(timed_trips(board.practice, trip, qualifies))


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
