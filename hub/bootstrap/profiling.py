"""Files that nobody has described, profiled side by side where they are large."""

from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

from hub.bootstrap.processes import open_processes, processors
from hub.errors import InvalidInput, Problem, RetryLater
from hub.mapping.profile import TableProfile, profile_table
from hub.tables import ANY_FORM, open_table

WORTH_PROCESSES = 4_000_000
"""Bytes from which on processes of their own are faster: to start them takes most of a second."""


class FileProfile(NamedTuple):
    """A file that is a table."""

    encoding: str
    delimiter: str | None
    table: TableProfile


def profile_files(files: Sequence[Path]) -> list[FileProfile | InvalidInput]:
    """Each file's profile, or why it is no table; in the same order."""
    if sum(_size(file) for file in files) < WORTH_PROCESSES or len(files) == 1:
        return [_profile(file) for file in files]
    # Either all of them here or all there: what is copied of one process makes the same hashes of the same texts, and
    # by these it is seen which column names the rows of which table.
    with open_processes(min(processors(), len(files)), __name__, _nothing_more) as pool:
        largest_first = sorted(files, key=_size, reverse=True)
        try:
            found = dict(zip(largest_first, pool.map(_profile, largest_first), strict=True))
        except BrokenProcessPool:
            raise RetryLater(Problem("a process died", "killed", hint="Run it again")) from None
    return [found[file] for file in files]


def _nothing_more() -> None:
    """All that is needed is loaded."""


def _size(file: Path) -> int:
    return file.stat().st_size


def _profile(file: Path) -> FileProfile | InvalidInput:
    if not file.is_file():  # a pipe might be read for ever
        return InvalidInput(Problem("this is no plain file", "missing_file", file.name))
    try:
        with file.open("rb") as stream:
            table = open_table(stream, file.name, ANY_FORM)
            found = profile_table(table.name, table.columns, table.rows())
            return FileProfile(table.encoding, getattr(table, "delimiter", None), found)
    except InvalidInput as error:
        return error
    except OSError as error:
        return InvalidInput(Problem(f"cannot be read: {error.strerror}", "missing_file", file.name))
