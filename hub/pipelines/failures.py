"""What a failed step may say. Dagster keeps it, shows it to everybody who reaches its web UI, and never forgets it."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import dagster as dg

from hub.errors import Conflict, HubError, RecordRejected, only_reasons

T = TypeVar("T")
_PACKAGE = Path(__file__).resolve().parent.parent


def safely(work: Callable[[], T]) -> T:
    """Do a step's work; where it fails, fail without the values that its error, or one behind it, may quote.

    Raises:
        Failure: in place of any error, and with no other error behind it.
    """
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it is, its text must not get out
        said = describe(error)
    # Outside of the handler: an error raised in it, or in a context manager's exit, carries the first one along.
    raise dg.Failure(said, allow_retries=False)


def describe(error: Exception) -> str:
    """The error without values: a system's or a file's problems in full, a record's by their codes, others by class."""
    name = type(error).__name__
    if isinstance(error, RecordRejected | Conflict):
        return f"{name}: {', '.join(only_reasons(error.problems))}"
    if isinstance(error, HubError):
        return f"{name}: {error}"
    return f"{name}, {_place_of(error)}"


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _PACKAGE in Path(frame.filename).parents] or frames
    return f"at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "somewhere"
