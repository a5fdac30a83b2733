"""`python -m tests.integration.migration.run_moved DATABASE_URL DIR PASSES`: it dies at its so-many-th checkpoint."""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from hub.store.engine import application_engine, read_url
from hub.store.unit_of_work import SqlStore
from tests.integration.migration.moved import run_of


def main() -> None:
    """0 passes: it lives."""
    passes, passed = int(sys.argv[3]), count(1)

    def checkpoint(_point: str) -> None:
        if next(passed) == passes:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = application_engine(read_url(sys.argv[1]))
    run_of(SqlStore(engine, checkpoint), Path(sys.argv[2])).run()
    engine.dispose()


if __name__ == "__main__":
    main()
