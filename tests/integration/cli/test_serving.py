"""Programs that serve: they end in order, and leave nothing running."""

import os
import signal
import subprocess
import sys
import urllib.request
from threading import Event

import pytest

from tests.integration.cli.conftest import ROOT


def wait_until(condition):
    for _ in range(600):
        if condition():
            return
        Event().wait(0.1)
    pytest.fail("it did not happen within a minute")


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture
def serving(hub, free_ports):
    environment = {**os.environ, **hub.environment({"HUB_PORT": str(free_ports[0])})}
    command = [sys.executable, "-m", "hub.cli", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: answers(free_ports[0]))
        yield process
        process.kill()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_its_database(hub, serving, free_ports, ending):
    serving.send_signal(ending)
    assert serving.wait(30) in (0, 130, 143)
    wait_until(lambda: not list(hub.home.rglob("postmaster.pid")))
    assert not answers(free_ports[0])
    assert "Traceback" not in serving.stderr.read()


@pytest.mark.slow
def test_up_serves_the_board_and_dagster_side_by_side_and_takes_both_down(hub, free_ports):
    board, sandbox, dagster = map(str, free_ports)
    ports = {"HUB_PORT": board, "HUB_SANDBOX_PORT": sandbox, "HUB_DAGSTER_PORT": dagster}
    environment = {**os.environ, **hub.environment({**ports, "HUB_PRACTICE": str(ROOT / "examples" / "juniper")})}
    command = [sys.executable, "-m", "hub.cli", "up"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        told = iter(process.stdout.readline, "Ctrl-C stops.\n")
        addresses = dict(line.split() for line in told if "http" in line and "EMR" not in line and "Day" not in line)
        assert addresses == {"Dagster": f"http://127.0.0.1:{dagster}/"}
        assert answers(board)
        with urllib.request.urlopen(f"http://127.0.0.1:{dagster}/server_info", timeout=10) as answer:
            assert b"dagster_version" in answer.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert not answers(board)
    assert not list(hub.home.rglob("postmaster.pid"))
