"""The pages and their addresses. An address holds a place and a date, never anything personal."""

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from hub.canonical.board import BoardIssue, BoardLocation
from hub.errors import HubError, InvalidInput, NeedsAttention, Problem
from hub.web.board import lay_out_board
from hub.web.errors import NotHere
from hub.web.policy import policy_values
from hub.web.positions import position_rules
from hub.web.queries import BoardQueries
from hub.web.rendering import render
from hub.web.words import day_words, issue_words, list_words, time_words

MOST_ISSUES = 500
ALL_HOURS = "all"
SEE_OTHER = 303


def pages(queries: BoardQueries) -> APIRouter:
    """All pages over `queries`."""
    router = APIRouter()

    @router.get("/")
    def show_first_busy_day() -> Response:
        """Today's board, or the next one with a visit on it."""
        here = _location(queries, None)
        today = queries.now().astimezone(here.zone).date()
        return RedirectResponse(board_address(here, queries.find_busy_date(here, today) or today), SEE_OTHER)

    @router.get("/board")
    def show_board(request: Request) -> HTMLResponse:
        """`location` and `date` (without them the first one, and today); `hours=all` for the day from midnight on."""
        asked = request.query_params
        here = _location(queries, asked.get("location"))
        whole_day = asked.get("hours") == ALL_HOURS
        return render(request, "board.html", _board_values(queries, here, asked.get("date"), whole_day=whole_day))

    @router.get("/issues")
    def show_issues(request: Request) -> HTMLResponse:
        """What waits for a person."""
        return render(request, "issues.html", _issue_values(queries))

    @router.get("/policy")
    def show_policy(request: Request) -> HTMLResponse:
        """What patients agree to at a `location` (without it the first one); the confirmation links it."""
        here = _location(queries, request.query_params.get("location"))
        found = queries.find_practice()
        if found is None:
            raise NotHere(Problem("no policy is published yet", hint="Apply a practice folder"))
        today = queries.now().astimezone(here.zone).date()
        return render(request, "policy.html", policy_values(here, *found, today))

    @router.get("/healthz")
    def show_health() -> JSONResponse:
        """200 while the database answers; for machines."""
        try:
            queries.now()
        except HubError as error:
            return JSONResponse({"status": "down", "reason": type(error).__name__}, status_code=503)
        return JSONResponse({"status": "ok"})

    return router


def board_address(location: BoardLocation, on: date, *, whole_day: bool = False) -> str:
    """Where the board of that day is found."""
    hours = {"hours": ALL_HOURS} if whole_day else {}
    return "/board?" + urlencode({"location": location.id, "date": on.isoformat(), **hours})


def _board_values(
    queries: BoardQueries, here: BoardLocation, asked_on: str | None, *, whole_day: bool
) -> Mapping[str, Any]:
    now = queries.now()
    today = now.astimezone(here.zone).date()
    on = today if asked_on is None else _date(asked_on)
    board = lay_out_board(queries.load_day(here, on), now, whole_day=whole_day)
    return {
        "board": board,
        "rules": Markup(position_rules(board)),  # noqa: S704  it is made of numbers only
        "here": here,
        "places": [(place, board_address(place, on, whole_day=whole_day)) for place in queries.load_locations()],
        "previous": board_address(here, on - timedelta(days=1), whole_day=whole_day),
        "next": board_address(here, on + timedelta(days=1), whole_day=whole_day),
        "today": board_address(here, today, whole_day=whole_day),
        "whole_day": whole_day,
        "other_hours": board_address(here, on, whole_day=not whole_day),
        "waiting": queries.count_issues(),
    }


def _issue_values(queries: BoardQueries) -> Mapping[str, Any]:
    locations = {location.id: location for location in queries.load_locations()}
    rows = [_issue_row(issue, locations) for issue in queries.load_issues(MOST_ISSUES)]
    return {"rows": rows, "count": max(queries.count_issues(), len(rows))}


def _issue_row(issue: BoardIssue, locations: Mapping[str, BoardLocation]) -> Mapping[str, Any]:
    place = locations.get(issue.location_id or "")
    zone = place.zone if place else UTC
    local = issue.at.astimezone(zone) if place and issue.at else None
    return {
        "words": issue_words(issue.kind),
        "why": issue.problems or [issue_words(code) for code in issue.codes if code != issue.kind],
        "what": issue.what,
        "service": issue.service,
        "opened": day_words(issue.opened_at.astimezone(zone).date()),
        "day": f"{day_words(local.date())}, {time_words(local, place.zone)}" if place and local else None,
        "place": place.name if place else None,
        "address": board_address(place, local.date()) if place and local else None,
    }


def _location(queries: BoardQueries, asked: str | None) -> BoardLocation:
    locations = queries.load_locations()
    if not locations:
        raise NeedsAttention(
            Problem("no location is set up yet", hint="Apply a practice folder, then load this page again")
        )
    found = [location for location in locations if asked in (None, location.id)]
    if not found:
        known = list_words([location.id for location in locations])
        raise NotHere(Problem("there is no such location", field="location", hint=f"Known here: {known}"))
    return found[0]


def _date(text: str) -> date:
    """A date a board can be drawn for: not the calendar's very ends, beside which there is no other."""
    try:
        on = date.fromisoformat(text)
    except ValueError:
        on = date.min
    if not date(1900, 1, 1) <= on <= date(2200, 12, 31):
        hint = "Write it as year, month and day: 2026-03-02"
        raise InvalidInput(Problem("this is not a date the board knows", field="date", hint=hint))
    return on
