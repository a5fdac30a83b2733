"""`hub migrate rehearse`: the whole run on a copy of the database, before it is done to the hub's own."""

from typing import Annotated

import typer

from hub.cli.answers import AsJson
from hub.cli.migrating_proof import prove
from hub.cli.migrating_run import Folder, Source, move

Keep = Annotated[str | None, typer.Option("--keep", metavar="NAME", help="Keep the copy, as a database of this name.")]


def rehearse(folder: Folder, source: Source, keep: Keep = None, as_json: AsJson = False) -> None:
    """Move and prove the history on a copy of the database, which is then dropped; the hub's own stays as it is.

    With --json two objects, one a line: the account of every file, then the proof.
    Exits 3 if something is left open for a person, 1 if a check fails, 75 while somebody works on the database.
    """
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.bootstrap.rehearsal import open_copy
    from hub.program import LOOK_AT_IT
    from hub.settings import read_settings

    settings = read_settings()
    migration = read_migration_folder(folder, settings)
    with open_copy(settings, keep) as copied:
        is_open = move(migration, source, copied, is_rehearsal=True, as_json=as_json)
        prove(folder, {"HUB_DATABASE_URL": copied.database_url or ""}, as_json=as_json)
    kept = f"the copy is kept as the database {keep}" if keep else "the copy is dropped"
    typer.echo(f"Rehearsed: {kept}; the hub's own database is as it was.", err=as_json)
    if is_open:
        raise typer.Exit(LOOK_AT_IT)
