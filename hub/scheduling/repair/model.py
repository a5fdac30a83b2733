"""The day as a constraint model: variables and rules. `solve` says what is the best of it.

Only this file, `capacities` and `solve` import OR-Tools, which takes half a second: import them where one is solved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from hub.canonical.practice import ROOM
from hub.scheduling.board import Board
from hub.scheduling.repair.capacities import Capacities
from hub.scheduling.repair.day import StandingTrip
from hub.scheduling.repair.order import Moment, Stand, find_order_rules
from hub.scheduling.repair.places import Mode
from hub.scheduling.timeline import Span


@dataclass(slots=True)
class TripVariables:
    """What is to be decided about one trip."""

    trip: StandingTrip
    modes: tuple[Mode, ...]
    start: cp_model.IntVar
    unplaced: cp_model.IntVar
    arrivals: list[cp_model.LinearExprT] = field(default_factory=list)
    """By part; its own arrival when the trip is not placed."""
    taken: list[cp_model.IntVar] = field(default_factory=list)
    """By mode."""
    at: dict[tuple[int, int], cp_model.IntVar] = field(default_factory=dict)
    """(mode, arrival) → whether it goes there."""
    fills: dict[tuple[int, int, str], cp_model.IntVar] = field(default_factory=dict)
    """(mode, slot, resource) → whether it fills the slot."""


class DayModel:
    """Variables and constraints of a day; times count from `begin`, to keep them small.

    It begins with the times alone: small, and a linear relaxation of it tells nearly what the whole can come to.
    """

    def __init__(
        self,
        boards: Mapping[str, Board],
        trips: Sequence[StandingTrip],
        modes: Sequence[tuple[Mode, ...]],
        unfit: frozenset[int],
    ) -> None:
        self.model = cp_model.CpModel()
        self.boards = boards
        self.unfit = unfit
        self.begin = min(trip.arrival for trip in trips)
        self.variables: list[cp_model.IntVar] = []
        """What a solution gives a value."""
        self.unplaced: list[cp_model.LinearExprT] = []
        """By trip: how many visits stay without a place."""
        self.moved: list[cp_model.LinearExprT] = []
        self.minutes: list[cp_model.LinearExprT] = []
        self.changes: list[cp_model.LinearExprT] = []
        self._capacities = Capacities(self.model, boards, self.begin)
        self._patients: dict[str, list[cp_model.IntervalVar]] = {}
        self.trips = [self._add_trip(trip, its) for trip, its in zip(trips, modes, strict=True)]
        self._capacities.close_times()
        for intervals in self._patients.values():
            self.model.add_no_overlap(intervals)
        self._add_order()

    def add_resources(self) -> None:
        """Who fills the names; without it the model says when there are enough who could."""
        for item in self.trips:
            for number, mode in enumerate(item.modes):
                for slot in range(len(mode.slots)):
                    self._add_slot(item, number, mode, slot)
                self._add_rooms(item, number, mode)
        self._capacities.close_resources()

    def _bool(self) -> cp_model.IntVar:
        variable = self.model.new_bool_var("")
        self.variables.append(variable)
        return variable

    def _add_trip(self, trip: StandingTrip, modes: tuple[Mode, ...]) -> TripVariables:
        own = trip.arrival - self.begin
        times = {own, *(minute - self.begin for mode in modes for minute in mode.arrivals)}
        start = self.model.new_int_var_from_domain(cp_model.Domain.from_values(sorted(times)), "")
        self.variables.append(start)
        item = TripVariables(trip, modes, start, self._bool())
        for number, mode in enumerate(modes):
            item.taken.append(self._bool())
            item.at.update({(number, arrival): self._bool() for arrival in mode.arrivals})
            self._add_mode(item, number, mode)
        self.model.add_exactly_one([*item.at.values(), item.unplaced])
        self.model.add(start == own * item.unplaced + sum((a - self.begin) * at for (_, a), at in item.at.items()))
        self.unplaced.append(item.unplaced * len(trip.visits))
        self._add_costs(item)
        return item

    def _add_costs(self, item: TripVariables) -> None:
        """What a move costs, part by part: lengths that change move the parts after them as well."""
        for part, now in enumerate(item.trip.timed):
            own = item.trip.arrival + now.arrival
            moves = {key: key[1] + item.modes[key[0]].timed[part].arrival - own for key in item.at}
            by = {key: minutes for key, minutes in moves.items() if minutes}
            item.arrivals.append(own - self.begin + sum(by[key] * item.at[key] for key in by))
            self.moved.append(sum(item.at[key] for key in by))
            self.minutes.append(sum(abs(by[key]) * item.at[key] for key in by))

    def _add_mode(self, item: TripVariables, number: int, mode: Mode) -> None:
        taken = item.taken[number]
        self.model.add_exactly_one([*(item.at[number, arrival] for arrival in mode.arrivals), ~taken])
        for slot in range(len(mode.slots)):
            self._add_wanted(item, number, mode, slot)
        for part in mode.timed:
            interval = self._interval(item.start, (part.arrival, part.leaving), taken)
            self._patients.setdefault(part.part.patient_id, []).append(interval)

    def _add_wanted(self, item: TripVariables, number: int, mode: Mode, slot: int) -> None:
        """When a name is to be filled, and by one of whom."""
        for arrival in mode.arrivals:
            if not _stays_unfilled(item.trip, mode, slot, arrival):
                pool = frozenset(who for who, minutes in mode.free[slot].items() if arrival in minutes)
                spans = ((arrival + start, arrival + end) for start, end in mode.slots[slot].spans)
                self._capacities.take_one_of(pool, spans, item.at[number, arrival])

    def _add_slot(self, item: TripVariables, number: int, mode: Mode, slot: int) -> None:
        """Exactly one resource fills a name; none where the visit left it out and stays."""
        entry = mode.slots[slot]
        before = item.trip.visits[entry.key[0]].resources.get(entry.key[1])
        fills = []
        for who, minutes in mode.free[slot].items():
            fill = item.fills[number, slot, who] = self._bool()
            fills.append(fill)
            if minutes != mode.arrivals:
                self.model.add_bool_or([~fill, *(item.at[number, minute] for minute in minutes)])
            for span in entry.spans:
                self._capacities.take(who, self._interval(item.start, span, fill))
            if who != before:
                self.changes.append(fill)
        unfilled = [
            at
            for (of, arrival), at in item.at.items()
            if of == number and _stays_unfilled(item.trip, mode, slot, arrival)
        ]
        self.model.add_exactly_one([*fills, *unfilled, ~item.taken[number]])

    def _add_rooms(self, item: TripVariables, number: int, mode: Mode) -> None:
        """Names of one step have different resources; what is fixed in a room serves steps in that room."""
        for i, slot in enumerate(mode.slots):
            beside = [
                (j, other)
                for j, other in enumerate(mode.slots)
                if j != i and other.key[0] == slot.key[0] and other.steps & slot.steps
            ]
            for who in mode.free[i]:
                fill = item.fills[number, i, who]
                for j, _ in beside:
                    if i < j and (number, j, who) in item.fills:
                        self.model.add_at_most_one([fill, item.fills[number, j, who]])
                room = self.boards[item.trip.location_id].resources[who].fixed_in
                for step in slot.steps if room is not None else ():
                    rooms = [j for j, other in beside if other.kind == ROOM and step in other.steps]
                    self._stand_in(item, number, rooms, room or "", fill)

    def _stand_in(self, item: TripVariables, number: int, rooms: list[int], room: str, fill: cp_model.IntVar) -> None:
        if not rooms:
            return
        clause: list[cp_model.LiteralT] = [
            item.fills[number, j, room] for j in rooms if (number, j, room) in item.fills
        ]
        mode, own = item.modes[number], item.trip.arrival
        if (number, own) in item.at and all(_stays_unfilled(item.trip, mode, j, own) for j in rooms):
            clause.append(item.at[number, own])  # the visit names no room and stays: there is none to be in
        self.model.add_bool_or([*clause, ~fill])

    def _add_order(self) -> None:
        """What must come before keeps coming before, for visits of one patient on the day."""
        stands = [
            Stand(trip.location_id, part, trip.arrival + part.arrival, (number, index))
            for number, trip in enumerate(item.trip for item in self.trips)
            for index, part in enumerate(trip.timed)
        ]
        for rule in find_order_rules(self.boards, stands):
            options = [self._is_before(first, then) for first, then in rule.any_of]
            free = [self.trips[number].unplaced for number in rule.unless_unplaced]
            self.model.add_bool_or([*options, *free])

    def _is_before(self, first: Moment, then: Moment) -> cp_model.IntVar:
        literal = self._bool()
        self.model.add(self._arrival(first) < self._arrival(then)).only_enforce_if(literal)
        return literal

    def _arrival(self, moment: Moment) -> cp_model.LinearExprT:
        if isinstance(moment, int):
            return moment - self.begin
        number, index = moment
        return self.trips[number].arrivals[index]

    def _interval(self, start: cp_model.IntVar, span: Span, literal: cp_model.IntVar) -> cp_model.IntervalVar:
        return self.model.new_optional_fixed_size_interval_var(start + span[0], span[1] - span[0], literal, "")


def _stays_unfilled(trip: StandingTrip, mode: Mode, slot: int, arrival: int) -> bool:
    """Whether the visit left the name out, and stays where it is."""
    part, name = mode.slots[slot].key
    return mode.may_stay and arrival == trip.arrival and trip.visits[part].resources.get(name) is None
