"""What a message speaks of: which record, and whether it is gone. Nothing else of it is kept."""

import json
from collections.abc import Iterator
from typing import Any

from hub.canonical.ids import Kind
from hub.connectors.kit.spec.webhooks import InHeader, Webhooks
from hub.connectors.kit.values import value_at
from hub.connectors.kit.webhooks.request import WebhookRequest
from hub.errors import InvalidInput, Problem
from hub.ports.inbox import WebhookEvent

_LONGEST = 500


def read_events(request: WebhookRequest, webhooks: Webhooks) -> tuple[WebhookEvent, ...]:
    """The events in the order sent; those of types that no kind is said for have none.

    Raises:
        InvalidInput: the body is not what the connection says.
    """
    if not request.body.strip():
        return ()  # a ping
    return tuple(_event(each, request, webhooks) for each in _bodies(_parsed(request, webhooks), webhooks))


def _parsed(request: WebhookRequest, webhooks: Webhooks) -> Any:
    if webhooks.body == "form":
        return dict(request.form)
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise InvalidInput(Problem("the body is not JSON", code="not_json", field="webhooks.body")) from None


def _bodies(body: Any, webhooks: Webhooks) -> Iterator[Any]:
    found = body if isinstance(body, list) else [body]
    for path in webhooks.each if not isinstance(body, list) else ():
        listed = [value_at(one, path) for one in found]
        found = [each for one in listed for each in (one if isinstance(one, list) else [one])]
    for each in found:
        if not isinstance(each, dict):
            raise InvalidInput(Problem("an event is an object", code="not_json", field="webhooks.each"))
        yield each


def _event(body: Any, request: WebhookRequest, webhooks: Webhooks) -> WebhookEvent:
    type_ = _value(body, request, webhooks.type) or ""
    kind: Kind | None = webhooks.kind_of(type_)
    merged = webhooks.merged.get(type_)
    return WebhookEvent(
        id=_value(body, request, webhooks.id),
        type=type_,
        kind=kind,
        record_id=_value(body, request, webhooks.record) if kind else None,
        gone=type_ in webhooks.deleted,
        merged_into=_text(value_at(body, merged)) if merged else None,
    )


def _value(body: Any, request: WebhookRequest, where: Any) -> str | None:
    if where is None:
        return None
    if isinstance(where, InHeader):
        return _text(request.headers.get(where.header.lower()))
    return next((found for path in where if (found := _text(value_at(body, path))) is not None), None)


def _text(value: Any) -> str | None:
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        return None
    text = str(value)
    if len(text) > _LONGEST or "\0" in text:
        raise InvalidInput(Problem("an id or a type is too long, or no text", code="bad_event", field="webhooks"))
    return text
