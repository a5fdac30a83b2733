"""Servers in processes of their own, for as long as a test needs them."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 180
_PORTS = range(12_000, 32_000)
"""Below those that the system gives to whoever asks for any, so that nobody is given one before its server starts."""
_FOR_ONE_PROCESS = 97
_numbers = count()


def free_port() -> int:
    """A loopback port that nobody uses, and no other test of this machine asks for.

    Raises:
        AssertionError: all of them are taken.
    """
    for _ in _PORTS:
        port = _PORTS[(os.getpid() * _FOR_ONE_PROCESS + next(_numbers)) % len(_PORTS)]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")


@contextmanager
def serving(command: Sequence[str], url: str, log: Path, cwd: Path = PROJECT) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `command` until the block ends; enters it when `url` answers."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output)
        try:
            _wait_until_ready(process, url, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < deadline:
            try:
                client.get(url)
            except httpx.TransportError:
                if process.poll() is not None:
                    break
                time.sleep(0.05)  # noqa: TID251 - between two polls of readiness
            else:
                return
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text()[-2000:]}")
