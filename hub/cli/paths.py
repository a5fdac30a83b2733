"""Paths as they are written on the command line."""

from pathlib import Path

import typer


def path_said(text: str | Path) -> Path:
    """A path, or a default. An empty one, as an unset variable of a shell leaves it, would mean the current folder."""
    if not str(text).strip():
        raise typer.BadParameter("this path is empty. Name a file or a folder; `.` is this one")
    return Path(text)
