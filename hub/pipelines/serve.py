"""Dagster's own web UI and daemon, on loopback: its UI has no sign-in, so nobody else may reach it."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import NoReturn

from dagster_webserver.cli import cli as webserver

from hub.errors import NeedsAttention, Problem
from hub.pipelines.instance import prepare_home
from hub.settings import PROJECT

MODULE = "hub.pipelines.definitions"
LOOPBACK = "127.0.0.1"
_SECONDS_TO_START = 300
_SECONDS_TO_STOP = 60
_POLL_SECONDS = 0.1


def serve(home: Path, port: int) -> None:
    """Serve until SIGINT or SIGTERM: three processes in all.

    One code server knows the definitions; the daemon (a child) and the web UI (this process) both ask it.
    `dagster dev -w workspace.yaml` serves the same with five.

    Raises:
        NeedsAttention: the definitions do not load.
    """
    prepare_home(home)
    signal.signal(signal.SIGTERM, _leave)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-dagster-")))
        socket, workspace = folder / "code", folder / "workspace.yaml"
        server = {"socket": str(socket), "location_name": "hub"}
        workspace.write_text(json.dumps({"load_from": [{"grpc_server": server}]}), encoding="utf-8")
        code = ["api", "grpc", "--socket", str(socket), "-m", MODULE, "-d", str(PROJECT), "--location-name", "hub"]
        _wait_for(socket, stack.enter_context(_child("dagster", *code, "--log-level", "warning")))
        stack.enter_context(_child("dagster._daemon", "run", "-w", str(workspace), "--log-level", "warning"))
        told = ["-w", str(workspace), "-h", LOOPBACK, "-p", str(port), "--dagster-log-level", "warning"]
        webserver.main(args=told, standalone_mode=False)


def _wait_for(socket: Path, server: subprocess.Popen[bytes]) -> None:
    for _ in range(int(_SECONDS_TO_START / _POLL_SECONDS)):
        if socket.exists():
            return
        if server.poll() is not None:
            break
        Event().wait(_POLL_SECONDS)
    raise NeedsAttention(Problem("the pipelines' definitions do not load", hint="What is printed above says why"))


@contextmanager
def _child(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-m", module, *arguments])  # noqa: S603 - our own interpreter
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """So that the children are stopped as well."""
    sys.exit(0)
