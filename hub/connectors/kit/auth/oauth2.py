"""The grants of OAuth 2.0 that systems without a person at hand use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hub.connectors.kit.auth.kept_token import KeptToken
from hub.connectors.kit.auth.static import basic
from hub.connectors.kit.auth.tokens import Grant, TokenServer


@dataclass(frozen=True, slots=True)
class PlainGrant:
    """Client credentials, or a password: the same request each time."""

    server: TokenServer
    params: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def fetch(self) -> Grant:
        """See Grants."""
        return self.server.ask(self.params, self.headers)


@dataclass(frozen=True, slots=True)
class RefreshGrant:
    """A refresh token, which the server may replace each time."""

    server: TokenServer
    params: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    first: Callable[[], str] = field(repr=False)
    kept: KeptToken
    param: str = "refresh_token"
    """What the server calls it."""

    def fetch(self) -> Grant:
        """See Grants. Only one process at a time exchanges the kept one, for it may be good only once."""
        with self.kept.alone() as held:
            first = self.first()
            grant = self.server.ask({**self.params, self.param: held.newest(first)}, self.headers)
            if grant.refresh_token:
                held.save(first, grant.refresh_token)
            return grant


def client_of(client_id: str, secret: str | None, place: str) -> tuple[dict[str, str], dict[str, str]]:
    """How a client names itself: parameters and headers."""
    if place == "basic" and secret is not None:
        return {}, {"Authorization": basic(client_id, secret).value}
    return {"client_id": client_id} | ({"client_secret": secret} if secret is not None else {}), {}
