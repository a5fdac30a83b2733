"""What a failed step may say. Dagster keeps it, shows it to everybody who reaches its web UI, and never forgets it."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from hub.errors import Conflict, HubError, RecordRejected, only_reasons

_PACKAGE = Path(__file__).resolve().parent.parent


@contextmanager
def nothing_personal() -> Iterator[None]:
    """Let a step fail without the values that its error, or one behind it, may quote.

    Raises:
        Failure: in place of any error, and with no other error behind it.
    """
    said = None
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its text must not get out
        said = describe(error)
    if said is not None:
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
