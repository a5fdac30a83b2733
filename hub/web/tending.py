"""While somebody serves, the book is tended: what time alone asks for is done beside the pages."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from hub.errors import HubError


@contextmanager
def tended(tend: Callable[[], object], seconds: float) -> Iterator[None]:
    """Call `tend` every so many seconds in a thread until the block ends. What is wrong is said once."""
    over = Event()

    def run() -> None:
        said = ""
        while not over.wait(seconds):
            try:
                tend()
                wrong = ""
            except HubError as error:
                wrong = "".join(f"tending: {problem}\n" for problem in error.problems)
            if wrong != said:
                sys.stderr.write(wrong)
            said = wrong

    thread = Thread(target=run, name="tending", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)  # a vendor that is being asked may take its time
