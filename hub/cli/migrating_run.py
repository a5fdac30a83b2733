"""`hub migrate run` and `dispositions`: a history moved partition by partition, every row accounted for."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hub.cli.answers import AsJson, tell
from hub.cli.migrating_left import find_left_open
from hub.cli.migrating_proof import prove
from hub.cli.paths import path_said

if TYPE_CHECKING:
    from hub.bootstrap.migration_folder import MigrationFolder
    from hub.ports.migrations import FileAccount, Partition, RowFate
    from hub.settings import Settings

Folder = Annotated[Path, typer.Argument(parser=path_said, metavar="FOLDER", help="The migration folder.")]
Source = Annotated[Path, typer.Option("--source", parser=path_said, metavar="DIR", help="The folder of the export.")]


Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes that work side by side; without it as many as fit the machine.")
]
Tracked = Annotated[
    bool,
    typer.Option(
        "--tracked", help="As Dagster's runs, one a partition: `hub up` shows them. HUB_BROKER_URL: by workers."
    ),
]


def run(
    folder: Folder, source: Source, tracked: Tracked = False, workers: Workers = None, as_json: AsJson = False
) -> None:
    """Move the history from DIR, through to verified. What was done before is not done again; nobody is asked.

    With --json two objects, one a line: the account of every file, then the proof.
    """
    from hub.bootstrap.migration_folder import read_migration_folder
    from hub.settings import read_settings

    settings = read_settings()
    migration = read_migration_folder(folder, settings)
    if tracked:
        _run_tracked(folder, source, settings.home, is_aside=as_json)
    move(migration, source, settings, is_told=tracked, workers=workers, as_json=as_json)
    prove(folder, as_json=as_json)
    if not as_json:
        typer.echo(f"Next:  hub migrate report {folder} --to report.html")


def move(
    migration: "MigrationFolder",
    source: Path,
    settings: "Settings",
    *,
    is_told: bool = False,
    is_rehearsal: bool = False,
    workers: int | None = None,
    as_json: bool = False,
) -> bool:
    """Run it on the database of the settings and tell its account; whether something is left open for a person."""
    from hub.bootstrap.migrating import open_store
    from hub.bootstrap.migration_plan import find_tables, find_undisposed
    from hub.bootstrap.migration_team import open_team
    from hub.operations.migration.run_history import Run

    history, done = migration.history(source), PartitionLines(as_json)
    with (
        open_store(settings) as (store, engine),
        open_team(migration.path, source, settings, engine.url, workers) as team,
    ):
        started = Run(history, store)
        files = started.run(_tell_nothing if is_told else done.tell, team)
        left = find_left_open(started, find_undisposed(migration, history), is_rehearsal=is_rehearsal)
    read, unread = find_tables(migration, source)
    held = {one.file for one in files}
    left = replace(left, unread=unread, without_rows=tuple(name for name in read if name not in held))
    done.end()
    answer = {"files": [one._asdict() for one in files], "left_open": asdict(left)}
    tell(answer, [*map(line_of, files), *left.lines()], as_json=as_json)
    return left.is_any


def _run_tracked(folder: Path, source: Path, home: Path, *, is_aside: bool) -> None:
    """In a process of its own: only the pipelines load Dagster."""
    from hub.cli.processes import Processes

    with Processes(home, {}) as processes:
        code = processes.run("hub.pipelines", "migrate", str(folder), "--source", str(source), is_aside=is_aside)
    if code:
        raise typer.Exit(code)


def _tell_nothing(_partition: "Partition", _counts: Mapping[str, int] | None) -> None:
    """It was told by the tracked runs."""


@dataclass
class PartitionLines:
    """A line for each partition as it is done; of those that were done before only how many they are."""

    is_aside: bool
    """On stderr, where stdout is for a program."""
    before: int = 0

    def tell(self, partition: "Partition", counts: Mapping[str, int] | None) -> None:
        """A `hub.operations.migration.run_history.Progress`."""
        if counts is None:
            self.before += 1
            return
        said = ", ".join(f"{number} {name}" for name, number in counts.items() if number and "." not in name)
        nothing = "every row has a verdict" if partition.stage == "account" else "nothing"
        typer.echo(f"  {partition}: {said or nothing}", err=self.is_aside)

    def end(self) -> None:
        """Behind the last."""
        if self.before:
            typer.echo(f"  {self.before} batches were done before", err=self.is_aside)


def line_of(file: "FileAccount") -> str:
    """One file's account: `appointments.csv 300 rows = 280 loaded + 8 merged + 12 quarantined (bad_date 3)`."""
    parts = {
        "loaded": file.loaded,
        "merged": file.merged,
        "quarantined": file.quarantined,
        "to review": file.review,
        "landed for later": file.landed,
        "taken back": file.taken_back,
    }
    said = " + ".join(f"{number} {word}" for word, number in parts.items() if number) or "none"
    reasons = ", ".join(f"{reason} {number}" for reason, number in file.reasons.items())
    return f"{file.file:18} {file.rows} rows = {said}" + (f" ({reasons})" if reasons else "")


def dispositions(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    system: Annotated[str | None, typer.Option(help="Only this system's.")] = None,
) -> None:
    """What became of every row, by file and line."""
    from hub.bootstrap.migrating import open_store
    from hub.settings import read_settings

    with open_store(read_settings()) as (store, _engine), store.begin("read_dispositions") as work:
        for head in work.migrations.find_heads():
            if system not in (None, head.system):
                continue
            for fate in work.migrations.read_fates(head.system):
                said = row_fate(fate, head.zone)
                typer.echo(json.dumps(said) if as_json else _line(fate))


def _line(fate: "RowFate") -> str:
    reason = f" ({reason_in(fate.reason, fate.field)})" if fate.reason else ""
    return f"{fate.file}:{fate.line}  {fate.key}  {fate.verdict}{reason}  {fate.canonical_id or ''}".rstrip()


def reason_in(reason: str, field: str | None) -> str:
    """`bad_date in Date + Start`."""
    return f"{reason} in {field}" if field else reason


def row_fate(fate: "RowFate", zone: str) -> dict[str, Any]:
    """What is told of a row; instants with their offset at its place."""
    said: dict[str, Any] = {
        "file": fate.file,
        "line": fate.line,
        "key": fate.key,
        "verdict": fate.verdict,
        "reason": fate.reason,
        "canonical_id": fate.canonical_id,
    }
    if fate.field is not None:
        said["field"] = fate.field
    if fate.kind == "patient":
        return {**said, "person": fate.person}
    if fate.kind == "service":
        return {**said, "sku": fate.sku, "archive": fate.is_archived}
    if fate.start is None or fate.end is None:
        return {**said, "amount_minor": fate.amount_minor} if fate.kind == "payment" else said
    local = ZoneInfo(fate.zone or zone)
    return {
        **said,
        "person": fate.person,
        "sku": fate.sku,
        "status": fate.status,
        "start": fate.start.astimezone(local).isoformat(),
        "end": fate.end.astimezone(local).isoformat(),
        "price_minor": fate.price_minor,
        "history_conflict": fate.is_in_conflict,
    }
