"""`hub migrate future`, `delta`, `cutover` and `back`: from the old system to the hub, and the way back."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from hub.cli.answers import WALL_TIME, AsJson, tell
from hub.cli.migrating_proof import prove
from hub.cli.migrating_run import Folder, PartitionLines, Source
from hub.cli.paths import path_said

if TYPE_CHECKING:
    from hub.operations.migration.take_delta import Delta
    from hub.ports.cutovers import CutoverStep

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers for it.")]
SHOWN = 20
"""How many rows stand in the text; all are in the JSON."""


def future(folder: Folder, as_json: AsJson = False) -> None:
    """Run the bookings to come through the practice's scheduling rules and list what conflicts. Exits 3 if some do."""
    from hub.bootstrap.migrating import open_store
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.errors import NeedsAttention, Problem
    from hub.operations.migration.future_bookings import judge_future
    from hub.program import LOOK_AT_IT
    from hub.settings import read_settings

    settings = read_settings()
    file = read_migration_folder(folder, settings).file
    with open_store(settings) as (store, _engine), store.begin("judge_future") as work:
        head = next((one for one in work.migrations.find_heads() if one.system == file.system), None)
        if head is None:
            raise NeedsAttention(Problem(f"the history of {file.system} is not here yet", "not_moved"))
        found = judge_future(work, head)
    zone = ZoneInfo(file.zone)
    if as_json:
        listed = [{**asdict(one), "start": one.start.astimezone(zone).isoformat()} for one in found.conflicts]
        typer.echo(json.dumps({"visits": found.visits, "judged": found.is_judged, "conflicts": listed}))
    else:
        for one in found.conflicts:
            typer.echo(f"{one.visit_id}  {one.start.astimezone(zone):%Y-%m-%d %H:%M}  {', '.join(one.reasons)}")
        typer.echo(f"{found.visits} bookings to come, {len(found.conflicts)} in conflict; all of them stand.")
        if not found.is_judged:
            typer.echo("No practice file is in force: only overlaps are known. `hub config apply` puts one in force.")
    if found.conflicts:
        raise typer.Exit(LOOK_AT_IT)


def delta(folder: Folder, source: Source, as_json: AsJson = False) -> None:
    """Take in a newer export, and say what it changed. Exits 3 if rows are gone: nothing of them is deleted."""
    from hub.bootstrap.migrating import open_store
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.operations.migration.run_history import Run
    from hub.operations.migration.take_delta import take_delta
    from hub.program import LOOK_AT_IT
    from hub.settings import read_settings

    settings = read_settings()
    history = read_migration_folder(folder, settings).history(source)
    with open_store(settings) as (store, _engine):
        found = take_delta(Run(history, store), PartitionLines(as_json).tell)
    if as_json:
        said = {"files": [one._asdict() for one in found.files], "gone": [one._asdict() for one in found.gone]}
        typer.echo(json.dumps(said))
    else:
        _tell_delta(found)
    if found.gone:
        raise typer.Exit(LOOK_AT_IT)


def _tell_delta(found: "Delta") -> None:
    for file in found.files:
        typer.echo(f"{file.file:18} {file.new} new, {file.changed} changed, {file.gone} gone")
    for row in found.gone[:SHOWN]:
        typer.echo(f"  gone: {row.file}:{row.line}  {row.source_id}  {row.canonical_id or 'was quarantined'}")
    if len(found.gone) > SHOWN:
        typer.echo(f"  … and {len(found.gone) - SHOWN} more: `--json` names them")
    if found.gone:
        typer.echo("Nothing of what is gone was deleted: each record of it is an issue for a person.")
    typer.echo("`hub migrate verify` proves the history with it." if found.files else "Nothing changed.")


def cutover(
    folder: Folder,
    source: Source,
    by: By,
    frozen_at: Annotated[
        datetime | None, typer.Option(formats=[WALL_TIME], help="Since when nobody works there; default: now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Freeze, last delta, switch: from then on the hub's word counts. Stopped anywhere, it goes on there.

    With --json the proof on one line, then the steps on another.
    """
    from hub.bootstrap.migrating import open_store
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.canonical.time import instant_of
    from hub.operations.migration.cut_over import Terms, cut_over
    from hub.operations.migration.run_history import Run
    from hub.settings import read_settings

    settings = read_settings()
    read = read_migration_folder(folder, settings)
    since = instant_of(frozen_at, ZoneInfo(read.file.zone)) if frozen_at else None
    terms = Terms(by, since, timedelta(days=read.file.way_back_days))
    done = PartitionLines(as_json)
    with open_store(settings) as (store, _engine):
        steps = cut_over(
            Run(read.history(source), store), terms, lambda: prove(folder, as_json=as_json), progress=done.tell
        )
    answer = [{"step": one.step, "at": one.at, "by": one.by, "detail": one.detail} for one in steps.values()]
    tell({"steps": answer}, map(_step_line, steps.values()), as_json=as_json)


_SAID = {
    "frozen_at": "nobody works there since",
    "to_come": "bookings to come",
    "conflicts": "of them in conflict",
    "until": "`hub migrate back` until",
}
"""What a step tells of itself, where its name alone would not say."""


def _step_line(step: "CutoverStep") -> str:
    said = "; ".join(
        f"{_SAID.get(name, name)} {_shown(name, value)}" for name, value in step.detail.items() if value != ""
    )
    return f"{step.step:7} {step.at:%Y-%m-%d %H:%M} UTC  {step.by}  {said}"


def _shown(name: str, value: object) -> object:
    if name in ("frozen_at", "until"):
        return f"{datetime.fromisoformat(str(value)).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return (", ".join(value) or "none") if isinstance(value, list) else value


def back(
    folder: Folder,
    by: By,
    into: Annotated[
        Path, typer.Option("--list", parser=path_said, metavar="DIR", help="Where the list is written; it is personal.")
    ] = Path("reentry"),
    entered: Annotated[bool, typer.Option("--entered", help="All of the list stands in the old system now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the old system the system of record again; what the hub wrote is told to it, or listed."""
    from hub.bootstrap.migrating import open_store
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.bootstrap.practice_folder import read_practice_folder
    from hub.bootstrap.reentry_files import write_reentry_files
    from hub.operations.migration.go_back import close_way_back, go_back
    from hub.settings import read_settings

    settings = read_settings()
    system = read_migration_folder(folder, settings).file.system
    with open_store(settings) as (store, _engine):
        if entered:
            close_way_back(store, system, by)
            tell({"over": True}, [f"The way back is over; exports of {system} may come in again."], as_json=as_json)
            return
        has_practice = settings.is_practice_named and (settings.practice / "practice.yaml").exists()
        connections = read_practice_folder(settings).connections if has_practice else {}
        found = go_back(store, system, by, connections[system].push if system in connections else ())
    files = list(write_reentry_files(found, into))
    first = f"{found.told} records wait for `hub push {system}`; {len(found.entries)} are to be entered by hand."
    answer = {"told": found.told, "to_enter": len(found.entries), "wrote": files}
    last = f"When all of it stands in {system}:  hub migrate back {folder} --by NAME --entered"
    if found.is_called_off:
        last = f"The cut-over is called off: nothing was switched, and exports of {system} come in as before."
    tell(answer, [first, *(f"  {file}" for file in files), last], as_json=as_json)
