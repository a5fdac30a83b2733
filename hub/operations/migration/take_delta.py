"""A newer export of the same system: what it changes is counted, then taken in; what it has no more is for a person."""

from dataclasses import dataclass
from datetime import datetime

from hub.canonical.ids import Kind
from hub.errors import NeedsAttention, Problem
from hub.operations.migration.run_history import Progress, Run
from hub.ports import Issue, UnitOfWork
from hub.ports.cutovers import FileChanges, GoneRow
from hub.ports.migrations import Partition, Stage

GONE = "gone_from_export"
"""The kind of issue of a record that the newest export has no more."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What a newer export changed."""

    files: tuple[FileChanges, ...]
    gone: tuple[GoneRow, ...]


def take_delta(run: Run, progress: Progress = lambda _partition, _counts: None, since: datetime | None = None) -> Delta:
    """Land all of it, compare, load what differs. Killed and called again it goes on.

    Args:
        run: of the newer export.
        progress: is told of each partition.
        since: compare with what was taken in whole by then, so that it says the same whenever it is called again;
            None: with what was taken in whole last.

    Raises:
        NeedsAttention: nothing was taken in whole before; a file that there was is missing; or the system was cut over.
        InvalidInput: a source cannot be read, or was changed after the freeze.
    """
    _require_first_run(run)
    for planned in run.plan_landing():
        progress(planned.partition, run.perform(planned))
    with run.store.begin("compare_exports") as work:
        delta = _compare(work, run.history.system, since)
    run.run(progress)
    return delta


def _compare(work: UnitOfWork, system: str, since: datetime | None) -> Delta:
    delta = Delta(work.cutovers.find_changes(system, since), work.cutovers.find_gone(system, since))
    known = ((one, one.canonical_id) for one in delta.gone if one.canonical_id is not None)
    work.issues.open([Issue(GONE, one.kind, id_, detail={"system": system}) for one, id_ in known])
    for kind, ids in work.cutovers.find_new(system, since).items():
        work.issues.close(GONE, kind, ids)
    return delta


def _require_first_run(run: Run) -> None:
    with run.store.begin("read_attempts") as work:
        attempts = work.migrations.find_attempts(run.history.system)
    if Partition(Stage.ACCOUNT) not in attempts:
        hint = "`hub migrate run FOLDER --source DIR` takes in a first export"
        raise NeedsAttention(Problem("there is nothing that a delta could be to", "no_first_run", hint=hint))
    there: set[Kind] = {one.kind for one in attempts if one.stage is Stage.LAND and one.kind is not None}
    missing = sorted(there - set(run.history.source.kinds))
    if missing:
        hint = "Export all of it: what is not there would count as unchanged"
        raise NeedsAttention(
            *(Problem(f"the files of {kind} are not there", "missing_file", hint=hint) for kind in missing)
        )
