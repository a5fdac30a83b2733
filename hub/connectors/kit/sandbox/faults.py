"""Faults that a test or a demonstration switches on: `PUT /_sandbox/fault`, `DELETE /_sandbox/fault`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Fault(BaseModel):
    """What goes wrong, and when."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    kind: Literal["slow", "error", "truncated", "html", "drop"]
    """slow: waits; error: status 500; truncated: half a JSON text; html: a page; drop: stops in the middle."""
    after: int = 0
    """So many answers go well before it begins."""
    seconds: float = 60.0
    """How long a slow answer waits."""


@dataclass(slots=True)
class Faults:
    """The fault that is switched on, if any."""

    current: Fault | None = None
    answered: int = 0

    def switch(self, fault: Fault | None) -> None:
        """Begin with `fault`, or end the present one."""
        self.current, self.answered = fault, 0

    def due(self) -> Fault | None:
        """The fault that this answer suffers; each call counts an answer."""
        self.answered += 1
        is_due = self.current is not None and self.answered > self.current.after
        return self.current if is_due else None


class FaultInjection:
    """ASGI middleware that lets answers of the FHIR API suffer the fault that is due."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or spoil the answer."""
        is_api = scope["type"] == "http" and not scope["path"].startswith("/_sandbox")
        fault = self._faults.due() if is_api else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        elif fault.kind == "error":
            await _answer(send, 500, b"application/fhir+json", b'{"resourceType": "OperationOutcome"}')
        elif fault.kind == "html":
            await _answer(send, 200, b"text/html", b"<html><body>Please sign in</body></html>")
        else:
            await self._app(scope, receive, _halved(send, told=fault.kind == "drop"))


async def _answer(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _halved(send: Send, *, told: bool) -> Callable[[Message], Awaitable[None]]:
    """Half of the body; with the length of the whole in front of it where `told`, so that the rest is missed."""
    start: dict[str, Any] = {}

    async def halved(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        body = message["body"]
        half = body[: len(body) // 2]
        length = len(body) if told else len(half)
        headers = [(k, v) for k, v in start["headers"] if k != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(length).encode())]})
        await send({"type": "http.response.body", "body": half, "more_body": told})

    return halved
