"""What holds for every answer: headers, the host that was asked for, and no detail of a crash outside."""

import logging
import secrets
import traceback
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.web.loopback import is_loopback_authority

CrashPage = Callable[[Request, Exception], Response]

log = logging.getLogger("hub.web")

OTHER_NAME = "Open the hub by a name of this machine itself: http://127.0.0.1 or http://localhost, and its port."
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def content_policy(nonce: str) -> str:
    """Only our own files, and the one style element of a page that carries `nonce`: no inline script at all."""
    return (
        f"default-src 'none'; style-src 'self' 'nonce-{nonce}'; script-src 'self'; img-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


class Guard:
    """Middleware around everything. The page finds its nonce in `request.state.nonce`.

    A crash is answered here, with `crash_page`: further out it would reach the server's own log, message and all.
    """

    def __init__(self, app: ASGIApp, crash_page: CrashPage) -> None:
        self._app = app
        self._crash_page = crash_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, guarded."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers.update({**HEADERS, "Content-Security-Policy": content_policy(nonce)})
            await send(message)

        try:
            await self._answer(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001  whatever it is, it ends here
            page = self._crash_page(Request(scope), error)
            if not begun:
                await page(scope, receive, send_guarded)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_door = scope["path"].startswith("/webhooks/")  # its callers are known by their signature, under any name
        if is_door or is_loopback_authority(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse(OTHER_NAME, status_code=421)(scope, receive, send)


def log_crash(error: Exception, page: str) -> str:
    """Log where it happened under a number to quote. The message is left out: it may hold a personal value."""
    number = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames[-5:]))
    log.error("failure %s: %s on %s at %s", number, type(error).__name__, page, places)
    return number
