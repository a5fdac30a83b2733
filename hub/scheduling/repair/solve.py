"""The best of a day's model: fewest unplaced, then moved, then minutes, then resources changed; each binds the next.

Where the time is over before the best is proven, what was found is kept, and said to be unproven.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from hub.scheduling.repair.greedy import place_greedily
from hub.scheduling.repair.model import DayModel, TripVariables
from hub.scheduling.repair.places import Mode

_SHARE = 0.6
"""How much of the time left an objective may use, so that something remains for those after it."""

_GREEDY_SECONDS = 5.0
"""Nothing is searched: the time is a guard."""

Levels = Sequence[cp_model.LinearExprT]
"""The objectives, the weightiest first."""
Values = Mapping[int, int]
"""Variable, by its index → what it is."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a trip goes."""

    mode: Mode
    arrival: int
    choice: Mapping[tuple[int, str], str]
    """(number of the part, name) → resource; names that stay unfilled are left out."""


@dataclass(frozen=True, slots=True)
class _Solution:
    values: Values
    totals: tuple[int, ...]
    """What each objective comes to."""


def solve_day(day: DayModel, seconds: float) -> tuple[tuple[Placement | None, ...], bool]:
    """A placement for each trip (None: it stays, unplaced), and whether no better ones exist."""
    # One visit placed outweighs moving all of them: both levels in one search.
    weight = len(day.moved) + 1
    visits = [*(visits * weight for visits in day.unplaced), *day.moved]
    levels = [cp_model.LinearExpr.sum(level) for level in (visits, day.minutes, day.changes)]
    best = _filled_up(day, levels, _greedily(day)) or _filled_up(day, levels, _as_it_stands(day))
    proven = True
    for number, level in enumerate(levels, 1):
        share = seconds if number == len(levels) else seconds * _SHARE
        found, is_best, spent = _improve(day, levels, number - 1, best, share)
        best, proven, seconds = found or best, proven and is_best, max(seconds - spent, 0.0)
        if best is not None:
            # Also where nothing better was found: what comes after may not undo what stands.
            day.model.add(level <= best.totals[number - 1])
    values = best.values if best is not None else _as_it_stands(day)
    return tuple(_placement(day, item, values) for item in day.trips), proven


def _improve(
    day: DayModel, levels: Levels, number: int, best: _Solution | None, seconds: float
) -> tuple[_Solution | None, bool, float]:
    """The least of one objective, whether nothing is less, and the seconds it took."""
    if seconds <= 0:
        return None, False, 0.0
    day.model.minimize(levels[number])
    day.model.clear_hints()  # type: ignore[no-untyped-call]
    for variable in day.variables if best is not None else ():
        day.model.add_hint(variable, best.values[variable.index] if best is not None else 0)
    solver = _solver(seconds)
    status = solver.solve(day.model)
    found = _solution(day, levels, solver) if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None
    return found, status == cp_model.OPTIMAL, solver.wall_time


def _filled_up(day: DayModel, levels: Levels, hints: Values) -> _Solution | None:
    """What is decided about the trips, with all that follows from it; None where that breaks a rule."""
    day.model.clear_hints()  # type: ignore[no-untyped-call]
    for item in day.trips:
        for variable in (item.start, item.unplaced, item.is_moved, *item.taken, *item.fills.values()):
            day.model.add_hint(variable, hints[variable.index])
    solver = _solver(_GREEDY_SECONDS)
    solver.parameters.fix_variables_to_their_hinted_value = True
    if solver.solve(day.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return _solution(day, levels, solver)


def _solution(day: DayModel, levels: Levels, solver: cp_model.CpSolver) -> _Solution:
    values = {variable.index: solver.value(variable) for variable in day.variables}
    return _Solution(values, tuple(solver.value(level) for level in levels))


def _placement(day: DayModel, item: TripVariables, values: Values) -> Placement | None:
    for number, (mode, taken) in enumerate(zip(item.modes, item.taken, strict=True)):
        if values[taken.index]:
            choice = {
                mode.slots[slot].key: who
                for (its_mode, slot, who), variable in item.fills.items()
                if its_mode == number and values[variable.index]
            }
            return Placement(mode, values[item.start.index] + day.begin, choice)
    return None


def _greedily(day: DayModel) -> dict[int, int]:
    """A first plan that places what finds a place left; it does not look at every rule."""
    modes = [item.modes for item in day.trips]
    spots = place_greedily(day.boards, [item.trip for item in day.trips], modes, day.unfit)
    values = _as_it_stands(day)
    for number, spot in spots.items():
        item = day.trips[number]
        values[item.unplaced.index] = 0
        values[item.taken[spot.mode].index] = 1
        values[item.start.index] = spot.arrival - day.begin
        values[item.is_moved.index] = int(spot.arrival != item.trip.arrival)
        for slot, who in spot.filled.items():
            values[item.fills[spot.mode, slot, who].index] = 1
    return values


def _as_it_stands(day: DayModel) -> dict[int, int]:
    """A plan that breaks no rule: what fits stays as it is, the rest is unplaced."""
    values = dict.fromkeys((variable.index for variable in day.variables), 0)
    for number, item in enumerate(day.trips):
        values[item.start.index] = item.trip.arrival - day.begin
        staying = next((i for i, mode in enumerate(item.modes) if mode.may_stay), None)
        if number in day.unfit or staying is None:
            values[item.unplaced.index] = 1
            continue
        values[item.taken[staying].index] = 1
        for slot, entry in enumerate(item.modes[staying].slots):
            who = item.trip.visits[entry.key[0]].resources.get(entry.key[1])
            if who is not None and (staying, slot, who) in item.fills:
                values[item.fills[staying, slot, who].index] = 1
    return values


def _solver(seconds: float) -> cp_model.CpSolver:
    """One worker and a fixed seed: the same day gives the same plan.

    Linear relaxations, probing and symmetries cost more here than they prove.
    """
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.linearization_level = 0
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    return solver
