"""Servers in processes of their own, for as long as a test needs them."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


def free_port() -> int:
    """A loopback port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
