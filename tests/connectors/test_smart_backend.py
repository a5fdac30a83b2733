"""SMART Backend Services against oidc-provider, which nobody here wrote: both algorithms, and what must not pass."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, KeySet, RSAKey

from hub.connectors.kit.auth.smart import SmartGrant
from hub.connectors.kit.auth.tokens import TokenHeader, TokenServer
from hub.connectors.kit.http import HttpClient
from hub.connectors.kit.spec.auth import SmartBackend
from hub.errors import NeedsAttention
from tests.peers.oidc.peer import oidc_provider

SCOPE = "system/Patient.rs"
ALGORITHMS = ("RS384", "ES384")
Key = RSAKey | ECKey


def new_key(algorithm: str, key_id: str) -> Key:
    named = {"kid": key_id, "alg": algorithm, "use": "sig"}
    return RSAKey.generate_key(2048, named) if algorithm == "RS384" else ECKey.generate_key("P-384", named)


@dataclass
class Server:
    url: str
    keys: list[Key] = field(default_factory=list)
    """The public ones that an operator has registered."""

    def register(self, *keys: Key) -> None:
        """From now on these count, and no others."""
        self.keys = list(keys)
        told = httpx.put(f"{self.url}/_keys", json=KeySet(self.keys).as_dict(private=False), trust_env=False)
        told.raise_for_status()

    def grant(self, key: Key, algorithm: str, now: Any = time, **spec: Any) -> SmartGrant:
        client_id = f"hub-{algorithm.lower()}"
        declared = {"scheme": "smart_backend", "client_id": client_id, "key": {"env": "KEY"}, "algorithm": algorithm}
        smart = SmartBackend.model_validate({**declared, "scope": SCOPE, **spec})
        return SmartGrant(smart, client_id, json.dumps(key.as_dict(private=True)), f"{self.url}/fhir", now=now)

    def ask(self, grant: SmartGrant) -> Any:
        """What the resource behind the token says."""
        with HttpClient(f"{self.url}/fhir", auth=TokenHeader(grant, "Authorization", "Bearer ")) as http:
            return http.get("Patient").body


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with oidc_provider(tmp_path_factory.mktemp("oidc")) as url:
        yield Server(url)


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(NeedsAttention, match=r"no token \(invalid_client\)") as error:
        yield
    assert "eyJ" not in str(error.value)  # no assertion in a message


@pytest.fixture(params=ALGORITHMS)
def algorithm(request: pytest.FixtureRequest, server: Server) -> str:
    server.register(new_key(request.param, f"{request.param}-1"))
    return str(request.param)


def test_an_assertion_signed_with_the_published_key_opens_the_server(server: Server, algorithm: str) -> None:
    [key] = server.keys
    assert server.ask(server.grant(key, algorithm))["client"] == f"hub-{algorithm.lower()}"


def test_each_token_is_asked_for_with_an_assertion_of_its_own(server: Server, algorithm: str) -> None:
    grant = server.grant(server.keys[0], algorithm)
    assert grant.fetch().token != grant.fetch().token


def test_an_assertion_that_was_seen_is_not_taken_again(server: Server, algorithm: str) -> None:
    grant = server.grant(server.keys[0], algorithm)
    params = grant.params(f"{server.url}/token")
    assert TokenServer(f"{server.url}/token").ask(params).token
    with refused():
        TokenServer(f"{server.url}/token").ask(params)


def test_a_key_that_was_never_published_is_refused(server: Server, algorithm: str) -> None:
    with refused():
        server.ask(server.grant(new_key(algorithm, server.keys[0].kid or ""), algorithm))


def test_an_assertion_whose_time_is_over_is_refused(server: Server, algorithm: str) -> None:
    with refused():
        server.ask(server.grant(server.keys[0], algorithm, now=lambda: time() - 3600))


def test_an_assertion_for_another_server_is_refused(server: Server, algorithm: str) -> None:
    params = server.grant(server.keys[0], algorithm).params("https://elsewhere.example/token")
    with refused():
        TokenServer(f"{server.url}/token").ask(params)


def test_a_token_for_another_scope_does_not_open_the_resource(server: Server, algorithm: str) -> None:
    grant = server.grant(server.keys[0], algorithm, scope="system/Practitioner.rs")
    with pytest.raises(NeedsAttention, match="status 401"):
        server.ask(grant)


def test_a_new_key_is_taken_once_it_is_registered_and_an_old_one_until_it_is_not(
    server: Server, algorithm: str
) -> None:
    [old] = server.keys
    new = new_key(algorithm, f"{algorithm}-2")
    with refused():
        server.ask(server.grant(new, algorithm))
    server.register(old, new)
    assert server.ask(server.grant(new, algorithm))
    assert server.ask(server.grant(old, algorithm))
    server.register(new)
    with refused():
        server.ask(server.grant(old, algorithm))
