"""Declared calls over REST."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import quote

from hub.connectors.kit.engine.caller import GOOD
from hub.connectors.kit.engine.templates import filled, filled_text
from hub.connectors.kit.http import Answer, HttpClient, place
from hub.connectors.kit.spec.reading import Call
from hub.connectors.kit.values import put_at, value_at
from hub.errors import NeedsAttention, Problem, RecordRejected


class RestCaller:
    """`hub.connectors.kit.engine.caller.Caller`."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

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
        accept: frozenset[int] = GOOD,
        repeatable: bool = True,
        writes: bool = False,
    ) -> Answer:
        """See Caller."""
        body = deepcopy(filled(call.body, values))
        query = {} if url else {**filled(call.query, values), **(params if body is None and params else {})}
        if isinstance(body, dict):
            for path, value in (params or {}).items():
                put_at(body, path, value)
        answer = self._http.request(
            call.method,
            url or filled_text(call.path, values, lambda text: quote(text, safe="")).lstrip("/"),
            params={name: _text(value) for name, value in query.items()} or None,
            payload=body,
            headers={**call.headers, **(headers or {})},
            accept=accept,
            repeatable=repeatable,
        )
        if call.errors is not None and value_at(answer.body, call.errors):
            raise _told(answer, value_at(answer.body, call.errors), writes=writes)
        return answer


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_text(each) for each in value] if isinstance(value, list) else str(value)


def _told(answer: Answer, errors: Any, *, writes: bool) -> NeedsAttention | RecordRejected:
    """What the system calls the failure; never its free text, which may quote the record."""
    told = errors if isinstance(errors, list) else [errors]
    codes = [str(each.get("code", "")) for each in told if isinstance(each, dict)]
    words = [code for code in codes if code and len(code) <= 40 and code.replace("_", "").replace("-", "").isalnum()]
    said = f" ({', '.join(dict.fromkeys(words[:5]))})" if words else ""
    kind = RecordRejected if writes else NeedsAttention
    hint = "Correct the record" if writes else "Look up the code in the system's documentation"
    return kind(Problem(f"{place(answer.url)}: the system reports an error{said}", code="told_error", hint=hint))
