"""HTTP outward: time limits, retries for what may be repeated, and every failure as an error that says what to do.

Connectors speak through this client only. No message holds a body, a query or a header: those may be personal.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx
import stamina

from hub.errors import Conflict, HubError, NeedsAttention, Problem, RecordRejected, RetryLater

_ASK_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_REFUSED_RECORD = {400, 404, 410, 413, 415, 422}
_STATUS_HINTS = {
    401: "Check the secrets that the connection's 'auth' names",
    403: "Give the token's account the right to do this",
    404: "Check base_url of the connection, and whether the server has this resource",
    406: "The server speaks another format: check base_url of the connection",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one request may take, how much it may bring, and how often it is repeated."""

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    """The longest silence between two pieces of an answer."""
    whole_seconds: float = 120.0
    """The longest time for an entire answer: a server that drips is as good as down."""
    max_bytes: int = 64 * 1024 * 1024
    attempts: int = 3
    longest_wait_seconds: float = 20.0
    """A server that asks for a longer pause is left alone until the next run."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer with one of the statuses the caller accepts."""

    url: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)
    """The parsed JSON; None where the answer has no body."""


class HttpClient:
    """JSON over HTTP with one base address; its token goes nowhere else."""

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        media_type: str = "application/json",
        limits: Limits | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/") + "/"
        self._limits = limits or Limits()
        headers = {"Accept": media_type, "Content-Type": media_type}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        timeout = httpx.Timeout(self._limits.read_seconds, connect=self._limits.connect_seconds)
        self._client = httpx.Client(headers=headers, timeout=timeout, follow_redirects=False, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def absolute(self, url: str) -> str:
        """`url`, which may be relative to the base, as an absolute one of the same origin.

        Raises:
            NeedsAttention: it points to another host, port or scheme; the token must not travel there.
        """
        whole = urljoin(self.base_url, url)
        if _origin(whole) != _origin(self.base_url):
            raise NeedsAttention(
                Problem(
                    f"{place(self.base_url)} points to another server, {place(whole)}",
                    code="foreign_link",
                    hint="Nothing was sent there. Correct base_url, or the server's own public address",
                )
            )
        return whole

    def get(self, url: str, params: Mapping[str, str] | None = None) -> Answer:
        """A read, repeated where that may help.

        Raises:
            RetryLater: unreachable, slow, busy, failing, or half an answer.
            NeedsAttention: refused, moved, or not JSON.
        """
        return self.request("GET", url, params=params, repeatable=True)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: frozenset[int] = frozenset({200, 201}),
        repeatable: bool = False,
    ) -> Answer:
        """One request; `repeatable` says that doing it twice does no harm.

        Raises:
            RetryLater, NeedsAttention: as `get`.
            RecordRejected, Conflict: for a payload that the server refuses, or that is out of date.
        """
        content = None if payload is None else json.dumps(payload, ensure_ascii=False).encode()
        prepared = self._client.build_request(
            method, self.absolute(url), params=params, content=content, headers=headers
        )
        attempts = self._limits.attempts if repeatable else 1
        for attempt in stamina.retry_context(on=self._pause, attempts=attempts, timeout=None):
            with attempt:
                return self._once(prepared, accept)
        raise AssertionError("stamina gives at least one attempt")

    def _pause(self, error: Exception) -> bool | float:
        if not isinstance(error, RetryLater):
            return False
        if error.after_seconds is None:
            return True
        return error.after_seconds if error.after_seconds <= self._limits.longest_wait_seconds else False

    def _once(self, request: httpx.Request, accept: frozenset[int]) -> Answer:
        try:
            response = self._client.send(request, stream=True)
            try:
                content = self._read(request, response)
            finally:
                response.close()
        except httpx.TransportError as error:
            raise _no_answer(request, error) from None
        except httpx.DecodingError:
            raise _unreadable(request, "an answer that cannot be unpacked") from None
        if response.status_code not in accept:
            raise _refusal(request, response, content)
        return Answer(str(request.url), response.status_code, response.headers, _parsed(request, response, content))

    def _read(self, request: httpx.Request, response: httpx.Response) -> bytes:
        until = monotonic() + self._limits.whole_seconds
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if monotonic() > until:
                raise RetryLater(
                    Problem(
                        f"{_name(request)}: no whole answer within {self._limits.whole_seconds:g} s",
                        code="slow",
                        hint="The server or the network is too slow now; the next run tries again",
                    )
                )
            if len(content) > self._limits.max_bytes:
                raise NeedsAttention(
                    Problem(
                        f"{_name(request)}: more than {self._limits.max_bytes} bytes in one answer",
                        code="too_big",
                        hint="Check that base_url is the API's address",
                    )
                )
        return bytes(content)


def place(url: str) -> str:
    """A URL as messages may show it: without user, query and fragment."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def sent_at(answer: Answer) -> datetime | None:
    """The server's own clock when it answered, if it says so."""
    return _http_date(answer.headers.get("date"))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _name(request: httpx.Request) -> str:
    return f"{request.method} {place(str(request.url))}"


def _no_answer(request: httpx.Request, error: httpx.TransportError) -> HubError:
    name = _name(request)
    if isinstance(error, httpx.UnsupportedProtocol):
        return NeedsAttention(Problem(f"{name}: not an address", code="address", hint="Correct base_url"))
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        hint = "Check base_url and that the server runs; the next run tries again"
        return RetryLater(Problem(f"{name}: no connection", code="unreachable", hint=hint))
    if isinstance(error, httpx.TimeoutException):
        hint = "The server is too slow now; the next run tries again"
        return RetryLater(Problem(f"{name}: no answer in time", code="slow", hint=hint))
    hint = "Nothing of it was used; the next run tries again"
    return RetryLater(Problem(f"{name}: the answer broke off", code="broken_off", hint=hint))


def _unreadable(request: httpx.Request, what: str) -> NeedsAttention:
    hint = "Check that base_url is the API's address and no sign-in page or proxy stands before it"
    return NeedsAttention(Problem(f"{_name(request)}: {what}", code="not_json", hint=hint))


def _refusal(request: httpx.Request, response: httpx.Response, content: bytes) -> HubError:
    status = response.status_code
    message = f"{_name(request)}: status {status} {_phrase(status)}".rstrip()
    if status in _ASK_AGAIN:
        hint = "The server is busy or failing; the next run tries again"
        after = _retry_after(response)
        return RetryLater(Problem(message, code=f"http_{status}", hint=hint), after_seconds=after)
    if request.method in ("POST", "PUT", "PATCH"):
        if status in (409, 412):
            return Conflict(Problem(message, code=f"http_{status}", hint="Read the record again and decide again"))
        if status in _REFUSED_RECORD:
            reasons = _outcome(content)
            return RecordRejected(Problem(f"{message}{reasons}", code=f"http_{status}", hint="Correct the record"))
    if 300 <= status < 400:
        hint = "Put the server's final address into base_url; redirects are not followed, so that no token leaks"
    else:
        hint = _STATUS_HINTS.get(status, "Check base_url and the server's documentation")
    return NeedsAttention(Problem(message, code=f"http_{status}", hint=hint))


def _outcome(content: bytes) -> str:
    """The codes and paths of a FHIR OperationOutcome; never its free text, which may quote the record."""
    try:
        issues = json.loads(content)["issue"]
        words = [" ".join([str(i.get("code", "")), *map(str, i.get("expression", []))]).strip() for i in issues]
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
    return f" ({'; '.join(words[:5])})" if words else ""


def _parsed(request: httpx.Request, response: httpx.Response, content: bytes) -> Any:
    if not content.strip():
        if response.status_code == HTTPStatus.OK and request.method == "GET":
            raise RetryLater(
                Problem(f"{_name(request)}: an empty answer", code="broken_off", hint="The next run tries again")
            )
        return None
    try:
        return json.loads(content)
    except UnicodeDecodeError:
        raise _unreadable(request, "an answer that is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        if _is_json(response) and _ends_early(error):
            hint = "Nothing of it was used; the next run tries again"
            raise RetryLater(
                Problem(f"{_name(request)}: the answer stops in the middle", code="broken_off", hint=hint)
            ) from None
        kind = response.headers.get("content-type", "without a content type").split(";")[0]
        raise _unreadable(request, f"an answer that is not JSON ({kind})") from None


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def _ends_early(error: json.JSONDecodeError) -> bool:
    """Whether the text is fine as far as it goes."""
    rest = error.doc[error.pos :].strip()
    return not rest or error.msg.startswith("Unterminated string") or rest in ("t", "tr", "tru", "f", "fa", "n", "nu")


def _retry_after(response: httpx.Response) -> float | None:
    """The pause the server asks for: seconds, or a date."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    until, now = _http_date(value), _http_date(response.headers.get("date"))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _http_date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
