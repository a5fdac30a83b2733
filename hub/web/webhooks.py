"""Where other systems post their events: kept and answered at once, looked after by whoever serves."""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from hub.bootstrap.doorbell import Answer, Doorbell
from hub.connectors.kit.webhooks import WebhookRequest
from hub.errors import HubError

MOST_BYTES = 1024 * 1024
_STATUS = {
    Answer.KEPT: HTTPStatus.OK,
    Answer.UNKNOWN: HTTPStatus.NOT_FOUND,
    Answer.NOT_THEIRS: HTTPStatus.UNAUTHORIZED,
    Answer.STALE: HTTPStatus.UNAUTHORIZED,
    Answer.UNREADABLE: HTTPStatus.BAD_REQUEST,
}


def webhooks(doorbell: Doorbell, rung: Callable[[str], None]) -> APIRouter:
    """`POST /webhooks/<system>`; `rung` is called with the system when something waits."""
    router = APIRouter()

    @router.post("/webhooks/{system}")
    async def receive(system: str, request: Request) -> Response:
        """2xx once the events are kept; what is not signed as the connection says is turned away."""
        body = await _read(request)
        if body is None:
            return _plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        headers = {name.lower(): value for name, value in request.headers.items()}
        posted = WebhookRequest(request.method, request.url.query, headers, body)
        try:
            answer = await run_in_threadpool(doorbell.receive, system, posted)
        except HubError:
            return _plain(HTTPStatus.SERVICE_UNAVAILABLE)  # it is sent again
        if answer is Answer.KEPT:
            rung(system)
        return _plain(_STATUS[answer])

    @router.api_route("/webhooks/{system}", methods=["GET", "HEAD"])
    def confirm(system: str) -> Response:
        """Systems look whether somebody is here before they post."""
        return _plain(HTTPStatus.OK if doorbell.knows(system) else HTTPStatus.NOT_FOUND)

    return router


async def _read(request: Request) -> bytes | None:
    """The body; None: it is too large, and the rest of it was not read."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_BYTES:
            return None
    return bytes(content)


def _plain(status: HTTPStatus) -> Response:
    return PlainTextResponse(status.phrase, status)
