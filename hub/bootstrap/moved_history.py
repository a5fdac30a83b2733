"""A history that was moved, as it is proven: by whom it is read, and in which partitions."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.bootstrap.migration_folder import MigrationFolder
from hub.errors import NeedsAttention, Problem
from hub.operations.migration.load_rows import Loader
from hub.operations.migration.resolve_aliases import resolve_aliases
from hub.ports import UnitOfWork
from hub.ports.migrations import MigrationHead, Partition, Stage


@dataclass(frozen=True, slots=True)
class MovedHistory:
    """Of one migration folder."""

    head: MigrationHead
    loader: Loader
    rows: Mapping[Partition, int]
    """Those that were loaded, by partition."""


def read_moved(work: UnitOfWork, folder: MigrationFolder) -> MovedHistory:
    """What was moved.

    Raises:
        NeedsAttention: nothing of this system, or not all of it.
    """
    system = folder.file.system
    head = next((one for one in work.migrations.find_heads() if one.system == system), None)
    attempts = work.migrations.find_attempts(system)
    if head is None or Partition(Stage.ACCOUNT) not in attempts:
        hint = "`hub migrate run FOLDER --source DIR` moves what is not here yet, or was taken back"
        raise NeedsAttention(Problem(f"the history of {system} is not all here", "not_moved", hint=hint))
    landings = {at.kind: one.batch_id for at, one in attempts.items() if at.stage is Stage.LAND and at.kind}
    resolved = resolve_aliases(folder.history(Path(head.folder)), work, landings)
    loaded = sorted((at for at in attempts if at.stage is Stage.LOAD and at.kind in folder.mappings), key=str)
    rows = {at: attempts[at].counts.get("rows", 0) for at in loaded}
    return MovedHistory(head, Loader(resolved, head.today, landings), rows)
