"""The best of a day's model: fewest unplaced, then moved, then minutes, then resources changed; each binds the next.

First the times alone, which are quick to prove: no plan comes to less than they do, and one that comes to the same is
the best. Where the time is over before that is proven, what was found is kept, with how much better another could be.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from hub.scheduling.repair.day import Aim, Better
from hub.scheduling.repair.greedy import place_greedily
from hub.scheduling.repair.model import DayModel, TripVariables
from hub.scheduling.repair.places import Mode

_SHARE = 0.6
"""How much of the time left a search may use, so that something remains for those after it."""

_GREEDY_SECONDS = 5.0
"""Nothing is searched: the time is a guard."""

VISITS, MINUTES, CHANGES = range(3)
_LINEAR = (0, 1, 2)
"""How much of linear relaxations pays for itself, by objective: to place many is found sooner without."""

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


@dataclass(slots=True)
class _Search:
    """What was found of a day, what is known of anything better, and the time that is left."""

    day: DayModel
    seconds: float
    levels: Levels = ()
    best: _Solution | None = None
    least: list[int] = field(default_factory=list)
    """What no plan is below: visits, and minutes of those with so few visits, where that many are known to be."""

    def run(self) -> Better | None:
        """Find the best there is; None: it is proven."""
        times = self._look_at_times()
        self.day.add_resources()
        self.levels = _levels_of(self.day)
        filled = (_filled_up(self.day, self.levels, hints(self.day)) for hints in (_greedily, _as_it_stands))
        self.best = next((one for one in filled if one is not None), None)
        if times is not None:
            self.day.model.add(self.levels[VISITS] >= self.least[VISITS])
            self._keep_times(times)
        bounds = [self._settle(number) for number in (VISITS, MINUTES, CHANGES)]
        return _left_to_gain(self.day, self.best, bounds)

    def _look_at_times(self) -> _Solution | None:
        """The best times, as if there were always enough who go together to fill the names."""
        model, times = self.day.model.clone(), None
        self.levels = _levels_of(self.day)[:CHANGES]
        for number, level in enumerate(self.levels):
            found, bound = self._improve(model, number, times, linear=1)
            self.least.append(bound)
            if found is None or found.totals[number] > bound:
                break
            times = found
            model.add(level <= bound)
        return times

    def _keep_times(self, times: _Solution) -> None:
        """A plan with these very times, where the names can be filled then."""
        model = self.day.model.clone()
        for item in self.day.trips:
            for at in (item.unplaced, item.start):
                model.add(at == times.values[at.index])
        found, _ = self._improve(model, CHANGES, None, linear=0)
        self.best = min((one for one in (self.best, found) if one is not None), key=_totals, default=None)

    def _settle(self, number: int) -> int:
        """Bring one objective to its least, and bind what comes after to it; gives what nothing is below."""
        bound = self._known_bound(number)
        if self.best is None or self.best.totals[number] > bound:
            found, proven = self._improve(self.day.model, number, self.best, linear=_LINEAR[number])
            self.best, bound = found or self.best, max(bound, proven)
        if self.best is not None:
            # Also where nothing better was found: what comes after may not undo what stands.
            self.day.model.add(self.levels[number] <= self.best.totals[number])
        return bound

    def _known_bound(self, number: int) -> int:
        """What the times alone say: only of plans that are least in what weighs more."""
        is_least = self.best is not None and list(self.best.totals[:number]) == self.least[:number]
        return self.least[number] if is_least and number < len(self.least) else 0

    def _improve(
        self, model: cp_model.CpModel, number: int, best: _Solution | None, *, linear: int
    ) -> tuple[_Solution | None, int]:
        """The least of one objective that is found from `best` on, and what nothing is below."""
        seconds = self.seconds if number == CHANGES else self.seconds * _SHARE
        if seconds <= 0:
            return None, 0
        model.minimize(self.levels[number])
        _hint(model, self.day.variables, best.values if best is not None else {})
        solver = _solver(seconds, linear)
        status = solver.solve(model)
        self.seconds = max(self.seconds - solver.wall_time, 0.0)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None, _whole(solver.best_objective_bound) if status == cp_model.UNKNOWN else 0
        found = _solution(self.day, self.levels, solver)
        return found, found.totals[number] if status == cp_model.OPTIMAL else _whole(solver.best_objective_bound)


def solve_day(day: DayModel, seconds: float) -> tuple[tuple[Placement | None, ...], Better | None]:
    """A placement for each trip (None: it stays, unplaced), and how much better others could be; None: not at all."""
    search = _Search(day, seconds)
    better = search.run()
    values = search.best.values if search.best is not None else _as_it_stands(day)
    return tuple(_placement(day, item, values) for item in day.trips), better


def _levels_of(day: DayModel) -> Levels:
    weight = _weight_of(day)
    visits = [*(visits * weight for visits in day.unplaced), *day.moved]
    return [cp_model.LinearExpr.sum(level) for level in (visits, day.minutes, day.changes)]


def _weight_of(day: DayModel) -> int:
    """One visit placed outweighs moving all of them: both levels in one search."""
    return len(day.moved) + 1


def _left_to_gain(day: DayModel, best: _Solution | None, bounds: Sequence[int]) -> Better | None:
    """The weightiest in which there may be something better."""
    if best is None:
        return Better(Aim.UNPLACED, sum(len(day.trips[number].trip.visits) for number in day.unfit))
    weight = _weight_of(day)
    (unplaced, moved), (least_unplaced, least_moved) = (
        divmod(best.totals[VISITS], weight),
        divmod(bounds[VISITS], weight),
    )
    if unplaced > least_unplaced:
        return Better(Aim.UNPLACED, unplaced - least_unplaced)
    gaps = (moved - least_moved, *(best.totals[number] - bounds[number] for number in (MINUTES, CHANGES)))
    aims = (Aim.MOVED, Aim.MINUTES, Aim.RESOURCES)
    return next((Better(aim, gap) for aim, gap in zip(aims, gaps, strict=True) if gap > 0), None)


def _whole(bound: float) -> int:
    """What no whole number of visits or minutes is below; the solver knows it up to its tolerance, if at all."""
    return max(math.ceil(bound - 1e-4), 0) if math.isfinite(bound) else 0


def _totals(solution: _Solution) -> tuple[int, ...]:
    return solution.totals


def _hint(model: cp_model.CpModel, variables: Iterable[cp_model.IntVar], values: Values) -> None:
    model.clear_hints()  # type: ignore[no-untyped-call]
    for variable in variables:
        if variable.index in values:
            model.add_hint(variable, values[variable.index])


def _filled_up(day: DayModel, levels: Levels, hints: Values) -> _Solution | None:
    """What is decided about the trips, with all that follows from it; None where that breaks a rule."""
    of_trips = (
        variable
        for item in day.trips
        for variable in (item.start, item.unplaced, *item.taken, *item.at.values(), *item.fills.values())
    )
    _hint(day.model, of_trips, hints)
    solver = _solver(_GREEDY_SECONDS, 0)
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
        values[item.at[spot.mode, spot.arrival].index] = 1
        for slot, who in spot.filled.items():
            values[item.fills[spot.mode, slot, who].index] = 1
    return values


def _as_it_stands(day: DayModel) -> dict[int, int]:
    """A plan that breaks no rule: what fits stays as it is, the rest is unplaced."""
    values = dict.fromkeys((variable.index for variable in day.variables), 0)
    for number, item in enumerate(day.trips):
        values[item.start.index] = item.trip.arrival - day.begin
        staying = next((i for i in range(len(item.modes)) if _may_keep_all(item, i)), None)
        if number in day.unfit or staying is None:
            values[item.unplaced.index] = 1
            continue
        values[item.taken[staying].index] = 1
        values[item.at[staying, item.trip.arrival].index] = 1
        for slot, entry in enumerate(item.modes[staying].slots):
            who = item.trip.visits[entry.key[0]].resources.get(entry.key[1])
            if who is not None and (staying, slot, who) in item.fills:
                values[item.fills[staying, slot, who].index] = 1
    return values


def _may_keep_all(item: TripVariables, number: int) -> bool:
    """Whether, so taken, it may stay with whom it has; lengths of another provider are another mode."""
    mode, own = item.modes[number], item.trip.arrival
    had = [item.trip.visits[slot.key[0]].resources.get(slot.key[1]) for slot in mode.slots]
    return (
        mode.may_stay
        and own in mode.arrivals
        and all(who is None or own in free.get(who, ()) for who, free in zip(had, mode.free, strict=True))
    )


def _solver(seconds: float, linear: int) -> cp_model.CpSolver:
    """One worker and a fixed seed: the same day gives the same plan.

    Probing and symmetries cost more here than they prove.
    """
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.linearization_level = linear
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    return solver
