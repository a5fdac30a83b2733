"""`hub connect check|discover`: look at a system before anything moves. Nothing here is kept or changed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import AsJson
from hub.cli.paths import path_said
from hub.cli.syncing import System

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from hub.bootstrap import PracticeFolder
    from hub.bootstrap.discovering import Discovered

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


@app.command()
def discover(
    name: System,
    *,
    sample: Annotated[int, typer.Option(min=1, max=1000, help="So many records of each stream at most.")] = 100,
    write: Annotated[
        Path | None,
        typer.Option(parser=path_said, metavar="FOLDER", help="Write a first mapping table of each stream there."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a few records of each stream: which fields there are, how full, and a first mapping table of them.

    Nothing is kept, personal values are not shown. `--write` writes the tables, for a person to finish.
    """
    from dataclasses import asdict

    from hub.bootstrap import read_practice_folder
    from hub.bootstrap.discovering import discover as discover_streams
    from hub.bootstrap.discovering import write_proposals
    from hub.cli.answers import tell
    from hub.settings import read_settings

    settings = read_settings()
    found = list(discover_streams(settings, read_practice_folder(settings), name, sample))
    written = [str(file) for file in write_proposals(found, write)] if write is not None else []
    lines = [line for one in found for line in _lines(one, show_table=write is None)]
    streams = [asdict(one) for one in found]
    tell({"streams": streams, "written": written}, [*lines, *(f"wrote  {file}" for file in written)], as_json=as_json)


def _lines(one: "Discovered", *, show_table: bool) -> "Iterator[str]":
    yield f"{one.kind}: {one.records} records looked at, {len(one.fields)} fields"
    width = max((len(field.path) for field in one.fields), default=0)
    for field in one.fields:
        yield f"  {field.path:{width}}  {field.filled:4} of {one.records}  {field.shown}"
    if show_table and one.records:
        yield f"  A first table ({one.kind}.yaml; --write FOLDER writes it):"
        yield from (f"    {line}" for line in one.proposal.table.splitlines())
    yield ""


def today_of(folder: "PracticeFolder") -> "date":
    """The practice's local date by this machine's clock: no database is asked."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    return datetime.now(UTC).astimezone(ZoneInfo(folder.practice.zone)).date()  # noqa: TID251
