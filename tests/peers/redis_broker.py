"""A Redis server that nobody here wrote, Debian's, on a loopback port and with nothing on disk."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Refused

from tests.peers.processes import free_port

START_SECONDS = 180


@contextmanager
def redis_broker(folder: Path) -> Iterator[str]:
    """Its address; it runs until the block ends."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "no"]
    with (folder / "redis.log").open("wb") as log:
        server = subprocess.Popen([program, *options], stdout=log, stderr=log)
    try:
        _wait(port, server)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(START_SECONDS)


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Until it answers."""
    with Redis(port=port) as client:
        for _ in range(START_SECONDS * 10):
            try:
                client.ping()
            except Refused:
                assert server.poll() is None, "Redis did not start"
                Event().wait(0.1)
            else:
                return
    raise AssertionError("Redis does not answer")
