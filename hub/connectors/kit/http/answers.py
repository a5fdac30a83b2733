"""An answer, whole and parsed, or the reason why there is none to use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from hub.connectors.kit.http.addresses import place
from hub.errors import NeedsAttention, Problem, RetryLater


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer with one of the statuses the caller accepts."""

    url: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)
    """The parsed JSON; None where the answer has no body."""


def name_of(request: httpx.Request) -> str:
    """A request as messages may show it."""
    return f"{request.method} {place(str(request.url))}"


def sent_at(answer: Answer) -> datetime | None:
    """The server's own clock when it answered, if it says so."""
    return http_date(answer.headers.get("date"))


def http_date(text: str | None) -> datetime | None:
    """An HTTP date, None for anything else."""
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def parsed(request: httpx.Request, response: httpx.Response, content: bytes) -> Any:
    """The JSON of an answer.

    Raises:
        RetryLater: it stops in the middle.
        NeedsAttention: it is something else.
    """
    if not content.strip():
        if response.status_code == HTTPStatus.OK and request.method == "GET":
            raise _half(request, "an empty answer")
        return None
    try:
        return json.loads(content)
    except UnicodeDecodeError:
        raise unreadable(request, "an answer that is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        if _is_json(response) and _ends_early(error):
            raise _half(request, "the answer stops in the middle") from None
        kind = response.headers.get("content-type", "without a content type").split(";")[0]
        raise unreadable(request, f"an answer that is not JSON ({kind})") from None
    except RecursionError:
        raise unreadable(request, "an answer that is nested beyond reason") from None


def unreadable(request: httpx.Request, what: str) -> NeedsAttention:
    """For what no later try will make readable."""
    hint = "Check that base_url is the API's address and no sign-in page or proxy stands before it"
    return NeedsAttention(Problem(f"{name_of(request)}: {what}", code="not_json", hint=hint))


def _half(request: httpx.Request, what: str) -> RetryLater:
    hint = "Nothing of it was used; the next run tries again"
    return RetryLater(Problem(f"{name_of(request)}: {what}", code="broken_off", hint=hint))


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def _ends_early(error: json.JSONDecodeError) -> bool:
    """Whether the text is fine as far as it goes."""
    rest = error.doc[error.pos :].strip()
    return not rest or error.msg.startswith("Unterminated string") or rest in ("t", "tr", "tru", "f", "fa", "n", "nu")
