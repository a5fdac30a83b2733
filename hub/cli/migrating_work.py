"""`hub migrate work`: a worker that moves histories, on whatever machine reaches database, broker and export."""

import os
import sys


def work() -> None:
    """Ask the broker of HUB_BROKER_URL for runs and do them, one after the other, until Ctrl-C.

    Start one for each processor, with the settings of the machine that hands out the work.
    """
    # In place of this process: a signal then reaches the worker alone, which finishes what it has in hand.
    os.execv(sys.executable, [sys.executable, "-m", "hub.pipelines", "work"])  # noqa: S606 - our own interpreter
