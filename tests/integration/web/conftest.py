"""The pages over real HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from hub.canonical.board import BoardDay, BoardIssue
from hub.web.app import create_app
from tests.board_day import MAIN, MONDAY, NOW, SOUTH, MadeUpQueries, a_day
from tests.browser import browser, serving

__all__ = ["browser"]


@pytest.fixture
def queries() -> MadeUpQueries:
    issues = (
        BoardIssue("overlap", NOW, ("no_room",), (), MAIN.id, NOW, None, "visit"),
        BoardIssue("ambiguous_match", NOW, (), ("the field given is cut off",), what="patient"),
    )
    return MadeUpQueries(a_day(), BoardDay(SOUTH, MONDAY, (), ()), issues=issues)


@pytest.fixture
def address(queries: MadeUpQueries) -> Iterator[str]:
    with serving(create_app(queries)) as url:
        yield url


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=180) as opened:
        yield opened
