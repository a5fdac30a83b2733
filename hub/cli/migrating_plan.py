"""`hub migrate init` and `plan`: before anything moves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.migrating_run import Folder, Source

if TYPE_CHECKING:
    from hub.bootstrap.migration_plan import KindPlan

UNDISPOSED = 1


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty or not there yet.")],
) -> None:
    """Write a migration folder to start from; with an export of the example's system it passes `hub migrate plan`."""
    from hub.bootstrap.migration_start import start_migration

    for file in start_migration(folder):
        typer.echo(f"wrote  {file}")
    typer.echo(f"Next:  hub migrate plan {folder} --source DIR")


def plan(folder: Folder, source: Source) -> None:
    """What would be read, and what becomes of every field. Writes nothing; exit 1 when a field has no disposition."""
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.bootstrap.migration_plan import plan_migration
    from hub.settings import read_settings

    migration = read_migration_folder(folder, read_settings())
    plans = plan_migration(migration, migration.history(source))
    typer.echo(f"{migration.file.system}, wall times of {migration.file.zone}, from {source}")
    for one in plans:
        _show(one)
    open_fields = {str(one.kind): one.undisposed for one in plans if one.undisposed}
    for kind, columns in open_fields.items():
        hint = f"map them, or name them under source.records.{kind}.dropped or kept"
        typer.echo(f"{kind}: nobody said what becomes of {', '.join(columns)}: {hint}")
    raise typer.Exit(UNDISPOSED if open_fields else 0)


def _show(one: "KindPlan") -> None:
    rows, months = sum(one.months.values()), [month for month in one.months if month]
    divided = f", {len(one.months)} batches ({months[0]} to {months[-1]})" if months else ""
    typer.echo(f"\n{one.kind}: {', '.join(one.files)}, {rows} rows{divided}")
    if one.fingerprint is None:
        typer.echo("  no mapping table: the rows land, and nothing more")
        return
    state = "approved" if one.is_approved else "not approved yet"
    typer.echo(f"  mapping {one.fingerprint} ({state})")
    for field in one.fields:
        typer.echo(f"  {field.column:18} {field.fate:10} {field.said}".rstrip())
