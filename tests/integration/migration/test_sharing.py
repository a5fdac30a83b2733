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
        done = list(shared.spread(lambda _task: meet_here(met), range(4)))
    assert sorted(done) == [False, False, True, True]


def meet_here(met: Barrier) -> bool:
    met.wait(SECONDS)
    return False


def test_whoever_leads_does_the_first_task_of_each_round() -> None:
    met, may_begin = _FRESH.Barrier(1), _FRESH.Event()
    may_begin.set()
    with (
        open_processes(1, __name__, begin, met, may_begin) as pool,
        share(pool, 1, meet, "Again") as shared,
    ):
        rounds = [list(shared.spread(lambda _task: False, range(number))) for number in (0, 1, 2, 5, 1)]
    assert [done[:1] for done in rounds] == [[], [False], [False], [False], [False]]


def test_whoever_leads_waits_for_nobody_who_is_still_loading() -> None:
    met, may_begin = _FRESH.Barrier(2), _FRESH.Event()
    with (
        open_processes(1, __name__, begin, met, may_begin) as pool,
        share(pool, 1, meet, "Again") as shared,
    ):
        assert list(shared.spread(partial(pow, 2), [1, 2, 3])) == [2, 4, 8]
        may_begin.set()
