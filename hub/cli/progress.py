"""A bar for what takes long: on a terminal's stderr; elsewhere, and for programs, nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Moved = Callable[[int], None]
"""Told how much is done."""
Step = Callable[[str, int], None]
"""Told what is done next, and of how much."""


@contextmanager
def bar_of(what: str, *, quiet: bool) -> Iterator[Moved]:
    """One thing after the other is counted. How much there is nobody knows before it is done."""
    with steps_bar(quiet=quiet) as step:
        step(what, 0)
        yield lambda done: step(what, done)


@contextmanager
def steps_bar(*, quiet: bool) -> Iterator[Step]:
    """Several things, one after the other, each named with its count."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _what, _done: None
        return
    columns = (TextColumn("{task.description:14}"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done: bar.update(task, description=what, completed=done)
