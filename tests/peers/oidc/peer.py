"""oidc-provider as a peer: an OAuth 2.0 server that takes private_key_jwt, from npm as its lock names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.npm import NODE, installed
from tests.peers.processes import free_port, serving

HERE = Path(__file__).resolve().parent


@contextmanager
def oidc_provider(folder: Path) -> Iterator[str]:
    """The base address of a server that knows the clients `hub-rs384` and `hub-es384`, and no key of theirs yet."""
    home, port = installed(HERE), free_port()
    command = [str(NODE / "bin" / "node"), str(home / "server.mjs"), str(port)]
    url = f"http://127.0.0.1:{port}"
    with serving(command, f"{url}/fhir/Patient", folder / "server.log", cwd=home):
        yield url
