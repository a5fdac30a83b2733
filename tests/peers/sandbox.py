"""The hub's own FHIR sandbox, in a process of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.processes import free_port, serving


@contextmanager
def sandbox(folder: Path, *arguments: str) -> Iterator[str]:
    """The base address of a sandbox that keeps its data in `folder`; empty unless `--seed` is among `arguments`."""
    port = free_port()
    module = [sys.executable, "-m", "hub.connectors.kit.sandbox.fhir"]
    command = [*module, "--port", str(port), "--data", str(folder / "sandbox.db"), *arguments]
    url = f"http://127.0.0.1:{port}"
    with serving(command, f"{url}/metadata", folder / "sandbox.log"):
        yield url
