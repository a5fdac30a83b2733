"""Medplum's FHIR router as a peer, from npm as its package-lock.json names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.npm import NODE, installed
from tests.peers.processes import free_port, serving

HERE = Path(__file__).resolve().parent


@contextmanager
def medplum(log: Path) -> Iterator[str]:
    """The base address of a fresh, empty server."""
    folder = installed(HERE)
    port = free_port()
    command = [str(NODE / "bin" / "node"), str(folder / "server.mjs"), str(port)]
    url = f"http://127.0.0.1:{port}"
    with serving(command, f"{url}/Patient", log, cwd=folder):
        yield url
