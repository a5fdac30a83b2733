"""`hub connect check|discover`: look at a system before anything moves. Nothing here is kept or changed."""

from typing import TYPE_CHECKING

import typer

from hub.cli.answers import AsJson
from hub.cli.syncing import System

if TYPE_CHECKING:
    from datetime import date

    from hub.bootstrap import PracticeFolder

app = typer.Typer(help="Connections: are they right, and what is there?", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Connections: are they right, and what is there?"""


@app.command()
def check(name: System, *, as_json: AsJson = False) -> None:
    """Look at a connection: agreement, secrets, reach, rights, clock, limits; each a line with what to do.

    Exit codes: 0 all well, 3 something to look at, 1 something is wrong, 75 the system cannot be reached now.
    """
    from hub.bootstrap import read_practice_folder
    from hub.bootstrap.checking import check_connection
    from hub.cli.checks import show
    from hub.settings import read_settings

    settings = read_settings()
    folder = read_practice_folder(settings)
    folder.connection(name)
    show(check_connection(settings, folder, name, today_of(folder)), as_json=as_json)


def today_of(folder: "PracticeFolder") -> "date":
    """The practice's local date by this machine's clock: no database is asked."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    return datetime.now(UTC).astimezone(ZoneInfo(folder.practice.zone)).date()  # noqa: TID251
