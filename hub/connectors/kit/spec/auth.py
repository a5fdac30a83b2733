"""How a request shows that it may: the schemes that vendors use."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from hub.connectors.kit.spec.declared import Declared, JsonPath, Wrong, names_in
from hub.connectors.kit.spec.secrets import Secret, Setting

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]


def _is_token_url(url: str) -> str:
    parts = urlsplit(url)
    if (parts.hostname and parts.scheme in ("http", "https")) or not (parts.netloc or parts.scheme):
        return url
    raise ValueError("neither an address (https://…) nor a path below base_url")


TokenUrl = Annotated[str, Field(min_length=1), AfterValidator(_is_token_url)]
"""An address, or a path below the connection's `base_url`."""


class Bearer(Declared):
    """`Authorization: Bearer …`."""

    scheme: Literal["bearer"]
    token: Secret


class Basic(Declared):
    """`Authorization: Basic …`, RFC 7617; some vendors leave the user or the password empty."""

    scheme: Literal["basic"]
    user: Setting = ""
    password: Secret | None = None


class Header(Declared):
    """A header of the vendor's own: `X-Shopify-Access-Token: …`, `Authorization: apikey …`."""

    scheme: Literal["header"]
    name: HeaderName
    value: Secret
    prefix: str = ""
    """Stands before the value, with its blank: `"apikey "`."""


class Query(Declared):
    """A parameter of the address. Servers log addresses: only where the vendor knows no other way."""

    scheme: Literal["query"]
    name: str
    value: Secret


class TokenAnswer(Declared):
    """Where a token server's answer says what."""

    token: JsonPath = "access_token"  # noqa: S105 - a path
    expires_in: JsonPath = "expires_in"
    """Seconds; where nothing stands there, a token is good until it is refused."""
    refresh_token: JsonPath = "refresh_token"  # noqa: S105 - a path


TokenParam = Literal[
    "grant_type", "scope", "client_id", "client_secret", "username", "password", "refresh_token"
]  # fmt: skip


class TokenScheme(Declared):
    """What the schemes share that fetch a token first."""

    token_url: TokenUrl
    send: Literal["form", "json"] = "form"
    """How the request's parameters travel."""
    params: dict[str, Setting] = Field(default_factory=dict)
    """Further parameters: `{resource: https://…, app_secret: {env: APP_SECRET}}`."""
    names: dict[TokenParam, str] = Field(default_factory=dict)
    """What a server calls the usual parameters: `{client_id: clientId, username: user_name}`; blank: it takes none."""
    scope: str | None = None
    answer: TokenAnswer = TokenAnswer()
    header: HeaderName = "Authorization"
    """The header that carries the token."""
    prefix: str = "Bearer "
    """Stands before the token, with its blank."""


class ClientCredentials(TokenScheme):
    """OAuth 2.0, RFC 6749 section 4.4."""

    scheme: Literal["oauth2_client_credentials"]
    client_id: Setting
    client_secret: Secret
    client_in: Literal["body", "basic"] = "body"


class Password(TokenScheme):
    """OAuth 2.0, RFC 6749 section 4.3: where a vendor still asks for it."""

    scheme: Literal["oauth2_password"]
    username: Setting
    password: Secret
    client_id: Setting | None = None
    client_secret: Secret | None = None
    client_in: Literal["body", "basic"] = "body"


class Refresh(TokenScheme):
    """OAuth 2.0, RFC 6749 section 6: a refresh token that a person got once."""

    scheme: Literal["oauth2_refresh"]
    client_id: Setting
    client_secret: Secret | None = None
    client_in: Literal["body", "basic"] = "basic"
    refresh_token: Secret
    """The first one."""
    keep: Path | None = None
    """The file that keeps the newest one where a vendor gives a new one each time; relative to the practice folder."""


class SmartBackend(Declared):
    """SMART Backend Services: a signed assertion, `private_key_jwt`."""

    scheme: Literal["smart_backend"]
    client_id: Setting
    key: Secret
    """The private key, as PEM or as a JWK."""
    key_id: str | None = None
    """`kid` of the key set that the server knows; a JWK may say it itself."""
    algorithm: Literal["RS384", "ES384"] = "RS384"
    token_url: TokenUrl | None = None
    """Without it, `.well-known/smart-configuration` below `base_url` is asked."""
    scope: str = "system/*.rs"
    lifetime_seconds: int = Field(default=240, ge=10, le=300)
    """Of an assertion; servers allow five minutes at most."""


class Signed(Declared):
    """`Authorization: Basic user:token`; the token is an HMAC over a text with the time, then that text (Boulevard)."""

    scheme: Literal["signed"]
    user: Setting
    secret: Secret
    secret_is: Literal["base64", "hex", "text"] = "base64"  # noqa: S105 - a form
    algorithm: Literal["sha256", "sha384", "sha512"] = "sha256"
    text: str
    """What is signed: `blvd-admin-v1{business_id}{unix_seconds}`."""
    values: Mapping[str, Setting] = {}
    """By the names that `text` uses; `unix_seconds` is known."""
    good_for_seconds: int = Field(default=60, ge=1, le=3600)

    def find_problems(self) -> Iterator[Wrong]:
        """A name in the text that nobody gives."""
        known = {*self.values, "unix_seconds"}
        for name in sorted(names_in(self.text) - known):
            yield ("text",), f"{{{name}}} is not given", f"Add it to 'values'; known: {', '.join(sorted(known))}"


Auth = Annotated[
    Bearer | Basic | Header | Query | ClientCredentials | Password | Refresh | SmartBackend | Signed,
    Field(discriminator="scheme"),
]
