"""No resource beyond its capacity, and what follows from that for all who may fill the same names."""

from collections.abc import Iterator, Mapping, Sequence

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
        self._pools: dict[frozenset[str], list[cp_model.IntervalVar]] = {}
        """Who may fill a name → when it is to be filled."""

    def take(self, who: str, interval: cp_model.IntervalVar) -> None:
        """One unit of the resource, if the interval is there."""
        self._taken.setdefault(who, []).append(interval)

    def take_one_of(self, pool: frozenset[str], intervals: list[cp_model.IntervalVar]) -> None:
        """One unit of whichever of them; `take` says of which."""
        self._pools.setdefault(pool, []).extend(intervals)

    def close(self) -> None:
        """Add the constraints."""
        self._add_capacities()
        self._add_pools()

    def _add_capacities(self) -> None:
        """No resource beyond its capacity. What others take is in the free times already where it serves one alone."""
        for who, intervals in self._taken.items():
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
