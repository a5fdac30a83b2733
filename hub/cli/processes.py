"""The processes that a command brings up beside itself, and takes down with it."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from hub.errors import NeedsAttention, Problem

READY_WITHIN_SECONDS = 60.0
STOP_WITHIN_SECONDS = 10.0
_POLL_SECONDS = 0.1


class Processes:
    """Child processes with a name and a log each; leaving the `with` block stops them, last started first."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        self._log_folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, process in reversed(self._running):
            process.terminate()
        for _, process in reversed(self._running):
            try:
                process.wait(STOP_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def start(self, name: str, arguments: list[str], ready_url: str, environment: Mapping[str, str]) -> None:
        """Start `python -m arguments…` and come back when `ready_url` answers.

        Raises:
            NeedsAttention: it stopped or did not answer in time; names its log.
        """
        log = self._log_folder / f"{name}.log"
        with log.open("ab") as output:
            command = [sys.executable, "-m", *arguments]
            process = subprocess.Popen(command, stdout=output, stderr=output, env=dict(environment))  # noqa: S603
        self._running.append((name, process))
        for _ in range(int(READY_WITHIN_SECONDS / _POLL_SECONDS)):
            if process.poll() is not None:
                raise NeedsAttention(Problem(f"{name} stopped at once", file=str(log), hint="Its log says why"))
            if answers(ready_url):
                return
            Event().wait(_POLL_SECONDS)
        raise NeedsAttention(Problem(f"{name} does not answer at {ready_url}", file=str(log), hint="See its log"))


def answers(url: str) -> bool:
    """Whether an HTTP server answers at `url`, with whatever status."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 (our own loopback address)
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError):
        return False


def require_free_port(host: str, port: int, setting: str) -> None:
    """Make sure that `port` can be bound, before anything else is started.

    Raises:
        NeedsAttention: somebody else listens there.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            hint = f"Stop what listens there, or choose another with {setting}"
            raise NeedsAttention(Problem(f"port {port} of {host} is taken", hint=hint)) from None
