"""What every program of the hub does with an error it knows: one clear message, and an exit code for scripts.

And how it keeps its memory: what a page of a feed is made of goes again with the page.

| code | it means |
|---|---|
| 0 | done; there is nothing to look at |
| 1 | not done, or stopped: an error, a refusal with its reasons, a check that failed |
| 2 | the command was not understood: an option or an argument |
| 3 | done, and a person must look at some of it |
| 75 | not now: the other side is down or busy, or nobody knows yet; the same command may work later |
| 130, 143 | ended by Ctrl-C, by SIGTERM |
"""

import gc
import json
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType
from typing import NoReturn

from hub.errors import HubError, Problem, RetryLater

FAILED = 1
LOOK_AT_IT = 3
TRY_AGAIN_LATER = 75  # EX_TEMPFAIL of sysexits.h: the same command may work later
INTERRUPTED = 130
TERMINATED = 143


@contextmanager
def one_clear_message(*, as_json: bool = False) -> Iterator[None]:
    """Show what is wrong on stderr, a line for each problem, without a traceback; then exit.

    `as_json`: one JSON object on stdout besides, for whoever reads one there. SIGTERM ends the program as Ctrl-C does:
    what it started is stopped.
    """
    signal.signal(signal.SIGTERM, _leave)
    collect_seldom()
    try:
        yield
    except HubError as error:
        _tell(error.problems, as_json=as_json)
        sys.exit(TRY_AGAIN_LATER if isinstance(error, RetryLater) else FAILED)
    except OSError as error:
        if error.filename is None:
            raise
        _tell([_of_file(error)], as_json=as_json)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _tell(problems: Iterable[Problem], *, as_json: bool) -> None:
    told = list(problems)
    for problem in told:
        sys.stderr.write(f"error: {problem}\n")
    if as_json:
        sys.stdout.write(json.dumps({"ok": False, "problems": [asdict(one) for one in told]}) + "\n")


def _of_file(error: OSError) -> Problem:
    """Of a path that was named to a command, by whoever met it first."""
    hint = "Name one that is there, and that you may read or write"
    return Problem(f"cannot be used: {error.strerror}", "unusable_file", str(error.filename), hint=hint)


def collect_seldom() -> None:
    """Look for circles among the objects after ten thousand new ones, not after seven hundred.

    A page of a feed is a hundred thousand objects without one: looking cost a fifth of a first synchronization.
    """
    gc.set_threshold(10_000, 10, 10)


def spare_what_is_loaded() -> None:
    """Never look for circles in all that is there by now, which stays: for a program that serves, before it does.

    Going through it takes 60 ms and more, and whoever waits for a lock of the thread that does waits for that too.
    """
    gc.collect()
    gc.freeze()


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(TERMINATED)
