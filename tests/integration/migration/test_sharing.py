"""Whoever leads other processes works beside them."""

from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.synchronize import Barrier, Event

from hub.bootstrap.processes import open_processes, share

_FRESH = get_context("forkserver")
SECONDS = 120
"""After which a test is given up that waits for what never comes."""

_met: Barrier


def begin(met: Barrier, may_begin: Event) -> None:
    global _met  # noqa: PLW0603 a process is told once what it works with
    may_begin.wait(SECONDS)
    _met = met


def meet(_task: int) -> bool:
    """Whether this is another process than the one that leads; it goes on when that one is in a task, too."""
    _met.wait(SECONDS)
    return parent_process() is not None


def test_whoever_leads_does_tasks_beside_the_others_and_all_are_told_in_order() -> None:
    met, may_begin = _FRESH.Barrier(2), _FRESH.Event()
    may_begin.set()
    with (
        open_processes(1, __name__, begin, met, may_begin) as pool,
        share(pool, 1, meet, "Again") as shared,
    ):
        done = [one for _, one in shared.spread(lambda _task: meet_here(met), range(4))]
    assert sorted(done) == [False, False, True, True]


def meet_here(met: Barrier) -> bool:
    met.wait(SECONDS)
    return False


def test_what_is_ready_is_begun_while_whoever_leads_plans_and_does_the_first_that_it_planned() -> None:
    met, may_begin = _FRESH.Barrier(2), _FRESH.Event()
    may_begin.set()

    def plan() -> list[int]:
        met.wait(SECONDS)
        return [1]

    with (
        open_processes(1, __name__, begin, met, may_begin) as pool,
        share(pool, 1, meet, "Again") as shared,
    ):
        rounds = [list(shared.spread(lambda _task: False, [0], plan)) for _ in range(3)]
        assert list(shared.spread(lambda _task: False, [])) == []
    assert rounds == [[(0, True), (1, False)]] * 3


def test_whoever_leads_waits_for_nobody_who_is_still_loading() -> None:
    met, may_begin = _FRESH.Barrier(2), _FRESH.Event()
    with (
        open_processes(1, __name__, begin, met, may_begin) as pool,
        share(pool, 1, meet, "Again") as shared,
    ):
        assert list(shared.spread(partial(pow, 2), [1, 2], lambda: [3])) == [(1, 2), (2, 4), (3, 8)]
        may_begin.set()
