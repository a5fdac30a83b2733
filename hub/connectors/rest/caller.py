"""Declared calls over REST."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import quote

from hub.connectors.kit.engine.caller import GOOD
from hub.connectors.kit.engine.templates import filled, filled_text
from hub.connectors.kit.engine.told import refuse_told
from hub.connectors.kit.http import Answer, HttpClient
from hub.connectors.kit.spec.reading import Call
from hub.connectors.kit.values import put_at


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
            payload=body if call.send == "json" else None,
            form=dict(_fields(body)) if call.send == "form" and body is not None else None,
            headers={**call.headers, **(headers or {})},
            accept=accept,
            repeatable=repeatable,
        )
        refuse_told(call, answer, writes=writes)
        return answer


def _fields(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """A table as the fields of a form: `a[b]`, `a[0]`; what is null is cleared by a blank."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in inner:
            yield from _fields(part, f"{name}[{key}]" if name else str(key))
    else:
        yield name, "" if value is None else _text(value)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_text(each) for each in value] if isinstance(value, list) else str(value)
