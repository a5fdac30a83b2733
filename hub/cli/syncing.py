"""`hub pull`, `hub import`, `hub push`: one system at a time, at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.operations.import_export import FileCounts

System = Annotated[str, typer.Argument(help="The connection's name: a file of the practice's connections/ folder.")]


def pull(system: System) -> None:
    """Take in what changed in a connected system since the last pull."""
    with _opened(system) as hub:
        for kind in hub.folder.connection(system).pull:
            done = hub.pull(system, kind)
            typer.echo(
                f"{kind:10} {done.read} read: {done.inserted} new, {done.updated} changed, {done.unchanged} the same "
                f"({done.recognised} our own), {done.rejected} rejected"
            )


def import_(system: System) -> None:
    """Take in the files that an old system left: every row is loaded, merged or quarantined with its reason."""
    with _opened(system) as hub:
        done = hub.import_export(system, lambda what, rows: typer.echo(f"  {what}: {rows}"))
        typer.echo("These files were taken in before; nothing was written." if done.already_loaded else "Taken in.")
        for file in done.files:
            typer.echo(line_of(file))
        typer.echo(f"{len(done.history_conflicts)} visits of the history overlap another; all are kept and listed.")


def push(system: System) -> None:
    """Tell a connected system what waits for it."""
    with _opened(system) as hub:
        done = hub.push(system)
        typer.echo(
            f"{done.sent} sent, {done.unchanged} held already, {done.failed} to be tried again, {done.dead} dead"
        )


@contextmanager
def _opened(system: str) -> Iterator["Hub"]:
    """The hub; a system that the practice does not know is refused before anything starts."""
    from hub.bootstrap import open_hub, read_practice_folder
    from hub.settings import read_settings

    settings = read_settings()
    folder = read_practice_folder(settings)
    folder.connection(system)
    with open_hub(settings, folder) as hub:
        yield hub


def line_of(file: "FileCounts") -> str:
    """One file's account: `appointments.csv 300 rows = 280 loaded + 8 merged + 12 quarantined (bad_date 3)`."""
    parts = {
        "loaded": file.loaded,
        "merged": file.merged,
        "quarantined": file.quarantined,
        "landed for later": file.landed,
    }
    said = " + ".join(f"{number} {word}" for word, number in parts.items() if number) or "none"
    reasons = ", ".join(f"{reason} {number}" for reason, number in file.reasons.items())
    return f"{file.file:18} {file.rows} rows = {said}" + (f" ({reasons})" if reasons else "")
