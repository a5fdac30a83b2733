"""`python -m hub.pipelines`, as a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from hub.settings import PROJECT
from tests.database import Database
from tests.peers.processes import free_port

ASSETS = '{"query": "{ assetNodes { assetKey { path } } instance { daemonHealth { allDaemonStatuses { healthy } } } }"}'


@pytest.fixture
def environment(tmp_path: Path, imported: Database) -> dict[str, str]:
    """In a folder whose name holds a space."""
    home = tmp_path / "the hub"
    here = {"HUB_HOME": str(home), "HUB_DATABASE_URL": imported.text_url, "HOME": str(tmp_path)}
    return {**os.environ, **here, "HUB_PRACTICE": str(PROJECT / "examples" / "juniper"), "PYTHONPATH": str(PROJECT)}


def pipelines(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub.pipelines", *arguments]
    return subprocess.run(
        command, check=False, env=environment, cwd=environment["HOME"], capture_output=True, text=True
    )


def test_run_tells_each_step_and_names_the_run(environment: dict[str, str]) -> None:
    done = pipelines(environment, "run", "--select", "group:push")
    assert done.returncode == 0, done.stderr
    step, last = done.stdout.splitlines()
    assert step.split() == ["juniper-ehr/deliveries", "nothing", "to", "do"]
    assert last.startswith("run ")
    assert last.endswith(" succeeded")


@pytest.mark.slow
def test_run_that_reaches_no_server_says_so_and_exits_1(environment: dict[str, str]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, not listening: whoever connects is refused
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        environment["HUB_CONNECTION_URLS"] = json.dumps({"juniper-ehr": url})
        done = pipelines(environment, "run", "--select", 'key:"juniper-ehr/locations"')
    assert done.returncode == 1
    assert url in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" FAILED")
    assert "Traceback" not in done.stdout + done.stderr


def test_run_without_a_database_says_so_and_exits_1(environment: dict[str, str]) -> None:
    environment["HUB_DATABASE_URL"] = "postgresql+psycopg://hub_app@127.0.0.1:1/hub"
    done = pipelines(environment, "run", "--select", "group:push")
    assert done.returncode == 1
    assert "FAILED before its steps: NeedsAttention" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "serve"])
def test_practice_folder_that_is_not_there_is_one_clear_message(environment: dict[str, str], command: str) -> None:
    environment["HUB_PRACTICE"] = "/nowhere"
    done = pipelines(environment, command)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: /nowhere/practice.yaml: this file is not there.")


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    command = [sys.executable, "-m", "hub.pipelines", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ask(url: str) -> str:
    request = urllib.request.Request(f"{url}/graphql", ASSETS.encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=180) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""


def members(group: int) -> set[int]:
    """The living processes of a process group."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, owner = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(owner) == group and state != "Z":
            found.add(int(folder.name))
    return found


@pytest.mark.slow
def test_serve_shows_the_assets_with_three_processes_and_leaves_none(
    served: tuple[subprocess.Popen[bytes], str],
) -> None:
    process, url = served
    answer = ""
    while process.poll() is None and '"juniper-legacy"' not in answer:
        answer = ask(url)
        Event().wait(0.2)
    assert '"juniper-legacy"' in answer
    assert len(members(process.pid)) == 3
    process.terminate()
    assert process.wait() == 0
    assert members(process.pid) == set()
