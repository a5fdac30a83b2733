"""Take in the export that a connection names: a history that is moved as any other, without a folder of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.operations.migration.history import History
from hub.operations.migration.run_history import Counts, Run
from hub.ports import Store
from hub.ports.migrations import FileAccount, Partition, Stage

Progress = Callable[[str, int], None]
"""Called with what was done and how many rows it concerned."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did."""

    already_loaded: bool
    """True: nothing has changed since the import before; nothing was written now."""
    files: tuple[FileAccount, ...]
    history_conflicts: int
    """Visits that overlap another of the same patient, provider or room, both sides; all of them are loaded."""


def import_export(history: History, store: Store, progress: Progress = lambda _what, _rows: None) -> ImportResult:
    """Move it partition by partition; one that dies is gone on with by the next, and twice equals once.

    Raises:
        InvalidInput: a table is missing, a file cannot be read, or an alias names nothing.
        RetryLater: the database went away; the next import goes on where this one ended.
    """
    done: list[Partition] = []

    def tell(partition: Partition, counts: Counts) -> None:
        if counts is not None:
            done.append(partition)
            progress(str(partition), counts.get("rows", 0))

    run = Run(history, store)
    files = run.run(tell)
    with store.begin("find_conflicts") as work:
        replay = work.migrations.find_attempts(history.system)[Partition(Stage.REPLAY)]
    return ImportResult(not done, files, replay.counts["history_conflicts"])
