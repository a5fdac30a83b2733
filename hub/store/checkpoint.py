"""Named points of an operation, at which a test may let the process die."""

import os
import signal

KILL_AT = "HUB_KILL_AT"


def pass_by(point: str) -> None:
    """The checkpoint in production: nothing happens."""


def kill_at_named_point(point: str) -> None:
    """Die by SIGKILL where HUB_KILL_AT says: `book_visit:before_commit`, or `before_commit` of any operation."""
    wanted = os.environ.get(KILL_AT)
    if wanted and wanted in (point, point.rpartition(":")[2]):
        os.kill(os.getpid(), signal.SIGKILL)
