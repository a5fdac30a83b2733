"""A small token server: it checks what it is told, gives tokens, and counts them."""

import json
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.peers.scripted import Asked, Scripted, answer, scripted


@dataclass
class TokenDesk:
    """What it knows and what it gave."""

    keys: KeySet | None = None
    client: str = "hub"
    secret: str = "s3cret"
    rotating: bool = False
    lifetime: int = 300
    given: list[str] = field(default_factory=list)
    refresh: str = "refresh-0"
    seen: list[dict[str, str]] = field(default_factory=list, repr=False)
    jtis: set[str] = field(default_factory=set)
    url: str = ""
    granted: str | None = None
    """The scopes that it says it gave."""
    worthless: bool = False
    """What it gives is refused."""

    def serve(self, asked: Asked) -> bytes:
        if "smart-configuration" in asked.target:
            return answer({"token_endpoint": f"{self.url}/token"}, content_type="application/json")
        if asked.target.startswith("/token"):
            return self._token(asked)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        is_good = bool(self.given) and token == self.given[-1] and not self.worthless
        return answer({"token": token} if is_good else {}, 200 if is_good else 401, content_type="application/json")

    def revoke(self) -> None:
        """No token given so far is good any more."""
        self.given.append("revoked")

    def _token(self, asked: Asked) -> bytes:
        is_json = "json" in asked.headers.get("content-type", "")
        params = json.loads(asked.body) if is_json else dict(parse_qsl(asked.body.decode()))
        self.seen.append(params)
        wrong = self._wrong(params, asked.headers.get("authorization", ""))
        if wrong:
            return answer({"error": wrong}, 401, content_type="application/json")
        self.given.append(f"token-{len(self.given) + 1}")
        said: dict[str, Any] = {"access_token": self.given[-1], "expires_in": self.lifetime, "token_type": "Bearer"}
        if self.granted is not None:
            said["scope"] = self.granted
        if self.rotating:
            self.refresh = f"refresh-{len(self.given)}"
            said["refresh_token"] = self.refresh
        return answer(said, content_type="application/json")

    def _wrong(self, params: dict[str, str], basic: str) -> str | None:
        if params.get("grant_type") == "refresh_token" and params.get("refresh_token") != self.refresh:
            return "invalid_grant"
        if "client_assertion" in params:
            return self._wrong_assertion(params)
        user, _, password = b64decode(basic.removeprefix("Basic ")).decode().partition(":")
        named = (params.get("client_id", user), params.get("client_secret", password))
        return None if named == (self.client, self.secret) else "invalid_client"

    def _wrong_assertion(self, params: dict[str, str]) -> str | None:
        """As the SMART specification tells a server to judge one."""
        assert self.keys is not None
        try:
            told = jwt.decode(params["client_assertion"], self.keys, algorithms=["RS384", "ES384"])
        except (JoseError, ValueError):
            return "invalid_client"
        claims = told.claims
        is_right = (
            claims["iss"] == claims["sub"] == self.client
            and claims["aud"] == f"{self.url}/token"
            and 0 < claims["exp"] - time.time() <= 300
            and claims["jti"] not in self.jtis
            and told.header["typ"] == "JWT"
            and params["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        )
        self.jtis.add(claims["jti"])
        return None if is_right else "invalid_client"


@contextmanager
def token_desk(**said: Any) -> Iterator[tuple[TokenDesk, Scripted]]:
    """It serves tokens at /token, and anything else to whoever shows the last one it gave."""
    desk, lock = TokenDesk(**said), threading.Lock()

    def serve(asked: Asked) -> bytes:
        with lock:
            return desk.serve(asked)

    with scripted(serve) as server:
        desk.url = server.url
        yield desk, server
