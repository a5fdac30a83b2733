"""A history moved in a process that lives for so many steps: statements that it sends, transactions that it ends."""

import os
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, event

from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.integration.migration.moved import run_of


def move_until(url: str, export: Path, steps: int) -> None:
    """It kills itself before its so-many-th step; 0: it lives."""
    taken = count(1)

    def step() -> None:
        if next(taken) == steps:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = application_engine(url)
    at_each_step(engine, step)
    run_of(SqlStore(engine), export).run()
    engine.dispose()


def at_each_step(engine: Engine, step: Callable[[], None]) -> None:
    """Called before each statement, and before each commit."""
    event.listen(engine, "before_cursor_execute", lambda *_: step())
    event.listen(engine, "commit", lambda *_: step())
