"""Errors as pages: what is wrong and what to do, never a traceback."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hub.errors import HubError, InvalidInput
from hub.web.guard import log_crash
from hub.web.rendering import render

NOT_FOUND = "There is no such page. The address may be mistyped."


class NotHere(InvalidInput):
    """The request names something that does not exist."""


def answer_errors(app: FastAPI) -> None:
    """Give every expected error its page; the guard answers the others."""
    app.add_exception_handler(HubError, _hub_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_request)


def _hub_error(request: Request, error: Exception) -> Response:
    lines = str(error).splitlines()
    if isinstance(error, NotHere):
        return _page(request, HTTPStatus.NOT_FOUND, "Not found", lines)
    if isinstance(error, InvalidInput):
        return _page(request, HTTPStatus.BAD_REQUEST, "That request cannot be read", lines)
    return _page(request, HTTPStatus.SERVICE_UNAVAILABLE, "The hub cannot answer right now", lines)


def _http_error(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
    known = code == HTTPStatus.NOT_FOUND
    return _page(request, code, HTTPStatus(code).phrase.capitalize(), [NOT_FOUND] if known else [])


def _bad_request(request: Request, error: Exception) -> Response:
    fields = [str(one["loc"][-1]) for one in error.errors()] if isinstance(error, RequestValidationError) else []
    return _page(request, HTTPStatus.BAD_REQUEST, "That request cannot be read", [f"{f}: not valid" for f in fields])


def show_crash(request: Request, error: Exception) -> Response:
    """A page with a number to look for in the log, and nothing of what happened."""
    number = log_crash(error, request.url.path)
    lines = [f"Nothing was changed. The log tells more, under {number}."]
    return _page(request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong", lines)


def _page(request: Request, code: int, title: str, lines: list[str]) -> Response:
    return render(request, "error.html", {"title": title, "lines": lines}, status_code=int(code))
