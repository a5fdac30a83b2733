"""SMART Backend Services: a client that proves itself by a signed assertion.

Source: HL7 SMART App Launch 2.2, Backend Services and Client Authentication: Asymmetric.
"""

import json
from collections.abc import Callable
from time import time
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.connectors.kit.auth.tokens import Grant, TokenServer
from hub.connectors.kit.http import HttpClient, Witness, address_of, nobody
from hub.connectors.kit.spec.auth import SmartBackend
from hub.errors import NeedsAttention, Problem

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class SmartGrant:
    """Each token is asked for with an assertion of its own: a server takes none twice."""

    def __init__(
        self,
        spec: SmartBackend,
        client_id: str,
        key: str,
        base_url: str,
        *,
        now: Callable[[], float] = time,
        witness: Witness = nobody,
    ) -> None:
        self._witness = witness
        self._spec = spec
        self._client_id = client_id
        self._key = _key(key, spec.algorithm)
        self._base_url = base_url
        self._now = now
        self._token_url = address_of(base_url, spec.token_url) if spec.token_url else None

    def fetch(self) -> Grant:
        """See Grants."""
        url = self._token_url = self._token_url or _discover(self._base_url)
        return TokenServer(url, witness=self._witness).ask(self.params(url))

    def params(self, url: str) -> dict[str, str]:
        """What the token endpoint at `url` is asked with, once."""
        return {
            "grant_type": "client_credentials",
            "scope": self._spec.scope,
            "client_assertion_type": ASSERTION,
            "client_assertion": self._assertion(url),
        }

    def _assertion(self, audience: str) -> str:
        header = {"alg": self._spec.algorithm, "typ": "JWT"}
        key_id = self._spec.key_id or self._key.kid
        if key_id:
            header["kid"] = key_id
        now = int(self._now())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": audience,
            "iat": now,
            "exp": now + self._spec.lifetime_seconds,
            "jti": uuid4().hex,
        }
        return jwt.encode(header, claims, self._key, algorithms=[self._spec.algorithm])


def _discover(base_url: str) -> str:
    """The token endpoint that the server names."""
    with HttpClient(base_url) as client:
        said = client.get(".well-known/smart-configuration").body
    url = said.get("token_endpoint") if isinstance(said, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        hint = "Write token_url into the connection's 'auth'"
        message = "the server's smart-configuration names no token_endpoint over https"
        raise NeedsAttention(Problem(message, code="no_token", field="auth", hint=hint))
    return url


def _key(text: str, algorithm: str) -> RSAKey | ECKey:
    kind: type[RSAKey | ECKey] = RSAKey if algorithm == "RS384" else ECKey
    key: RSAKey | ECKey | None
    try:
        key = kind.import_key(text if text.lstrip().startswith("-----") else _jwk(text))
    except (JoseError, ValueError, TypeError, KeyError):
        key = None
    if key is not None and key.is_private and (algorithm == "RS384" or getattr(key, "curve_name", "") == "P-384"):
        return key
    hint = "Put the private key there, as PEM or JWK; RS384 needs an RSA key, ES384 one on the curve P-384"
    message = f"the key is no private key for {algorithm}"
    raise NeedsAttention(Problem(message, code="no_secret", field="auth", hint=hint))


def _jwk(text: str) -> dict[str, str | list[str]]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("not a JWK")
    return found
