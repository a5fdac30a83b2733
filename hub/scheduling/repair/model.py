"""The day as a constraint model: variables and rules. `solve` says what is the best of it.

Only this file, `capacities` and `solve` import OR-Tools, which takes half a second: import them where one is solved.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    is_moved: cp_model.IntVar
    arrivals: list[cp_model.LinearExprT] = field(default_factory=list)
    """By part; its own arrival when the trip is not placed."""
    taken: list[cp_model.IntVar] = field(default_factory=list)
    """By mode."""
    fills: dict[tuple[int, int, str], cp_model.IntVar] = field(default_factory=dict)
    """(mode, slot, resource) → whether it fills the slot."""


class DayModel:
    """Variables and constraints of a day; times count from `begin`, to keep them small."""

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
        self._capacities.close()
        for intervals in self._patients.values():
            self.model.add_no_overlap(intervals)
        self._add_order()

    def _bool(self) -> cp_model.IntVar:
        variable = self.model.new_bool_var("")
        self.variables.append(variable)
        return variable

    def _add_trip(self, trip: StandingTrip, modes: tuple[Mode, ...]) -> TripVariables:
        own = trip.arrival - self.begin
        times = {own, *(minute - self.begin for mode in modes for minute in mode.arrivals)}
        start = self.model.new_int_var_from_domain(cp_model.Domain.from_values(sorted(times)), "")
        self.variables.append(start)
        item = TripVariables(trip, modes, start, self._bool(), self._bool())
        self.model.add(start == own).only_enforce_if(item.unplaced)
        self.model.add(start == own).only_enforce_if(~item.is_moved)
        self.model.add(start != own).only_enforce_if(item.is_moved)
        for number, mode in enumerate(modes):
            item.taken.append(self._bool())
            self._add_mode(item, number, mode)
        self.model.add_exactly_one([*item.taken, item.unplaced])
        self.unplaced.append(item.unplaced * len(trip.visits))
        self._add_costs(item)
        return item

    def _add_costs(self, item: TripVariables) -> None:
        """What a move costs, part by part: lengths that change move the parts after them as well."""
        own = item.trip.arrival - self.begin
        for number, now in enumerate(item.trip.timed):
            shifts = [mode.timed[number].arrival - now.arrival for mode in item.modes]
            if not any(shifts):
                moved, by = item.is_moved, item.start - own
            else:
                shift = sum(taken * by for taken, by in zip(item.taken, shifts, strict=True))
                moved, by = self._bool(), item.start - own + shift
                self.model.add(by == 0).only_enforce_if(~moved)
            item.arrivals.append(by + own + now.arrival)
            self.moved.append(moved)
            self.minutes.append(self._minutes_of(item, shifts, by, moved))

    def _minutes_of(
        self, item: TripVariables, shifts: Sequence[int], by: cp_model.LinearExprT, moved: cp_model.IntVar
    ) -> cp_model.IntVar:
        """How far a part is moved: one of the distances that there are, so that no bound is below the nearest."""
        ways = zip(item.modes, shifts, strict=True)
        far = {0, *(abs(arrival - item.trip.arrival + shift) for mode, shift in ways for arrival in mode.arrivals)}
        minutes = self.model.new_int_var_from_domain(cp_model.Domain.from_values(sorted(far)), "")
        self.variables.append(minutes)
        self.model.add(minutes >= by)
        self.model.add(minutes >= -by)
        self.model.add(minutes >= 1).only_enforce_if(moved)
        self.model.add(minutes == 0).only_enforce_if(~moved)
        return minutes

    def _add_mode(self, item: TripVariables, number: int, mode: Mode) -> None:
        taken = item.taken[number]
        self._keep_to(item.start, mode.arrivals, taken)
        for slot in range(len(mode.slots)):
            self._add_slot(item, number, mode, slot)
        self._add_rooms(item, number, mode)
        for part in mode.timed:
            interval = self._interval(item.start, (part.arrival, part.leaving), taken)
            self._patients.setdefault(part.part.patient_id, []).append(interval)

    def _add_slot(self, item: TripVariables, number: int, mode: Mode, slot: int) -> None:
        """Exactly one resource fills a name; none where the visit left it out and stays."""
        taken, entry = item.taken[number], mode.slots[slot]
        before = item.trip.visits[entry.key[0]].resources.get(entry.key[1])
        fills = []
        for who, minutes in mode.free[slot].items():
            fill = item.fills[number, slot, who] = self._bool()
            fills.append(fill)
            if minutes != mode.arrivals:
                self._keep_to(item.start, minutes, fill)
            for span in entry.spans:
                self._capacities.take(who, self._interval(item.start, span, fill))
            if who != before:
                self.changes.append(fill)
        if before is not None or not mode.may_stay:
            spans = [self._interval(item.start, span, taken) for span in entry.spans]
            self._capacities.take_one_of(frozenset(mode.free[slot]), spans)
        if before is None and mode.may_stay:
            self.model.add(sum(fills) == 0).only_enforce_if(~item.is_moved)
            self.model.add(sum(fills) == taken).only_enforce_if(item.is_moved)
        else:
            self.model.add(sum(fills) == taken)

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
        keys = [item.modes[number].slots[j].key for j in rooms]
        if item.modes[number].may_stay and all(name not in item.trip.visits[p].resources for p, name in keys):
            clause.append(~item.is_moved)  # the visit names no room and stays: there is none to be in
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

    def _keep_to(self, start: cp_model.IntVar, minutes: Iterable[int], literal: cp_model.IntVar) -> None:
        domain = cp_model.Domain.from_values([minute - self.begin for minute in minutes])
        self.model.add_linear_expression_in_domain(start, domain).only_enforce_if(literal)

    def _interval(self, start: cp_model.IntVar, span: Span, literal: cp_model.IntVar) -> cp_model.IntervalVar:
        return self.model.new_optional_fixed_size_interval_var(start + span[0], span[1] - span[0], literal, "")
