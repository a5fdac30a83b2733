"""The allowance that all processes of a hub keep together: by a clock that the test turns, and with real processes."""

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.kit.http import Gate, HttpClient
from hub.connectors.kit.spec.limits import LimitsSpec
from hub.errors import RetryLater
from hub.ports.allowances import Spent
from hub.store.allowances import StoredAllowances
from hub.store.engine import application_engine
from tests.database import Database
from tests.peers.scripted import answer, scripted
from tests.processes import start

RATE = {"rate": {"requests": 100, "per_seconds": 2}, "longest_wait_seconds": 600}


class Clock:
    """Of all processes; seconds pass only when somebody rests."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.states: dict[str, dict[str, Any]] = {}
        self.asked = 0

    def __call__(self) -> float:
        return self.now

    def rest(self, seconds: float) -> None:
        self.now += seconds

    @contextmanager
    def held(self, name: str) -> Iterator[Spent]:
        """The one book of them all."""
        self.asked += 1
        yield Spent(self.states.setdefault(name, {}), self.now)


def gate_of(clock: Clock, **limits: Any) -> Gate:
    spec = LimitsSpec.model_validate({"longest_wait_seconds": 600, **limits})
    return Gate(spec, "glow", allowances=clock, clock=clock, rest=clock.rest)


def ask(gate: Gate, clock: Clock, cost: int = 0) -> float:
    with gate.passing(cost):
        return clock.now


@settings(max_examples=60)
@given(
    rates=st.lists(st.tuples(st.integers(1, 300), st.sampled_from([1, 2, 5, 10])), min_size=1, max_size=3),
    turns=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40), st.floats(0, 3)), max_size=12),
)
def test_no_stretch_of_time_ever_holds_more_requests_of_all_processes_than_declared(rates, turns):
    clock = Clock()
    limits = {"rate": [{"requests": most, "per_seconds": seconds} for most, seconds in rates]}
    processes = [gate_of(clock, **limits) for _ in range(3)]
    moments = []
    for process, times, pause in turns:
        moments += [ask(processes[process], clock) for _ in range(times)]
        clock.rest(pause)
    for most, seconds in rates:
        for place, moment in enumerate(moments):
            assert place - bisect_left(moments, moment - seconds + 0.002) + 1 <= most


@pytest.mark.parametrize(("requests", "seconds"), [(60, 60), (600, 60), (5000, 3600)])
def test_one_process_alone_uses_over_nine_tenths_of_an_allowance(requests: int, seconds: int):
    clock = Clock()
    gate = gate_of(clock, rate={"requests": requests, "per_seconds": seconds}, longest_wait_seconds=600)
    began, asked = clock.now, 0
    while True:
        try:
            ask(gate, clock)
        except RetryLater as later:
            clock.rest(later.after_seconds or 1)
            continue
        if clock.now - began >= 3 * seconds:
            break
        asked += 1
    assert 0.97 * 3 * requests < asked <= 4 * requests


def test_turns_are_taken_in_bundles_where_they_are_used_and_singly_where_not():
    clock = Clock()
    gate = gate_of(clock, rate={"requests": 5000, "per_seconds": 3600})
    for _ in range(4000):
        ask(gate, clock)
    assert clock.asked < 60
    slow, before = Clock(), 0
    gate = gate_of(slow, rate={"requests": 5000, "per_seconds": 3600})
    for _ in range(50):
        before = slow.asked
        ask(gate, slow)
        slow.rest(80)
    assert slow.asked == before + 2, "one look whether there is a pause, one turn"
    taken = slow.states["glow"]["rates"]["5000/3600"]
    assert sum(taken.values()) <= 60, "what is not used is not taken from the others"


def test_several_processes_use_what_one_leaves():
    clock = Clock()
    first, second = (gate_of(clock, rate={"requests": 10, "per_seconds": 10}) for _ in range(2))
    assert [round(ask(first, clock) - 1_000_000) for _ in range(7)] == [0] * 7
    assert [round(ask(second, clock) - 1_000_000) for _ in range(4)] == [0, 0, 0, 10]


def test_limits_that_were_changed_are_counted_anew_and_keep_no_old_ones():
    clock = Clock()
    for most in (5, 7):
        gate = gate_of(clock, rate={"requests": most, "per_seconds": 10})
        ask(gate, clock)
    assert list(clock.states["glow"]["rates"]) == ["7/10"]


def test_points_are_shared_come_back_and_are_corrected():
    clock = Clock()
    points = {"capacity": 1000, "per_second": 50, "cost_path": "cost", "left_path": "left"}
    first, second = (gate_of(clock, points=points) for _ in range(2))
    assert ask(first, clock, 1000) == 1_000_000
    assert ask(second, clock, 500) == 1_000_010
    second.settle(500, {"cost": 400, "left": 1000})
    assert ask(first, clock, 100) == 1_000_010, "it cost less than reckoned"
    first.settle(100, {"cost": 100, "left": 0})
    assert ask(second, clock, 100) == 1_000_012, "others spend from the same bucket"


def test_a_pause_that_one_process_was_asked_for_is_kept_by_all_of_them():
    clock = Clock()
    first, second, late = (gate_of(clock) for _ in range(3))
    assert ask(second, clock) == 1_000_000
    first.pause(30)
    first.pause(5)
    clock.rest(1)
    assert ask(second, clock) == 1_000_030, "it looks again after a second; a longer pause is not shortened"
    assert ask(late, clock) == 1_000_030


def test_a_pause_of_a_year_holds_the_others_for_an_hour_and_not_for_ever():
    clock = Clock()
    first, second = gate_of(clock), gate_of(clock)
    first.pause(365 * 86400)
    clock.rest(3600)
    assert ask(second, clock) == 1_003_600


def test_a_connection_without_limits_looks_for_pauses_once_a_second_however_often_it_asks():
    clock = Clock()
    gate = gate_of(clock)
    for _ in range(100):
        ask(gate, clock)
    assert clock.asked == 1


# Real processes


def pass_often(url: str, turns: int, told: Any) -> None:
    """One process of several: when each of its turns may have been taken, at the earliest and at the latest."""
    engine, earliest, seen = application_engine(url), time.monotonic(), []

    def rest(seconds: float) -> None:
        nonlocal earliest
        threading.Event().wait(seconds)
        earliest = time.monotonic()

    gate = Gate(LimitsSpec.model_validate(RATE), "glow", allowances=StoredAllowances(engine), rest=rest)
    for _ in range(turns):
        earliest = time.monotonic()
        with gate.passing():
            seen.append((earliest, time.monotonic()))
    engine.dispose()
    told.send(seen)


def meet_a_wall(url: str, server: str, told: Any) -> None:
    """One process that asks once and is sent away."""
    gate = Gate(LimitsSpec(longest_wait_seconds=0), "glow", allowances=StoredAllowances(application_engine(url)))
    with HttpClient(server, gate=gate) as http:
        try:
            http.get("clients")
        except RetryLater as later:
            told.send(later.after_seconds)


def hold_for_ever(url: str, told: Any) -> None:
    with StoredAllowances(application_engine(url)).held("glow") as spent:
        spent.state["rates"] = {"20/3600": {"1": 20}}
        told.send("held")
        threading.Event().wait()


@pytest.mark.slow
def test_processes_together_keep_to_one_rate(database: Database):
    lines = [Pipe(duplex=False) for _ in range(3)]
    processes = [start(pass_often, database.text_url, 100, told) for _, told in lines]
    turns = [turn for heard, _ in lines for turn in _heard(heard)]
    for process in processes:
        process.join()
    assert len(turns) == 300
    earliest = sorted(before for before, _ in turns)
    for begin in earliest:
        within = [1 for before, after in turns if before >= begin and after < begin + 2]
        assert len(within) <= 100, "so many were surely within two seconds"


@pytest.mark.slow
def test_a_process_that_is_killed_while_it_counts_has_taken_nothing_and_holds_up_nobody(database: Database):
    heard, told = Pipe(duplex=False)
    process = start(hold_for_ever, database.text_url, told)
    assert _heard(heard) == "held"
    process.kill()
    process.join()
    gate = Gate(
        LimitsSpec.model_validate({"rate": {"requests": 20, "per_seconds": 3600}, "longest_wait_seconds": 0}),
        "glow",
        allowances=StoredAllowances(database.engine),
    )
    for _ in range(20):
        with gate.passing():
            pass
    with pytest.raises(RetryLater), gate.passing():
        pass


@pytest.mark.slow
def test_a_429_in_one_process_keeps_the_others_from_the_same_wall(database: Database):
    with scripted(lambda _asked: answer({}, 429, Retry_After="1800")) as server:
        heard, told = Pipe(duplex=False)
        process = start(meet_a_wall, database.text_url, server.url, told)
        assert _heard(heard) == 1800
        process.join()
        gate = Gate(LimitsSpec(longest_wait_seconds=0), "glow", allowances=StoredAllowances(database.engine))
        with (
            HttpClient(server.url, gate=gate) as http,
            pytest.raises(RetryLater, match="may not be asked yet") as told_of,
        ):
            http.get("clients")
        assert 0 < (told_of.value.after_seconds or 0) <= 1800
        assert len(server.asked) == 1, "nothing was sent"
        other = Gate(LimitsSpec(longest_wait_seconds=0), "gleam", allowances=StoredAllowances(database.engine))
        with other.passing():
            pass


def _heard(line: Any) -> Any:
    assert line.poll(180), "nothing was said"
    return line.recv()
