"""`python -m tests.integration.pipelines.run_tracked URL DIR HOME PASSES`: tracked runs that die at a checkpoint."""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from hub.pipelines.migrating import run_migration
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.integration.migration.moved import run_of


def main() -> int:
    """It kills itself at its so-many-th checkpoint, before or after a commit; 0: it lives."""
    url, export, home, passes = sys.argv[1:]
    passed = count(1)

    def checkpoint(_point: str) -> None:
        if next(passed) == int(passes):
            os.kill(os.getpid(), signal.SIGKILL)

    store = SqlStore(application_engine(url), checkpoint)
    return 0 if run_migration(run_of(store, Path(export)), Path(home), print) else 1


if __name__ == "__main__":
    sys.exit(main())
