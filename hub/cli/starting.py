"""`hub init`: a practice folder to start from."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.answers import AsJson, tell
from hub.cli.paths import path_said


def init(
    folder: Annotated[
        Path, typer.Argument(parser=path_said, metavar="DIR", help="A folder that is empty or not there yet.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write a practice folder to start from: it passes `hub config check`, and its scenario `hub scenario run`."""
    from hub.errors import NeedsAttention, Problem

    try:
        _require_room(folder)
        files = {folder / name: text for name, text in _files().items()}
        for file, text in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NeedsAttention(Problem(f"cannot be written: {error.strerror}", file=str(folder))) from None
    following = f"Next:  HUB_PRACTICE={folder} hub config check; hub scenario run {folder / 'scenarios'}"
    tell({"wrote": list(files)}, [*(f"wrote  {file}" for file in files), following], as_json=as_json)


def _require_room(folder: Path) -> None:
    from hub.errors import InvalidInput, Problem

    if folder.exists() and not folder.is_dir():
        raise InvalidInput(Problem("this is a file", file=str(folder), hint="Name a folder"))
    if folder.is_dir() and any(folder.iterdir()):
        hint = "Name one that is empty or not there yet"
        raise InvalidInput(Problem("this folder is not empty; nothing was written", file=str(folder), hint=hint))


def _files() -> dict[str, str]:
    """Path in the folder → text. A scenario is a practice file with a moment and actions below it."""
    starter = Path(__file__).parent / "starter"
    practice, scenario, connections, agreements = (
        (starter / name).read_text(encoding="utf-8")
        for name in ("practice.yaml", "scenario.yaml", "connections.md", "agreements.yaml")
    )
    return {
        "practice.yaml": practice,
        "connections/README.md": connections,
        "agreements.yaml": agreements,
        "scenarios/first-day.yaml": practice + scenario,
    }
