"""What stays the same on every request: headers and parameters."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from hub.connectors.kit.http.client import Authorizer


@dataclass(frozen=True, slots=True)
class StaticHeader:
    """One header."""

    name: str
    value: str = field(repr=False)

    def apply(self, request: httpx.Request) -> None:
        """See Authorizer."""
        request.headers[self.name] = self.value

    def renew(self, request: httpx.Request) -> bool:  # noqa: ARG002
        """See Authorizer: it is what it is."""
        return False


@dataclass(frozen=True, slots=True)
class StaticParameter:
    """One parameter of the address."""

    name: str
    value: str = field(repr=False)

    def apply(self, request: httpx.Request) -> None:
        """See Authorizer."""
        request.url = request.url.copy_set_param(self.name, self.value)

    def renew(self, request: httpx.Request) -> bool:  # noqa: ARG002
        """See Authorizer: it is what it is."""
        return False


@dataclass(frozen=True, slots=True)
class Several:
    """Schemes that hold together."""

    schemes: Sequence[Authorizer]

    def apply(self, request: httpx.Request) -> None:
        """See Authorizer."""
        for scheme in self.schemes:
            scheme.apply(request)

    def renew(self, request: httpx.Request) -> bool:
        """See Authorizer."""
        newer = [scheme.renew(request) for scheme in self.schemes]
        return any(newer)


def bearer(token: str) -> StaticHeader:
    """`Authorization: Bearer …`."""
    return StaticHeader("Authorization", f"Bearer {token}")


def basic(user: str, password: str) -> StaticHeader:
    """`Authorization: Basic …`."""
    return StaticHeader("Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")
