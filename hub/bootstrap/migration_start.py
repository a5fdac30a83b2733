"""`hub migrate init`: a migration folder to start from, with the example's files."""

from pathlib import Path

from hub.bootstrap.migration_folder import DECISIONS, FILE
from hub.errors import InvalidInput, NeedsAttention, Problem
from hub.settings import PROJECT

EXAMPLE = PROJECT / "examples" / "legacy-export"


def start_migration(folder: Path) -> tuple[Path, ...]:
    """Write the folder; gives what was written.

    Raises:
        InvalidInput: there is something in it.
        NeedsAttention: it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = "Name a folder that is empty or not there yet"
        raise InvalidInput(Problem("there is something here; nothing was written", file=str(folder), hint=hint))
    texts = {name: (EXAMPLE / name).read_text(encoding="utf-8") for name in (FILE, DECISIONS)}
    try:
        for part in ("mappings/codes", "mappings/legacy-export"):
            (folder / part).mkdir(parents=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise NeedsAttention(Problem(f"cannot be written: {error.strerror}", file=str(folder))) from None
    return tuple(folder / name for name in texts)
