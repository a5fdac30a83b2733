"""Each declared scheme, with its secrets."""

from collections.abc import Callable, Mapping, Sequence

from hub.connectors.kit.auth.kept_token import KeptToken
from hub.connectors.kit.auth.oauth2 import PlainGrant, RefreshGrant, client_of
from hub.connectors.kit.auth.signed import SignedToken
from hub.connectors.kit.auth.smart import SmartGrant
from hub.connectors.kit.auth.static import Several, StaticHeader, StaticParameter, basic, bearer
from hub.connectors.kit.auth.tokens import Grants, TokenHeader, TokenServer
from hub.connectors.kit.http import Authorizer, Witness, address_of, is_same_origin, nobody
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.spec.auth import (
    Auth,
    Basic,
    Bearer,
    ClientCredentials,
    Header,
    Password,
    Query,
    Refresh,
    Signed,
    SmartBackend,
    TokenScheme,
)

Opener = Callable[[str, TokenScheme], TokenServer]


def open_auth(
    schemes: Sequence[Auth],
    secrets: SecretStore,
    base_url: str,
    witness: Witness = nobody,
    headers: Mapping[str, str] | None = None,
) -> Authorizer | None:
    """What the schemes put on a request; None for no scheme. Nothing is asked of anybody yet.

    A token server of the system's own origin is asked as the system is: with `headers`, and what other schemes hold
    that stays the same. `witness` sees what is asked of token servers.

    Raises:
        NeedsAttention: a secret is not there, or is not what its scheme needs.
    """
    fixed = [_fixed(scheme, secrets) for scheme in schemes]
    beside = Several([one for one in fixed if one is not None])

    def token_server(url: str, spec: TokenScheme) -> TokenServer:
        whole = address_of(base_url, url)
        if not is_same_origin(base_url, whole):
            return TokenServer(whole, spec.send, spec.answer, witness)
        return TokenServer(whole, spec.send, spec.answer, witness, headers=headers, auth=beside)

    opened = [
        one or _changing(scheme, secrets, base_url, witness, token_server)
        for one, scheme in zip(fixed, schemes, strict=True)
    ]
    return opened[0] if len(opened) == 1 else Several(opened) if opened else None


def _fixed(scheme: Auth, secrets: SecretStore) -> Authorizer | None:
    match scheme:
        case Bearer():
            return bearer(secrets.read(scheme.token))
        case Basic():
            return basic(secrets.read(scheme.user), secrets.read(scheme.password) if scheme.password else "")
        case Header():
            return StaticHeader(scheme.name, scheme.prefix + secrets.read(scheme.value))
        case Query():
            return StaticParameter(scheme.name, secrets.read(scheme.value))
    return None


def _changing(scheme: Auth, secrets: SecretStore, base_url: str, witness: Witness, token_server: Opener) -> Authorizer:
    match scheme:
        case Signed():
            values = {name: secrets.read(value) for name, value in scheme.values.items()}
            return SignedToken(scheme, secrets.read(scheme.user), secrets.read(scheme.secret), values)
        case SmartBackend():
            client_id, key = secrets.read(scheme.client_id), secrets.read(scheme.key)
            return TokenHeader(
                SmartGrant(scheme, client_id, key, base_url, witness=witness), "Authorization", "Bearer "
            )
        case ClientCredentials() | Password() | Refresh():
            grants = _grants(scheme, secrets, token_server(scheme.token_url, scheme))
            return TokenHeader(grants, scheme.header, scheme.prefix)
    raise AssertionError(scheme)


def _grants(scheme: ClientCredentials | Password | Refresh, secrets: SecretStore, server: TokenServer) -> Grants:
    secret = secrets.read(scheme.client_secret) if scheme.client_secret else None
    client_id = secrets.read(scheme.client_id) if scheme.client_id else None
    named, headers = client_of(client_id, secret, scheme.client_in) if client_id is not None else ({}, {})
    params = {**_asked(scheme), **named}
    more = {name: secrets.read(value) for name, value in scheme.params.items()}
    match scheme:
        case ClientCredentials():
            return PlainGrant(server, _renamed(params, scheme) | more, headers)
        case Password():
            who = {"username": secrets.read(scheme.username), "password": secrets.read(scheme.password)}
            return PlainGrant(server, _renamed({**params, **who}, scheme) | more, headers)
        case Refresh():
            keep = KeptToken(secrets.folder / scheme.keep if scheme.keep else None)
            first = scheme.refresh_token
            secrets.read(first)
            asked = _renamed(params, scheme) | more
            param = scheme.names.get("refresh_token") or "refresh_token"
            return RefreshGrant(server, asked, headers, lambda: secrets.read(first), keep, param)


def _renamed(params: dict[str, str], scheme: TokenScheme) -> dict[str, str]:
    """In the server's words."""
    words = {str(key): word for key, word in scheme.names.items()}
    return {name: value for key, value in params.items() if (name := words.get(key, key))}


def _asked(scheme: TokenScheme) -> dict[str, str]:
    kinds = {ClientCredentials: "client_credentials", Password: "password", Refresh: "refresh_token"}
    asked = {"grant_type": kinds[type(scheme)]}
    return asked | ({"scope": scheme.scope} if scheme.scope else {})
