"""`hub migrate init` and `plan`: before anything moves."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import AsJson, tell
from hub.cli.migrating_left import names_of, unread_line
from hub.cli.migrating_run import Folder, Source
from hub.cli.paths import path_said

if TYPE_CHECKING:
    from hub.bootstrap.migration_plan import KindPlan

UNDISPOSED = 1


def init(
    folder: Annotated[
        Path, typer.Argument(parser=path_said, metavar="DIR", help="A folder that is empty or not there yet.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write a migration folder to start from; with an export of the example's system it passes `hub migrate plan`."""
    from hub.bootstrap.migration_start import start_migration

    files = list(start_migration(folder))
    following = f"Next:  hub migrate plan {folder} --source DIR"
    tell({"wrote": files}, [*(f"wrote  {file}" for file in files), following], as_json=as_json)


def plan(folder: Folder, source: Source, as_json: AsJson = False) -> None:
    """What would be read, and what becomes of every field. Writes nothing; exit 1 when a field has no disposition."""
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.bootstrap.migration_plan import find_calendars, find_tables, plan_migration
    from hub.settings import read_settings

    settings = read_settings()
    migration = read_migration_folder(folder, settings)
    plans = plan_migration(migration, migration.history(source))
    lines = [f"{migration.file.system}, wall times of {migration.file.zone}, from {source}"]
    lines += [line for one in plans for line in _lines(one)]
    open_fields = {str(one.kind): one.undisposed for one in plans if one.undisposed}
    for kind, columns in open_fields.items():
        hint = f"map them, or name them under source.records.{kind}.dropped or kept"
        lines.append(f"{kind}: nobody said what becomes of {names_of(columns)}: {hint}")
    _, unread = find_tables(migration, source)
    if unread:
        lines.append(f"\n{unread_line(unread)}")
    calendars = find_calendars(settings, migration.file.system)
    for one in calendars:
        owned = f"\n{one}: its calendar is {migration.file.system}'s by the practice file"
        lines.append(f"{owned}; it is the hub's from the cut-over's switch on, and again not after `hub migrate back`")
    if not open_fields:
        lines.append(f"\nEvery column is spoken for. Next:  hub migrate rehearse {folder} --source {source}")
    answer = {"system": migration.file.system, "zone": migration.file.zone, "kinds": [asdict(one) for one in plans]}
    tell({**answer, "undisposed": open_fields, "calendars": calendars, "unread": unread}, lines, as_json=as_json)
    raise typer.Exit(UNDISPOSED if open_fields else 0)


def _lines(one: "KindPlan") -> Iterator[str]:
    rows, months = sum(one.months.values()), [month for month in one.months if month]
    divided = f", {len(one.months)} batches ({months[0]} to {months[-1]})" if months else ""
    yield f"\n{one.kind}: {', '.join(one.files)}, {rows} rows{divided}"
    if one.fingerprint is None:
        yield "  no mapping table: the rows land, and nothing more"
        return
    state = "approved" if one.is_approved else "not approved yet"
    yield f"  mapping {one.fingerprint} ({state})"
    for field in one.fields:
        yield f"  {field.column:18} {field.fate:10} {field.said}".rstrip()
