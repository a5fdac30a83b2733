"""`hub migrate verify`: what was moved, proven, reported and signed for."""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="The migration folder; without it, this one.")]


def verify(folder: Folder = Path()) -> None:
    """Prove the moved history, check by check, and keep the result; signature and cut-over wait for what fails."""
    prove(folder)


def prove(folder: Path) -> None:
    """In a process of its own: only the pipelines load Great Expectations.

    Raises:
        Exit: a check failed that nobody accepted, or it could not be proven; why was told.
    """
    from hub.cli.processes import Processes
    from hub.settings import read_settings

    with Processes(read_settings().home, {}) as processes:
        code = processes.run("hub.pipelines", "prove", str(folder))
    if code:
        raise typer.Exit(code)
