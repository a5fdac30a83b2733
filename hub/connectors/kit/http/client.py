"""The client: one base address, its secrets, its gate."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any, Protocol, Self

import httpx
import stamina

from hub.connectors.kit.http.addresses import is_same_origin, of_same_origin, place
from hub.connectors.kit.http.answers import Answer, name_of, parsed, unreadable
from hub.connectors.kit.http.gate import Gate
from hub.connectors.kit.http.refusals import no_answer, refusal
from hub.connectors.kit.http.seen import Seen, Witness, nobody
from hub.connectors.kit.spec.limits import LimitsSpec
from hub.errors import HubError, NeedsAttention, Problem, RetryLater, only_reasons

_ASKED_TOO_MUCH = {"http_429", "throttled"}
_NOT_SENT = {"left_alone", "rate_limited"}


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

    @classmethod
    def of(cls, spec: LimitsSpec) -> "Limits":
        """As a connection declares them."""
        return cls(
            connect_seconds=min(cls().connect_seconds, spec.timeout_seconds),
            read_seconds=spec.timeout_seconds,
            whole_seconds=spec.whole_seconds,
            attempts=spec.attempts,
            longest_wait_seconds=spec.longest_wait_seconds,
        )


class Authorizer(Protocol):
    """What shows that a request may."""

    def apply(self, request: httpx.Request) -> None:
        """Put it on the request; each time anew.

        Raises:
            RetryLater, NeedsAttention: there is nothing to put on.
        """
        ...

    def renew(self, request: httpx.Request) -> bool:
        """The request was refused with 401: whether a second try would carry something newer."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """How an answer is taken."""

    accept: frozenset[int]
    cost: int
    judge: Callable[[Answer], None] | None


class HttpClient:
    """JSON over HTTP with one base address; its secrets go nowhere else."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: Authorizer | None = None,
        media_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        gate: Gate | None = None,
        witness: Witness = nobody,
    ) -> None:
        """`witness` sees each request and what came of it, also where nothing came."""
        self.base_url = base_url.rstrip("/") + "/"
        self._auth = auth
        self._limits = limits or Limits()
        self._witness = witness
        self.gate = gate or Gate(LimitsSpec(give_up_after=1_000_000))
        timeout = httpx.Timeout(self._limits.read_seconds, connect=self._limits.connect_seconds)
        sent = {"Accept": media_type, "Content-Type": media_type, **(headers or {})}
        is_tls = self.base_url.startswith(
            "https:"
        )  # elsewhere nothing is sent, and reading all authorities costs 20 ms
        self._client = httpx.Client(
            headers=sent, timeout=timeout, follow_redirects=False, trust_env=False, verify=is_tls
        )

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
            NeedsAttention: it points to another host, port or scheme; the secrets must not travel there.
        """
        return of_same_origin(self.base_url, url)

    def get(self, url: str, params: Mapping[str, str | Sequence[str]] | None = None) -> Answer:
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
        params: Mapping[str, str | Sequence[str]] | None = None,
        payload: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: frozenset[int] = frozenset({200, 201}),
        repeatable: bool = False,
        cost: int = 0,
        judge: Callable[[Answer], None] | None = None,
    ) -> Answer:
        """One request.

        `repeatable` says that doing it twice does no harm, `cost` what it takes of the points. `judge` raises what is
        wrong with an answer although its status is accepted; that counts and is repeated as a status is.

        Raises:
            RetryLater, NeedsAttention: as `get`.
            RecordRejected, Conflict: for a payload that the server refuses, or that is out of date.
        """
        content, typed = _content(payload, form)
        sent = {**typed, **(headers or {})}
        request = self._client.build_request(method, self.absolute(url), params=params, content=content, headers=sent)
        attempts = self._limits.attempts if repeatable else 1
        for attempt in stamina.retry_context(on=self._pause, attempts=attempts, timeout=None):
            with attempt:
                return self._authorized(request, _Asked(accept, cost, judge))
        raise AssertionError("stamina ends with a result or the error")

    def lines(self, url: str, *, media_type: str) -> Iterator[str]:
        """A large answer line by line, as it comes: never whole in memory. Read once; who wants it again asks again.

        An address of another origin is asked without secrets, and only over https.

        Raises:
            RetryLater: unreachable, busy, or it broke off.
            NeedsAttention: refused.
        """
        is_ours = is_same_origin(self.base_url, url)
        if not is_ours and not url.startswith("https:"):
            raise NeedsAttention(
                Problem(f"{place(url)}: a file on another machine, not encrypted", code="foreign_link")
            )
        request = self._client.build_request("GET", url, headers={"Accept": media_type})
        if is_ours and self._auth is not None:
            self._auth.apply(request)
        with self.gate.passing(0, self._limits.longest_wait_seconds):
            yield from self._lines(request)

    def _lines(self, request: httpx.Request) -> Iterator[str]:
        try:
            response = self._client.send(request, stream=True)
            try:
                if response.status_code != 200:
                    raise refusal(request, response, response.read(), self.gate.spec.wait)
                yield from response.iter_lines()
            finally:
                response.close()
        except httpx.TransportError as error:
            self.gate.failed()
            raise no_answer(request, error) from None

    def _pause(self, error: Exception) -> bool | float:
        if not isinstance(error, RetryLater) or _NOT_SENT & set(only_reasons(error.problems)):
            return False
        if error.after_seconds is None:
            return True
        return error.after_seconds if error.after_seconds <= self._limits.longest_wait_seconds else False

    def _authorized(self, request: httpx.Request, asked: "_Asked") -> Answer:
        """With the secrets on it; where they were refused and there are newer ones, a second time."""
        if self._auth is None:
            return self._counted(request, asked)
        self._auth.apply(request)
        try:
            return self._counted(request, asked)
        except NeedsAttention as error:
            if "http_401" not in only_reasons(error.problems) or not self._auth.renew(request):
                raise
        self._auth.apply(request)
        return self._counted(request, asked)

    def _counted(self, request: httpx.Request, asked: "_Asked") -> Answer:
        """Through the gate, which learns what came of it."""
        with self.gate.passing(asked.cost, self._limits.longest_wait_seconds):
            try:
                answer = self._once(request, asked.accept)
                if asked.judge is not None:
                    asked.judge(answer)
            except RetryLater as error:
                self._learn(error)
                raise
            except HubError:
                self.gate.succeeded()
                raise
            self.gate.succeeded()
            return answer

    def _learn(self, error: RetryLater) -> None:
        if error.after_seconds is not None:
            self.gate.pause(error.after_seconds)
        if _ASKED_TOO_MUCH & set(only_reasons(error.problems)):
            self.gate.succeeded()
        else:
            self.gate.failed()

    def _once(self, request: httpx.Request, accept: frozenset[int]) -> Answer:
        response, content = self._sent(request)
        if response.status_code not in accept:
            raise refusal(request, response, content, self.gate.spec.wait)
        return Answer(str(request.url), response.status_code, response.headers, parsed(request, response, content))

    def _sent(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        began, response, content = monotonic(), None, bytearray()
        try:
            response = self._client.send(request, stream=True)
            try:
                self._read(request, response, content)
            finally:
                response.close()
        except httpx.TransportError as error:
            raise no_answer(request, error) from None
        except httpx.DecodingError:
            raise unreadable(request, "an answer that cannot be unpacked") from None
        finally:
            status, headers = (response.status_code, response.headers) if response is not None else (None, {})
            url, took = str(request.url), monotonic() - began
            self._witness(Seen(request.method, url, request.content, status, headers, bytes(content), took))
        return response, bytes(content)

    def _read(self, request: httpx.Request, response: httpx.Response, content: bytearray) -> None:
        until = monotonic() + self._limits.whole_seconds
        for piece in response.iter_bytes():
            content += piece
            if monotonic() > until:
                message = f"{name_of(request)}: no whole answer within {self._limits.whole_seconds:g} s"
                hint = "The server or the network is too slow now; the next run tries again"
                raise RetryLater(Problem(message, code="slow", hint=hint))
            if len(content) > self._limits.max_bytes:
                message = f"{name_of(request)}: more than {self._limits.max_bytes} bytes in one answer"
                raise NeedsAttention(Problem(message, code="too_big", hint="Check that base_url is the API's address"))


def _content(payload: Any, form: Mapping[str, str] | None) -> tuple[bytes | None, dict[str, str]]:
    """The bytes to send, and the headers that say what they are where that is no JSON."""
    if form is not None:
        return str(httpx.QueryParams(dict(form))).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    return None if payload is None else json.dumps(payload, ensure_ascii=False).encode(), {}
