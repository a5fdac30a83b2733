"""The programs that a command brings up beside itself, and takes down with it."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import BinaryIO, Self

from hub.errors import NeedsAttention, Problem

READY_WITHIN_SECONDS = 300.0
STOP_WITHIN_SECONDS = 180.0
"""Who is killed stops nothing in its turn: the database server that it was the last to use would go on."""
_POLL_SECONDS = 0.1


class Processes:
    """Child processes with a name and a log each; leaving the `with` block stops them, last started first."""

    def __init__(self, log_folder: Path, environment: Mapping[str, str]) -> None:
        """`environment` is added to this process's own."""
        self._log_folder = log_folder
        self._environment = {**os.environ, **environment}
        self._started: list[subprocess.Popen[bytes]] = []
        self._serving: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._log_folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._started):
            process.terminate()
        for process in reversed(self._started):
            try:
                process.wait(STOP_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name: str, *arguments: str, ready_url: str) -> None:
        """Start `python -m arguments…` and come back when `ready_url` answers.

        Raises:
            NeedsAttention: it stopped, with what it said; or it did not answer in time.
        """
        log = self._log_folder / f"{name}.log"
        with log.open("wb") as output:
            process = self._open(arguments, output)
        self._serving[name] = process
        for _ in range(int(READY_WITHIN_SECONDS / _POLL_SECONDS)):
            if process.poll() is not None:
                raise NeedsAttention(*_reasons(name, log))
            if _answers(ready_url):
                return
            Event().wait(_POLL_SECONDS)
        raise NeedsAttention(Problem(f"{name} does not answer at {ready_url}", file=str(log), hint="See its log"))

    def run(self, *arguments: str, is_aside: bool = False) -> int:
        """Run `python -m arguments…` to its end on this terminal; gives its exit code.

        Args:
            arguments: a module and what it is told.
            is_aside: all that it says goes to stderr.
        """
        return self._open(arguments, sys.stderr.buffer if is_aside else None).wait()

    def wait(self) -> None:
        """Wait until Ctrl-C, or until one of them ends by itself.

        Raises:
            NeedsAttention: one ended.
        """
        while True:
            for name, process in self._serving.items():
                if process.poll() is not None:
                    raise NeedsAttention(*_reasons(name, self._log_folder / f"{name}.log"))
            Event().wait(_POLL_SECONDS)

    def _open(self, arguments: tuple[str, ...], output: BinaryIO | None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(command, stdout=output, stderr=output, env=self._environment)  # noqa: S603
        self._started.append(process)
        return process


def _reasons(name: str, log: Path) -> list[Problem]:
    """What a process of the hub said before it stopped, or where to look."""
    lines = log.read_text("utf-8", "replace").splitlines()
    said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return [Problem(line) for line in said] or [Problem(f"{name} stopped", file=str(log), hint="Its log says why")]


def _answers(url: str) -> bool:
    """Whether an HTTP server answers at `url`, with whatever status."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 (our own loopback address)
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError):
        return False


def require_free_port(port: int, setting: str) -> None:
    """Make sure that a process to come can listen on `port` of this machine, before anything is started.

    Raises:
        NeedsAttention: somebody else listens there; names the setting that chooses another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            hint = f"Stop the program that uses it, or choose another with {setting}"
            problem = Problem(f"port {port} on 127.0.0.1 is taken by another program", field=setting, hint=hint)
            raise NeedsAttention(problem) from None
