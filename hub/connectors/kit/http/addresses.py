"""Addresses: what of one may be shown, and whether two are the same server's."""

from urllib.parse import urljoin, urlsplit

from hub.errors import NeedsAttention, Problem


def place(url: str) -> str:
    """A URL as messages may show it: without user, query and fragment."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def address_of(base_url: str, url: str) -> str:
    """`url`; where it is a path only, that below the base."""
    return url if urlsplit(url).scheme else f"{base_url.rstrip('/')}/{url.lstrip('/')}"


def of_same_origin(base_url: str, url: str) -> str:
    """`url`, which may be relative to the base, as an absolute one of the same origin.

    Raises:
        NeedsAttention: it points to another host, port or scheme; no secret must travel there.
    """
    whole = urljoin(base_url, url)
    if _origin(whole) != _origin(base_url):
        raise NeedsAttention(
            Problem(
                f"{place(base_url)} points to another server, {place(whole)}",
                code="foreign_link",
                hint="Nothing was sent there. Correct base_url, or the server's own public address",
            )
        )
    return whole


def is_same_origin(base_url: str, url: str) -> bool:
    """Whether an absolute address is the same server's."""
    return _origin(base_url) == _origin(url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
