"""The day as a constraint model, and CP-SAT to solve it: the one module that imports OR-Tools.

Import it where a repair is solved and nowhere else: the import costs half a second.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from hub.canonical.practice import ROOM
from hub.scheduling.board import Board
from hub.scheduling.repair.day import StandingTrip
from hub.scheduling.repair.greedy import place_greedily
from hub.scheduling.repair.order import Moment, Stand, find_order_rules
from hub.scheduling.repair.places import Mode
from hub.scheduling.timeline import Span, set_minutes

_SHARE = 0.6
"""How much of the time left an objective may use, so that something remains for those after it."""

_GREEDY_SECONDS = 5.0
"""Nothing is searched: the time is a guard."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a trip goes."""

    mode: Mode
    arrival: int
    choice: Mapping[tuple[int, str], str]
    """(number of the part, name) → resource; names that stay unfilled are left out."""


@dataclass(slots=True)
class _TripVariables:
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
        self._model = cp_model.CpModel()
        self._boards = boards
        self._unfit = unfit
        self._begin = min(trip.arrival for trip in trips)
        self._resources = {who: board for board in boards.values() for who in board.resources}
        self._pools: dict[frozenset[str], list[cp_model.IntervalVar]] = {}
        """Who may fill a name → when it is to be filled."""
        self._busy: dict[str, list[cp_model.IntervalVar]] = {}
        self._patients: dict[str, list[cp_model.IntervalVar]] = {}
        self._all: list[cp_model.IntVar] = []
        self._unplaced: list[cp_model.LinearExprT] = []
        self._moved: list[cp_model.LinearExprT] = []
        self._minutes: list[cp_model.LinearExprT] = []
        self._changes: list[cp_model.LinearExprT] = []
        self._trips = [self._add_trip(trip, its) for trip, its in zip(trips, modes, strict=True)]
        self._add_capacities()
        self._add_pools()
        for intervals in self._patients.values():
            self._model.add_no_overlap(intervals)
        self._add_order()

    def solve(self, seconds: float) -> tuple[tuple[Placement | None, ...], bool]:
        """A placement for each trip (None: it stays, unplaced), and whether no better ones exist."""
        # One visit placed outweighs moving all of them: both levels in one search.
        weight = len(self._moved) + 1
        levels = ([*(visits * weight for visits in self._unplaced), *self._moved], self._minutes, self._changes)
        values, proven = self._greedily() or self._as_it_stands(), True
        for number, level in enumerate(levels, 1):
            share = seconds if number == len(levels) else seconds * _SHARE
            values, is_best, spent = self._improve(level, values, share)
            proven, seconds = proven and is_best, max(seconds - spent, 0.0)
        return tuple(self._placement(trip, values) for trip in self._trips), proven

    def _improve(
        self, level: list[cp_model.LinearExprT], values: dict[int, int], seconds: float
    ) -> tuple[dict[int, int], bool, float]:
        """The least of one objective, which then stays the bound for those after it."""
        total = sum(level)
        self._model.minimize(total)
        self._model.clear_hints()  # type: ignore[no-untyped-call]
        for variable in self._all:
            self._model.add_hint(variable, values[variable.index])
        solver = _solver(seconds)
        status = solver.solve(self._model) if seconds else cp_model.UNKNOWN
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            values = {variable.index: solver.value(variable) for variable in self._all}
            self._model.add(total <= round(solver.objective_value))
        spent = solver.wall_time if seconds else 0.0
        return values, status == cp_model.OPTIMAL, spent

    def _placement(self, item: _TripVariables, values: dict[int, int]) -> Placement | None:
        for number, (mode, taken) in enumerate(zip(item.modes, item.taken, strict=True)):
            if values[taken.index]:
                choice = {
                    mode.slots[slot].key: who
                    for (its_mode, slot, who), variable in item.fills.items()
                    if its_mode == number and values[variable.index]
                }
                return Placement(mode, values[item.start.index] + self._begin, choice)
        return None

    def _greedily(self) -> dict[int, int] | None:
        """A first solution that places what finds a place left; None where that breaks a rule it does not look at."""
        modes = [item.modes for item in self._trips]
        spots = place_greedily(self._boards, [item.trip for item in self._trips], modes, self._unfit)
        stands = self._as_it_stands()
        for number, spot in spots.items():
            item = self._trips[number]
            stands[item.unplaced.index] = 0
            stands[item.taken[spot.mode].index] = 1
            stands[item.start.index] = spot.arrival - self._begin
            stands[item.is_moved.index] = int(spot.arrival != item.trip.arrival)
            for slot, who in spot.filled.items():
                stands[item.fills[spot.mode, slot, who].index] = 1
        self._model.clear_hints()  # type: ignore[no-untyped-call]
        for item in self._trips:
            for variable in (item.start, item.unplaced, item.is_moved, *item.taken, *item.fills.values()):
                self._model.add_hint(variable, stands[variable.index])
        solver = _solver(_GREEDY_SECONDS)
        solver.parameters.fix_variables_to_their_hinted_value = True
        if solver.solve(self._model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        return {variable.index: solver.value(variable) for variable in self._all}

    def _as_it_stands(self) -> dict[int, int]:
        """A first solution: what fits stays as it is, the rest is unplaced."""
        values = dict.fromkeys((variable.index for variable in self._all), 0)
        for number, item in enumerate(self._trips):
            values[item.start.index] = item.trip.arrival - self._begin
            staying = next((i for i, mode in enumerate(item.modes) if mode.may_stay), None)
            if number in self._unfit or staying is None:
                values[item.unplaced.index] = 1
                continue
            values[item.taken[staying].index] = 1
            for slot, entry in enumerate(item.modes[staying].slots):
                who = item.trip.visits[entry.key[0]].resources.get(entry.key[1])
                if who is not None and (staying, slot, who) in item.fills:
                    values[item.fills[staying, slot, who].index] = 1
        return values

    def _bool(self) -> cp_model.IntVar:
        variable = self._model.new_bool_var("")
        self._all.append(variable)
        return variable

    def _add_trip(self, trip: StandingTrip, modes: tuple[Mode, ...]) -> _TripVariables:
        own = trip.arrival - self._begin
        times = {own, *(minute - self._begin for mode in modes for minute in mode.arrivals)}
        start = self._model.new_int_var_from_domain(cp_model.Domain.from_values(sorted(times)), "")
        self._all.append(start)
        item = _TripVariables(trip, modes, start, self._bool(), self._bool())
        self._model.add(start == own).only_enforce_if(item.unplaced)
        self._model.add(start == own).only_enforce_if(~item.is_moved)
        self._model.add(start != own).only_enforce_if(item.is_moved)
        for number, mode in enumerate(modes):
            item.taken.append(self._bool())
            self._add_mode(item, number, mode)
        self._model.add_exactly_one([*item.taken, item.unplaced])
        self._unplaced.append(item.unplaced * len(trip.visits))
        self._add_costs(item)
        return item

    def _add_costs(self, item: _TripVariables) -> None:
        """What a move costs, part by part: lengths that change move the parts after them as well."""
        own = item.trip.arrival - self._begin
        for number, now in enumerate(item.trip.timed):
            offsets = [mode.timed[number].arrival for mode in item.modes]
            if all(offset == now.arrival for offset in offsets):
                moved, by = item.is_moved, item.start - own
            else:
                shifts = [offset - now.arrival for offset in offsets]
                shift = sum(taken * by for taken, by in zip(item.taken, shifts, strict=True))
                moved, by = self._bool(), item.start - own + shift
                self._model.add(by == 0).only_enforce_if(~moved)
            item.arrivals.append(by + own + now.arrival)
            minutes = self._model.new_int_var(0, 4 * 1440, "")
            self._all.append(minutes)
            self._model.add(minutes >= by)
            self._model.add(minutes >= -by)
            self._moved.append(moved)
            self._minutes.append(minutes)

    def _add_mode(self, item: _TripVariables, number: int, mode: Mode) -> None:
        taken = item.taken[number]
        self._keep_to(item.start, mode.arrivals, taken)
        for slot in range(len(mode.slots)):
            self._add_slot(item, number, mode, slot)
        self._add_rooms(item, number, mode)
        for part in mode.timed:
            interval = self._interval(item.start, (part.arrival, part.leaving), taken)
            self._patients.setdefault(part.part.patient_id, []).append(interval)

    def _add_slot(self, item: _TripVariables, number: int, mode: Mode, slot: int) -> None:
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
                self._busy.setdefault(who, []).append(self._interval(item.start, span, fill))
            if who != before:
                self._changes.append(fill)
        if before is not None or not mode.may_stay:
            pool = self._pools.setdefault(frozenset(mode.free[slot]), [])
            pool += [self._interval(item.start, span, taken) for span in entry.spans]
        if before is None and mode.may_stay:
            self._model.add(sum(fills) == 0).only_enforce_if(~item.is_moved)
            self._model.add(sum(fills) == taken).only_enforce_if(item.is_moved)
        else:
            self._model.add(sum(fills) == taken)

    def _add_rooms(self, item: _TripVariables, number: int, mode: Mode) -> None:
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
                        self._model.add_at_most_one([fill, item.fills[number, j, who]])
                room = self._boards[item.trip.location_id].resources[who].fixed_in
                for step in slot.steps if room is not None else ():
                    rooms = [j for j, other in beside if other.kind == ROOM and step in other.steps]
                    self._stand_in(item, number, rooms, room or "", fill)

    def _stand_in(self, item: _TripVariables, number: int, rooms: list[int], room: str, fill: cp_model.IntVar) -> None:
        if not rooms:
            return
        clause: list[cp_model.LiteralT] = [
            item.fills[number, j, room] for j in rooms if (number, j, room) in item.fills
        ]
        keys = [item.modes[number].slots[j].key for j in rooms]
        if item.modes[number].may_stay and all(name not in item.trip.visits[p].resources for p, name in keys):
            clause.append(~item.is_moved)  # the visit names no room and stays: there is none to be in
        self._model.add_bool_or([*clause, ~fill])

    def _add_order(self) -> None:
        """What must come before keeps coming before, for visits of one patient on the day."""
        stands = [
            Stand(trip.location_id, part, trip.arrival + part.arrival, (number, index))
            for number, trip in enumerate(item.trip for item in self._trips)
            for index, part in enumerate(trip.timed)
        ]
        for rule in find_order_rules(self._boards, stands):
            options = [self._is_before(first, then) for first, then in rule.any_of]
            free = [self._trips[number].unplaced for number in rule.unless_unplaced]
            self._model.add_bool_or([*options, *free])

    def _is_before(self, first: Moment, then: Moment) -> cp_model.IntVar:
        literal = self._bool()
        self._model.add(self._arrival(first) < self._arrival(then)).only_enforce_if(literal)
        return literal

    def _arrival(self, moment: Moment) -> cp_model.LinearExprT:
        if isinstance(moment, int):
            return moment - self._begin
        number, index = moment
        return self._trips[number].arrivals[index]

    def _keep_to(self, start: cp_model.IntVar, minutes: Iterable[int], literal: cp_model.IntVar) -> None:
        domain = cp_model.Domain.from_values([minute - self._begin for minute in minutes])
        self._model.add_linear_expression_in_domain(start, domain).only_enforce_if(literal)

    def _interval(self, start: cp_model.IntVar, span: Span, literal: cp_model.IntVar) -> cp_model.IntervalVar:
        return self._model.new_optional_fixed_size_interval_var(start + span[0], span[1] - span[0], literal, "")

    def _add_capacities(self) -> None:
        """No resource beyond its capacity. What others take is in the free times already where it serves one alone."""
        for who, intervals in self._busy.items():
            if self._resources[who].resources[who].capacity == 1:
                self._model.add_no_overlap(intervals)
            else:
                self._share(intervals, (who,))

    def _add_pools(self) -> None:
        """Those who may fill the same names take no more visits than there are of them: implied, but quick to see."""
        for pool in list(self._pools):
            intervals = [interval for part, its in self._pools.items() if part <= pool for interval in its]
            if len(pool) > 1:
                self._share(intervals, sorted(pool))

    def _share(self, intervals: list[cp_model.IntervalVar], resources: Sequence[str]) -> None:
        blocks = [span for who in resources for span in self._not_free(who)]
        fixed = [self._model.new_fixed_size_interval_var(start - self._begin, end - start, "") for start, end in blocks]
        capacity = sum(self._resources[who].resources[who].capacity for who in resources)
        self._model.add_cumulative([*intervals, *fixed], [1] * (len(intervals) + len(fixed)), capacity)

    def _not_free(self, resource_id: str) -> Iterator[Span]:
        """When a unit of a resource is off duty or taken by others, for each of its units."""
        board = self._resources[resource_id]
        for unit in range(1, board.resources[resource_id].capacity + 1):
            bits = board.always & ~board.free_runs(resource_id, unit, 1)
            starts, ends = bits & ~(bits << 1), bits & ~(bits >> 1)
            for start, end in zip(set_minutes(starts), set_minutes(ends), strict=True):
                yield board.window[0] + start, board.window[0] + end + 1


def _solver(seconds: float) -> cp_model.CpSolver:
    """One worker and a fixed seed: the same day gives the same plan."""
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    return solver
