"""Whether a message is the system's own. Signatures are compared in constant time, over the bytes as they came."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.spec.webhooks import Ecdsa, Hmac, Token, Webhooks
from hub.connectors.kit.webhooks.request import WebhookRequest
from hub.errors import NeedsAttention, Problem

_NAME = re.compile(rb"\{([a-z][A-Za-z0-9_.-]*)\}")
_NUMBER = re.compile(r"\d{9,17}")
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Verified:
    """A message that is the system's own."""

    signed_at: datetime | None
    """When it says that it was signed; None: the scheme does not say."""
    window: timedelta | None
    """So far from now that may be."""


def verify(request: WebhookRequest, webhooks: Webhooks, secrets: SecretStore) -> Verified | None:
    """What is known of the message when one of the schemes says that it is the system's own; None: none does.

    Raises:
        NeedsAttention: a key is not there or is no key.
    """
    for scheme in webhooks.signature:
        if isinstance(scheme, Token):
            if _is_token(request, scheme, secrets):
                return Verified(None, None)
        elif _is_signed(request, scheme, str(webhooks.url or ""), secrets):
            stamp = _stamp(request, scheme)
            return Verified(_instant(stamp, scheme), scheme.window if stamp is not None else None)
    return None


def _is_token(request: WebhookRequest, scheme: Token, secrets: SecretStore) -> bool:
    said = request.headers.get(scheme.header.lower(), "")
    return hmac.compare_digest(said.encode(), (scheme.prefix + secrets.read(scheme.token)).encode())


def _is_signed(request: WebhookRequest, scheme: Hmac | Ecdsa, url: str, secrets: SecretStore) -> bool:
    signatures = _signatures(request, scheme)
    if not signatures:
        return False
    if isinstance(scheme, Ecdsa):
        content = _content(request, scheme, url)
        return any(_is_ecdsa(signature, content, scheme, secrets) for signature in signatures)
    if scheme.body_hash is not None and not _has_body(request, scheme.body_hash):
        return False
    key = _key(scheme, secrets)
    return any(
        hmac.compare_digest(signature.encode(), _hmac(key, _content(request, scheme, address), scheme).encode())
        for signature in signatures
        for address in _spellings(url, request)
    )


def _signatures(request: WebhookRequest, scheme: Hmac | Ecdsa) -> Sequence[str]:
    said = request.headers.get(scheme.header.lower(), "").replace(" ", "")
    if scheme.fields:
        return [value for name, value in _fields(said) if name == scheme.fields["signature"]]
    prefix = scheme.prefix.replace(" ", "")
    if not said or not said.lower().startswith(prefix.lower()):
        return []
    bare = said[len(prefix) :]
    return [bare.lower() if isinstance(scheme, Hmac) and scheme.encoding == "hex" else bare]


def _fields(said: str) -> Iterator[tuple[str, str]]:
    for part in said.split(","):
        name, _, value = part.partition("=")
        yield name, value


def _content(request: WebhookRequest, scheme: Hmac | Ecdsa, url: str) -> bytes:
    """What was signed, byte by byte."""

    def named(match: re.Match[bytes]) -> bytes:
        name = match[1].decode()
        if name == "body":
            return request.body
        if name == "form":
            return "".join(key + value for key, value in sorted(set(request.form))).encode()
        if name.startswith("header."):
            return request.headers.get(name.removeprefix("header.").lower(), "").encode()
        return {"url": url, "method": request.method, "timestamp": _stamp(request, scheme) or ""}[name].encode()

    return _NAME.sub(named, scheme.signed.encode())


def _spellings(url: str, request: WebhookRequest) -> Iterator[str]:
    """The address as a system may have written it: with its query, with and without the usual port."""
    whole = f"{url}?{request.query}" if request.query else url
    yield whole
    parts = urlsplit(whole)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.hostname or ""
    if usual is not None and parts.port in (None, usual):
        other = host if parts.port else f"{host}:{usual}"
        yield parts._replace(netloc=other).geturl()


def _hmac(key: bytes, content: bytes, scheme: Hmac) -> str:
    digest = hmac.new(key, content, scheme.algorithm).digest()
    if scheme.encoding == "base64":
        return base64.b64encode(digest).decode()
    return digest.hex("-").upper() if scheme.encoding == "hex_pairs" else digest.hex()


def _key(scheme: Hmac, secrets: SecretStore) -> bytes:
    key = secrets.read(scheme.key)
    if scheme.key_is == "text":
        return key.encode()
    try:
        return base64.b64decode(key, validate=True)
    except binascii.Error:
        raise _no_key(secrets, f"{scheme.key} is not base64") from None


def _is_ecdsa(signature: str, content: bytes, scheme: Ecdsa, secrets: SecretStore) -> bool:
    try:
        key = load_der_public_key(base64.b64decode(secrets.read(scheme.public_key)))
    except (ValueError, binascii.Error):
        raise _no_key(secrets, "the public key is no key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise _no_key(secrets, "the public key is of another kind")
    try:
        key.verify(base64.b64decode(signature), content, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _has_body(request: WebhookRequest, name: str) -> bool:
    said = parse_qs(request.query).get(name, [""])[0]
    return not request.body or hmac.compare_digest(
        said.lower().encode(), hashlib.sha256(request.body).hexdigest().encode()
    )


def _stamp(request: WebhookRequest, scheme: Hmac | Ecdsa) -> str | None:
    """The time stamp as it was written."""
    if scheme.timestamp is not None and scheme.timestamp.header is not None:
        found = _NUMBER.findall(request.headers.get(scheme.timestamp.header.lower(), ""))
        return found[-1] if found else ""
    if "timestamp" in scheme.fields:
        said = request.headers.get(scheme.header.lower(), "").replace(" ", "")
        return next((value for name, value in _fields(said) if name == scheme.fields["timestamp"]), "")
    return None


def _instant(stamp: str | None, scheme: Hmac | Ecdsa) -> datetime | None:
    if stamp is None:
        return None
    unit = scheme.timestamp.unit if scheme.timestamp is not None else "s"
    try:
        return datetime.fromtimestamp(int(stamp) / (1000 if unit == "ms" else 1), UTC)
    except (ValueError, OverflowError, OSError):
        return _FAR  # no time at all is never within the window


def _no_key(secrets: SecretStore, message: str) -> NeedsAttention:
    hint = "Copy it from the system's own settings, where the webhook was made"
    return NeedsAttention(Problem(message, code="no_secret", file=secrets.file, field="webhooks.signature", hint=hint))
