"""What all readings and writings of one connection share within a process: its gate, and the tokens it holds."""

from collections.abc import Callable, Hashable
from hashlib import sha256
from threading import Lock
from typing import TypeVar

from hub.connectors.kit.auth import open_auth
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.http import Authorizer, Gate, HttpClient, Limits, Witness, nobody
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.spec.secrets import sources_in
from hub.ports.allowances import Allowances

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
_lock = Lock()
_gates: dict[tuple[str, Allowances | None], Gate] = {}
_auths: dict[str, Authorizer | None] = {}


def open_http(
    connection: Connection,
    secrets: SecretStore,
    *,
    media_type: str = "application/json",
    limits: Limits | None = None,
    witness: Witness = nobody,
    allowances: Allowances | None = None,
) -> HttpClient:
    """A client for the connection's server, with its secrets and behind its gate.

    Args:
        connection: whose server.
        secrets: where its secrets are.
        media_type: what it speaks.
        limits: other than the connection declares.
        witness: sees each request.
        allowances: where what is spent is counted for all processes.

    Raises:
        NeedsAttention: a secret is not there.
    """
    base_url = str(connection.base_url)
    declared = Limits.of(connection.limits)
    return HttpClient(
        base_url,
        auth=_auth(connection, secrets, base_url, witness),
        media_type=media_type,
        headers=connection.headers,
        limits=limits or declared,
        gate=_gate(connection, base_url, allowances),
        witness=witness,
    )


def _gate(connection: Connection, base_url: str, allowances: Allowances | None) -> Gate:
    key = f"{connection.account} {base_url} {connection.limits.model_dump_json()}"
    return _only(_gates, (key, allowances), lambda: Gate(connection.limits, connection.account, allowances=allowances))


def _auth(connection: Connection, secrets: SecretStore, base_url: str, witness: Witness) -> Authorizer | None:
    """The same one while the file and the secrets are the same: a corrected secret counts at once."""
    said = "\n".join(scheme.model_dump_json() for scheme in connection.auth)
    held = "\n".join(secrets.read(one) for scheme in connection.auth for one in sources_in(scheme))
    key = sha256(
        f"{connection.account} {base_url} {secrets.folder} {connection.headers}\n{said}\n{held}".encode()
    ).hexdigest()
    return _only(_auths, key, lambda: open_auth(connection.auth, secrets, base_url, witness, connection.headers))


def _only(kept: dict[K, T], key: K, make: Callable[[], T]) -> T:
    with _lock:
        if key not in kept:
            kept[key] = make()
        return kept[key]
