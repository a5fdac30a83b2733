"""Declared calls over GraphQL: a document and its variables, and errors in an answer of success."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from hub.connectors.kit.engine.caller import GOOD
from hub.connectors.kit.engine.templates import filled
from hub.connectors.kit.engine.told import codes_in, refuse_told, shown
from hub.connectors.kit.http import Answer, HttpClient, place
from hub.connectors.kit.spec.reading import Call, Document
from hub.connectors.kit.values import put_at
from hub.errors import HubError, NeedsAttention, Problem, RecordRejected, RetryLater

_THROTTLED = {"THROTTLED", "RATE_LIMITED", "TOO_MANY_REQUESTS", "MAX_COST_EXCEEDED"}
_FAILED = {"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT", "GATEWAY_TIMEOUT"}
_WAIT = re.compile(r"wait\s+(\d+)\s*ms", re.IGNORECASE)
_LIMIT = re.compile(r"throttled|api limit|rate limit", re.IGNORECASE)


class GraphqlCaller:
    """`hub.connectors.kit.engine.caller.Caller`."""

    def __init__(self, http: HttpClient, text_of: Callable[[Document], str]) -> None:
        self._http = http
        self._text_of = text_of
        self._costs: dict[str, int] = {}
        """What each document did cost last."""

    def absolute(self, url: str) -> str:
        """See Caller."""
        return self._http.absolute(url)

    def send(
        self,
        call: Call,
        values: Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
        *,
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
        accept: frozenset[int] = GOOD,  # noqa: ARG002 - GraphQL has one status
        repeatable: bool = True,
        writes: bool = False,
    ) -> Answer:
        """See Caller."""
        assert call.document is not None
        text = self._text_of(call.document)
        variables: dict[str, Any] = deepcopy(filled(call.variables, values))
        for path, value in (params or {}).items():
            put_at(variables, path, value)
        reckoned = self._http.gate.cost(self._costs.get(text, 0))

        def judge(answer: Answer) -> None:
            cost = self._http.gate.settle(reckoned, answer.body)
            if cost is not None:
                self._costs[text] = cost
            _refuse_errors(answer, writes=writes)

        answer = self._http.request(
            "POST",
            url or self._http.base_url.rstrip("/") + call.path,
            payload={"query": text, "variables": variables},
            headers={**call.headers, **(headers or {})},
            accept=frozenset({200}),
            repeatable=repeatable,
            cost=reckoned,
            judge=judge,
        )
        refuse_told(call, answer, writes=writes)
        return answer


def _refuse_errors(answer: Answer, *, writes: bool) -> None:
    """Whatever data stands beside an error is not whole, and nothing of it is used."""
    body = answer.body
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(body, dict) or (not errors and not isinstance(body.get("data"), dict)):
        hint = "Put the address of the GraphQL API into base_url"
        raise NeedsAttention(Problem(f"{place(answer.url)}: no GraphQL answer", code="not_graphql", hint=hint))
    if errors:
        raise _error_of(answer, errors, writes=writes)


def _error_of(answer: Answer, errors: Any, *, writes: bool) -> HubError:
    codes = codes_in(errors)
    message = f"{place(answer.url)}: the system reports an error{shown(codes)}"
    texts = [str(each.get("message", "")) for each in errors if isinstance(each, dict)]
    wait = next((match for text in texts if (match := _WAIT.search(text))), None)
    upper = {code.upper() for code in codes}
    if wait or upper & _THROTTLED or any(_LIMIT.search(text) for text in texts):
        hint = "The system's allowance is used up; it is asked again later"
        after = int(wait[1]) / 1000 if wait else None
        return RetryLater(Problem(message, code="throttled", hint=hint), after_seconds=after)
    if "UNAUTHENTICATED" in upper:
        hint = "Check the secrets that the connection's 'auth' names"
        return NeedsAttention(Problem(message, code="http_401", hint=hint))
    if upper & _FAILED:
        hint = "Nothing of it was used; the next run tries again"
        return RetryLater(Problem(message, code="graphql_failed", hint=hint))
    if writes:
        return RecordRejected(Problem(message, code="graphql_error", hint="Correct the record"))
    hint = "Correct the document or its variables, or the rights of the account; nothing of this page was used"
    return NeedsAttention(Problem(message, code="graphql_error", hint=hint))
