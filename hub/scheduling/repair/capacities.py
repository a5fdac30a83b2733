"""No resource beyond its capacity, and what follows from that for all who may fill the same names."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from ortools.sat.python import cp_model

from hub.scheduling.board import Board
from hub.scheduling.timeline import Span, set_minutes


class Capacities:
    """Collects what is taken when, and adds the constraints once all of it is known."""

    def __init__(self, model: cp_model.CpModel, boards: Mapping[str, Board], begin: int) -> None:
        self._model = model
        self._begin = begin
        self._resources = {who: board for board in boards.values() for who in board.resources}
        self._taken: dict[str, list[cp_model.IntervalVar]] = {}
        self._wanted: list[tuple[frozenset[str], Span, cp_model.IntVar]] = []
        """Who may fill a name, when, and whether it is to be filled then."""

    def take(self, who: str, interval: cp_model.IntervalVar) -> None:
        """One unit of the resource, if the interval is there."""
        self._taken.setdefault(who, []).append(interval)

    def take_one_of(self, pool: frozenset[str], spans: Iterable[Span], literal: cp_model.IntVar) -> None:
        """One unit of whichever of them, if the literal holds; `take` says of which."""
        self._wanted.extend((pool, span, literal) for span in spans)

    def close_times(self) -> None:
        """Those who may fill the same names take no more visits at a time than there are of them.

        The most are taken where one of them begins, so that these moments are enough.
        """
        moments = sorted({start for _, (start, _), _ in self._wanted})
        at: dict[int, dict[frozenset[str], list[cp_model.IntVar]]] = {moment: {} for moment in moments}
        for pool, (start, end), literal in self._wanted:
            for moment in moments[bisect_left(moments, start) : bisect_left(moments, end)]:
                at[moment].setdefault(pool, []).append(literal)
        for moment, pools in at.items():
            for whole in {one | other for one in pools for other in pools if one & other}:
                literals = [literal for pool, its in pools.items() if pool <= whole for literal in its]
                units = sum(self._free_units(who, moment) for who in whole)
                if len(literals) > units:
                    self._model.add(cp_model.LinearExpr.sum(literals) <= units)

    def close_resources(self) -> None:
        """No resource beyond its capacity. What others take is in the free times already where it serves one alone."""
        for who, intervals in self._taken.items():
            if self._resources[who].resources[who].capacity == 1:
                self._model.add_no_overlap(intervals)
            else:
                self._share(who, intervals)

    def _share(self, who: str, intervals: list[cp_model.IntervalVar]) -> None:
        blocks = [(start - self._begin, end - start) for start, end in self._not_free(who)]
        fixed = [self._model.new_fixed_size_interval_var(start, minutes, "") for start, minutes in blocks]
        capacity = self._resources[who].resources[who].capacity
        self._model.add_cumulative([*intervals, *fixed], [1] * (len(intervals) + len(fixed)), capacity)

    def _free_units(self, who: str, moment: int) -> int:
        board = self._resources[who]
        units = range(1, board.resources[who].capacity + 1)
        return sum(board.free_runs(who, unit, 1) >> (moment - board.window[0]) & 1 for unit in units)

    def _not_free(self, resource_id: str) -> Iterator[Span]:
        """When a unit of a resource is off duty or taken by others, for each of its units."""
        board = self._resources[resource_id]
        for unit in range(1, board.resources[resource_id].capacity + 1):
            bits = board.always & ~board.free_runs(resource_id, unit, 1)
            starts, ends = bits & ~(bits << 1), bits & ~(bits >> 1)
            for start, end in zip(set_minutes(starts), set_minutes(ends), strict=True):
                yield board.window[0] + start, board.window[0] + end + 1
