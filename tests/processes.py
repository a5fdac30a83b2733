"""Processes of their own that a test may kill.

Each is forked from a server that has loaded what they need and nothing else. A fork of the process that runs the
tests is no way: by then it holds threads of numerical and RPC libraries, and a child of such a one crashes at times.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec

_CONTEXT: Any = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "hub.store.embedded",
        "tests.connectors.test_shared_rates",
        "tests.integration.migration.test_cutover",
        "tests.integration.operations.first_sync",
        "tests.integration.operations.lives",
    ]
)
P = ParamSpec("P")


def start(target: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> BaseProcess:
    """A function of a module with arguments that can be pickled."""
    process: BaseProcess = _CONTEXT.Process(target=target, args=args, kwargs=kwargs)
    process.start()
    return process
