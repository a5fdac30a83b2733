"""A token that one makes oneself: an HMAC over a text with the time."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Mapping
from threading import Lock
from time import time

import httpx

from hub.connectors.kit.auth.static import basic
from hub.connectors.kit.spec.auth import Signed
from hub.errors import NeedsAttention, Problem


class SignedToken:
    """`Basic user:mac+text`, made anew when it is old or was refused."""

    def __init__(
        self, spec: Signed, user: str, secret: str, values: Mapping[str, str], now: Callable[[], float] = time
    ) -> None:
        self._spec = spec
        self._user = user
        self._key = _key(secret, spec.secret_is)
        self._values = values
        self._now = now
        self._lock = Lock()
        self._made_at = float("-inf")
        self._token = ""

    def apply(self, request: httpx.Request) -> None:
        """See Authorizer."""
        basic(self._user, self._fresh()).apply(request)

    def renew(self, request: httpx.Request) -> bool:
        """See Authorizer: signed anew, unless another thread did so meanwhile."""
        with self._lock:
            held = httpx.Request("GET", request.url)
            basic(self._user, self._token).apply(held)
            if held.headers["Authorization"] == request.headers.get("Authorization"):
                self._made_at = float("-inf")
        return True

    def _fresh(self) -> str:
        with self._lock:
            now = self._now()
            if not 0 <= now - self._made_at < self._spec.good_for_seconds:
                self._token, self._made_at = self._sign(int(now)), now
            return self._token

    def _sign(self, unix_seconds: int) -> str:
        text = self._spec.text
        for name, value in {**self._values, "unix_seconds": str(unix_seconds)}.items():
            text = text.replace(f"{{{name}}}", value)
        mac = hmac.digest(self._key, text.encode(), self._spec.algorithm)
        return b64encode(mac).decode() + text


def _key(secret: str, form: str) -> bytes:
    try:
        if form == "base64":
            return b64decode(secret, validate=True)
        return bytes.fromhex(secret) if form == "hex" else secret.encode()
    except (Error, ValueError):
        hint = "Correct the secret, or 'secret_is'"
        raise NeedsAttention(Problem(f"the secret is not {form}", code="no_secret", field="auth", hint=hint)) from None
