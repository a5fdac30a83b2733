"""What a status, or no answer at all, means for the caller."""

from collections.abc import Sequence
from http import HTTPStatus

import httpx

from hub.connectors.kit.http.answers import name_of
from hub.connectors.kit.http.outcomes import outcome_problems
from hub.connectors.kit.http.waits import pause_asked
from hub.connectors.kit.spec.limits import Wait
from hub.errors import Conflict, HubError, NeedsAttention, Problem, RecordRejected, RetryLater

_ASK_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_REFUSED_RECORD = {400, 404, 410, 413, 415, 422}
_STATUS_HINTS = {
    401: "Check the secrets that the connection's 'auth' names",
    403: "Give the account behind the connection's 'auth' the right to do this",
    404: "Check base_url of the connection, and whether the server has this resource",
    406: "The server speaks another format: check base_url of the connection",
}


def no_answer(request: httpx.Request, error: httpx.TransportError) -> HubError:
    """The error for a request that nobody answered."""
    name = name_of(request)
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


def refusal(request: httpx.Request, response: httpx.Response, content: bytes, waits: Sequence[Wait] = ()) -> HubError:
    """The error for a status that the caller does not accept."""
    status = response.status_code
    message = f"{name_of(request)}: status {status} {_phrase(status)}".rstrip()
    if status in _ASK_AGAIN:
        hint = "The server is busy or failing; the next run tries again"
        return RetryLater(
            Problem(message, code=f"http_{status}", hint=hint), after_seconds=pause_asked(response, content, waits)
        )
    if request.method in ("POST", "PUT", "PATCH", "DELETE"):
        if status in (409, 412):
            return Conflict(Problem(message, code=f"http_{status}", hint="Read the record again and decide again"))
        if status in _REFUSED_RECORD:
            code = f"http_{status}"
            found = outcome_problems(content, message, code)
            return RecordRejected(*(found or [Problem(message, code=code, hint="Correct the record")]))
    if 300 <= status < 400:
        hint = "Put the server's final address into base_url; redirects are not followed, so that no token leaks"
    else:
        hint = _STATUS_HINTS.get(status, "Check base_url and the server's documentation")
    return NeedsAttention(Problem(message, code=f"http_{status}", hint=hint))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
