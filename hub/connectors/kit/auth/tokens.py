"""Tokens that a server gives for a while: one thread fetches, the others wait for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any, Protocol

import httpx

from hub.connectors.kit.http import Answer, Authorizer, HttpClient, Witness, nobody, place
from hub.connectors.kit.spec.auth import TokenAnswer
from hub.connectors.kit.values import value_at
from hub.errors import HubError, NeedsAttention, Problem, RetryLater

_READ = frozenset({200, 201, 400, 401, 403})
_MARGIN = 0.1
"""Of its lifetime: a token is renewed before it runs out under way."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token server gave."""

    token: str = field(repr=False)
    seconds: float | None
    """None: until it is refused."""
    refresh_token: str | None = field(default=None, repr=False)


class Grants(Protocol):
    """Where tokens come from."""

    def fetch(self) -> Grant:
        """A new one.

        Raises:
            RetryLater: the token server is down or slow.
            NeedsAttention: it refuses.
        """
        ...


class TokenHeader:
    """A header with a token that is fetched when there is none, when it runs out, and once when it is refused."""

    def __init__(self, grants: Grants, header: str, prefix: str, clock: Callable[[], float] = monotonic) -> None:
        self._grants = grants
        self._header = header
        self._prefix = prefix
        self._clock = clock
        self._lock = Lock()
        self._value: str | None = None
        self._until = float("-inf")

    def apply(self, request: httpx.Request) -> None:
        """See Authorizer."""
        request.headers[self._header] = self._current()

    def renew(self, request: httpx.Request) -> bool:
        """See Authorizer: the next one is new, unless another thread fetched it meanwhile."""
        with self._lock:
            if self._value == request.headers.get(self._header):
                self._value = None
        return True

    def _current(self) -> str:
        with self._lock:
            if self._value is None or self._clock() >= self._until:
                grant = self._grants.fetch()
                self._value = self._prefix + grant.token
                seconds = float("inf") if grant.seconds is None else grant.seconds * (1 - _MARGIN)
                self._until = self._clock() + seconds
            return self._value


class TokenServer:
    """The token endpoint of OAuth 2.0, and of those who nearly speak it."""

    def __init__(
        self,
        url: str,
        send: str = "form",
        answer: TokenAnswer | None = None,
        witness: Witness = nobody,
        *,
        headers: Mapping[str, str] | None = None,
        auth: Authorizer | None = None,
    ) -> None:
        """`headers` and `auth` are what each request to the system carries, where it is the system's own."""
        self._url = url
        self._witness = witness
        self._send = send
        self._answer = answer or TokenAnswer()
        self._headers = headers
        self._auth = auth

    def ask(self, params: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Grant:
        """One grant; sent once, for an assertion or a refresh token is good only once.

        Raises:
            RetryLater: down, slow or busy.
            NeedsAttention: it refuses, or its answer holds no token.
        """
        said = self._said(params, headers)
        token = value_at(said.body, self._answer.token)
        if said.status not in (200, 201) or not isinstance(token, str) or not token:
            raise _no_token(said)
        refresh = value_at(said.body, self._answer.refresh_token)
        return Grant(token, _seconds(value_at(said.body, self._answer.expires_in)), refresh or None)

    def _said(self, params: Mapping[str, str], headers: Mapping[str, str] | None) -> Answer:
        carried = {"form": dict(params)} if self._send == "form" else {"payload": dict(params)}
        try:
            with HttpClient(self._url, auth=self._auth, headers=self._headers, witness=self._witness) as client:
                return client.request("POST", self._url, headers=headers, accept=_READ, **carried)  # type: ignore[arg-type]
        except RetryLater:
            raise
        except HubError as error:
            raise NeedsAttention(*error.problems) from None


def _no_token(said: Answer) -> NeedsAttention:
    code = said.body.get("error") if isinstance(said.body, dict) else None
    words = f" ({code})" if isinstance(code, str) and code.replace("_", "").isalnum() else ""
    hint = "Check what the connection's 'auth' says: token_url, ids, secrets, scope; HUB_HTTP_LOG=FILE shows what goes"
    message = f"{place(said.url)}: status {said.status}, no token{words}"
    return NeedsAttention(Problem(message, code="no_token", field="auth", hint=hint))


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds < float("inf") else None
