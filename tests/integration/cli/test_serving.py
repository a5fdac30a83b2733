"""Programs that serve: they end in order, and leave nothing running."""

import os
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from threading import Event

import pytest
from sqlalchemy import text

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.operations.apply_practice import apply_practice
from hub.operations.hold_visit import Held, hold_visit
from hub.scheduling.request import BookingRequest, Part, Trip
from tests.integration.cli.conftest import ROOT


def wait_until(condition):
    for _ in range(1800):
        if condition():
            return
        Event().wait(0.1)
    pytest.fail("it did not happen within three minutes")


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
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
    assert serving.wait(180) in (0, 130, 143)
    wait_until(lambda: not list(hub.home.rglob("postmaster.pid")))
    assert not answers(free_ports[0])
    assert "Traceback" not in serving.stderr.read()


def test_whoever_serves_tends_the_book(hub, free_ports, store, database):
    practice = "zone: UTC\nresources: [{id: lee, kind: provider}]\nservices:\n"
    practice += "  - {id: peel, steps: [{name: peel, minutes: 60, needs: [{kind: provider}]}]}\n"
    apply_practice(store, practice, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId("pat"))])
    trip = Trip((Part("peel", "pat"),), "main")
    held = hold_visit(store, BookingRequest(trip, datetime(2098, 3, 3, 9, tzinfo=UTC)), actor="test")
    assert isinstance(held, Held)
    with database.owner.begin() as connection:
        connection.execute(text("UPDATE hold SET expires_at = now() - interval '1 second'"))
    (hub.practice / "practice.yaml").write_text(practice, encoding="utf-8")
    settings = {"HUB_PORT": str(free_ports[0]), "HUB_TEND_SECONDS": "0.2", "HUB_DATABASE_URL": database.text_url}
    environment = {**os.environ, **hub.environment(settings)}
    with subprocess.Popen([sys.executable, "-m", "hub.web"], cwd=ROOT, env=environment) as process:
        wait_until(lambda: not holds(database))
        process.terminate()
        assert process.wait(180) == 143


def holds(database):
    with database.owner.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM hold")).scalar_one()


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
        wait_until(lambda: answers(board))
        with urllib.request.urlopen(f"http://127.0.0.1:{dagster}/server_info", timeout=180) as answer:
            assert b"dagster_version" in answer.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(180) == 143
    assert not answers(board)
    assert not list(hub.home.rglob("postmaster.pid"))
