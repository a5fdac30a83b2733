"""The gate before a server: rates, points, places, pauses and the breaker, on a clock that the test turns."""

import threading
from bisect import bisect_left
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.kit.http import Gate
from hub.connectors.kit.spec.limits import LimitsSpec
from hub.errors import RetryLater, only_reasons


class Clock:
    """Seconds that pass only when somebody rests."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def rest(self, seconds: float) -> None:
        self.now += seconds


def gate_of(**limits: Any) -> tuple[Gate, Clock]:
    clock = Clock()
    return Gate(LimitsSpec.model_validate(limits), "glow", clock=clock, rest=clock.rest), clock


def ask(gate: Gate, clock: Clock, cost: int = 0) -> float:
    with gate.passing(cost):
        return clock.now


def code_of(gate: Gate, cost: int = 0) -> tuple[str, float | None]:
    with pytest.raises(RetryLater) as caught, gate.passing(cost):
        pass
    return only_reasons(caught.value.problems)[0], caught.value.after_seconds


@settings(max_examples=60)
@given(
    most=st.integers(1, 8),
    seconds=st.sampled_from([1, 10, 60]),
    trips=st.lists(st.tuples(st.floats(0, 0.1), st.floats(0, 2)), min_size=10, max_size=40),
)
def test_requests_that_are_on_their_way_for_long_do_not_come_in_one_too_many(most, seconds, trips):
    gate, clock = gate_of(rate={"requests": most, "per_seconds": seconds}, longest_wait_seconds=600)
    came_in = []
    for on_its_way, answered_after in trips:
        with gate.passing():
            clock.rest(on_its_way * seconds)
            came_in.append(clock.now)
            clock.rest(answered_after * seconds)
    for place, moment in enumerate(came_in):
        assert place - bisect_left(came_in, moment - seconds + 0.002) + 1 <= most


def test_a_server_that_is_slow_to_answer_is_asked_at_most_a_tenth_less():
    gate, clock = gate_of(rate={"requests": 1, "per_seconds": 1})
    moments = []
    for _ in range(5):
        with gate.passing():
            moments.append(clock.now)
            clock.rest(0.9)
    assert moments == pytest.approx([1000 + 1.1 * turn for turn in range(5)], abs=0.01)


@settings(max_examples=60)
@given(
    rates=st.lists(st.tuples(st.integers(1, 12), st.sampled_from([1, 2, 5, 10])), min_size=1, max_size=3),
    pauses=st.lists(st.floats(0, 3), max_size=30),
)
def test_no_stretch_of_time_ever_holds_more_requests_than_declared(rates, pauses):
    gate, clock = gate_of(
        rate=[{"requests": most, "per_seconds": seconds} for most, seconds in rates], longest_wait_seconds=600
    )
    moments = []
    for pause in pauses:
        clock.rest(pause)
        moments.append(ask(gate, clock))
    for most, seconds in rates:
        for place, moment in enumerate(moments):
            assert place - bisect_left(moments, moment - seconds + 0.002) + 1 <= most


def test_over_nine_tenths_of_an_allowance_are_used():
    gate, clock = gate_of(rate={"requests": 60, "per_seconds": 60})
    began = clock.now
    asked = 0
    while ask(gate, clock) - began < 600:
        asked += 1
    assert 0.9 * 600 < asked <= 600 + 60


def test_a_turn_that_is_further_away_than_anybody_waits_is_left_to_the_next_run():
    gate, clock = gate_of(rate={"requests": 1, "per_seconds": 3600})
    ask(gate, clock)
    code, after = code_of(gate)
    assert code == "rate_limited"
    assert after == pytest.approx(3600, abs=1)


def test_two_processes_that_share_an_allowance_keep_to_half_of_it_each():
    gate, clock = gate_of(rate={"requests": 10, "per_seconds": 10}, share=0.5, longest_wait_seconds=60)
    assert [round(ask(gate, clock) - 1000) for _ in range(6)] == [0, 0, 0, 0, 0, 10]


def test_points_come_back_at_their_rate_and_what_the_vendor_says_is_left_counts():
    points = {"capacity": 1000, "per_second": 50, "cost_path": "extensions.cost", "left_path": "extensions.left"}
    gate, clock = gate_of(points=points, longest_wait_seconds=60)
    assert ask(gate, clock, 1000) == 1000
    assert ask(gate, clock, 500) == 1010
    gate.settle(500, {"extensions": {"cost": 400, "left": 1000}})
    assert ask(gate, clock, 100) == 1010, "it cost less than reckoned"
    gate.settle(100, {"extensions": {"cost": 100, "left": 0}})
    assert ask(gate, clock, 100) == 1012, "others spend from the same bucket"


def test_a_pause_holds_for_everybody_who_asks_the_same_server():
    gate, clock = gate_of()
    gate.pause(5)
    assert ask(gate, clock) == 1005
    gate.pause(3600)
    assert code_of(gate) == ("rate_limited", 3600)


def test_after_failures_in_a_row_a_server_is_left_alone_and_then_asked_once():
    gate, clock = gate_of(give_up_after=3, leave_alone_seconds=30)
    for _ in range(3):
        ask(gate, clock)
        gate.failed()
    assert code_of(gate) == ("left_alone", 30)
    clock.rest(31)
    ask(gate, clock)
    assert code_of(gate)[0] == "left_alone", "only one tries whether it is back"
    gate.succeeded()
    ask(gate, clock)
    gate.failed()
    ask(gate, clock)


def test_no_more_requests_run_at_the_same_time_than_declared():
    gate = Gate(LimitsSpec(concurrent=2), "glow")
    inside, most = 0, 0
    lock, both_in = threading.Lock(), threading.Barrier(2, timeout=180)

    def go() -> None:
        nonlocal inside, most
        with gate.passing():
            with lock:
                inside += 1
                most = max(most, inside)
            both_in.wait()
            with lock:
                inside -= 1

    threads = [threading.Thread(target=go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_threads_together_keep_to_one_rate():
    gate = Gate(LimitsSpec.model_validate({"rate": {"requests": 20, "per_seconds": 3600}, "longest_wait_seconds": 0}))
    passed, refused = [], []

    def go() -> None:
        for _ in range(10):
            try:
                with gate.passing():
                    passed.append(1)
            except RetryLater:
                refused.append(1)

    threads = [threading.Thread(target=go) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(passed), len(refused)) == (20, 30)
