"""The demo as a new user runs it: from nothing, and again on what it left."""

import re

import pytest

from tests.integration.cli.test_serving import wait_until

RESULT = re.compile(r"In the EMR\s+(\d+) Appointment with its identifier; the next pull recognised (\d+)")


def demo(hub, ports):
    board, sandbox, dagster = map(str, ports)
    done = hub.run("demo", "--once", HUB_PORT=board, HUB_SANDBOX_PORT=sandbox, HUB_DAGSTER_PORT=dagster)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_the_demo_goes_round_once_and_stops_by_itself(hub, free_ports):
    told = demo(hub, free_ports)
    assert RESULT.search(told).groups() == ("1", "1")
    assert "298 rows = 250 loaded + 13 merged + 35 quarantined" in told
    assert "is refused: " in told
    wait_until(lambda: not list(hub.home.rglob("postmaster.pid")))  # the database server ends with it


@pytest.mark.slow
def test_a_second_run_works_on_what_the_first_left(hub, free_ports):
    first = demo(hub, free_ports)
    second = demo(hub, free_ports)
    assert RESULT.search(second).groups() == ("1", "2")
    history = re.compile(r"appointments\.csv .*")
    assert history.search(first)[0] == history.search(second)[0]
    waiting = re.compile(r"Conflicts .*")
    assert waiting.search(first)[0] == waiting.search(second)[0]
