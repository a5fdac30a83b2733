"""`hub replay`: do once more what was given up or kept back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson
from hub.cli.deciding import kind_named
from hub.cli.migrating_run import line_of, reason_in
from hub.cli.progress import bar_of, steps_bar
from hub.program import LOOK_AT_IT

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.bootstrap.exchange import Exchange
    from hub.operations.pull_changes import PullResult
    from hub.operations.replay import Waiting
    from hub.ports import QuarantinedRow

app = typer.Typer(help="Do once more what was given up or kept back.", no_args_is_help=True)

System = Annotated[str, typer.Argument(help="The connection's name.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List and count; do nothing.")]
KindName = Annotated[str, typer.Option("--kind", help="patient, visit …")]
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]


@app.command()
def dead(
    system: System,
    *,
    ids: Annotated[list[int] | None, typer.Option("--id", help="Only this delivery; may be repeated.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let deliveries that were given up be sent again with the next push."""
    with _hub() as hub:
        found = [one for one in hub.exchange.find_dead(system) if not ids or one.id in ids]
        done = 0 if dry_run else hub.exchange.replay_dead(system, [one.id for one in found])
    _tell(found, {"replayed": done}, _Told(), as_json=as_json)


@app.command()
def events(system: System, *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Ask again for records that a webhook rang for and that nobody could look after."""
    with _hub() as hub:
        found = hub.exchange.find_dead_events(system)
        done = hub.exchange.replay_events(system).events if found and not dry_run else 0
    _tell(found, {"replayed": done}, _Told(), as_json=as_json)


@app.command()
def quarantine(
    system: System,
    *,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take once more what could not be taken: by the tables as they are now.

    Pulled records, and rows of `hub import`. Rows of a migration are listed, with the command that takes them again.

    Exit codes: 0 done, 3 done and some still wait for a person.
    """
    only = kind_named(kind) if kind else None
    with _hub() as hub:
        found = hub.exchange.find_quarantined(system, only)
        counts = _counts(hub.exchange, system, found, dry_run=dry_run, as_json=as_json)
        rows = hub.exchange.find_quarantined_rows(system, only)
        told = _Rows(hub, system, rows).take(dry_run=dry_run, as_json=as_json)
    _tell(found, {**counts, **told.counts}, told, as_json=as_json)
    if not dry_run and (counts.get("rejected") or told.counts.get("rows_left")):
        raise typer.Exit(LOOK_AT_IT)


@app.command()
def landed(
    system: System,
    *,
    kind: KindName,
    first: Annotated[datetime, typer.Option("--from", formats=_TIMES, help="UTC.")],
    last: Annotated[datetime, typer.Option("--until", formats=_TIMES, help="UTC, not counted itself.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take pulled records that landed in a span once more, the newest state of each: by tables and rules of now.

    What an import or a migration landed is history, and left to `hub import` and `hub migrate run`.
    """
    only, span = kind_named(kind), (first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
    with _hub() as hub:
        found = hub.exchange.find_landed(system, only, *span)
        counts = _counts(hub.exchange, system, found, dry_run=dry_run, as_json=as_json)
        count = hub.exchange.count_imported(system, only, *span)
        told = _Told({"imported": count} if count else {}, tuple(_left_out(hub, system, count)))
    _tell(found, {**counts, **told.counts}, told, as_json=as_json)


@dataclass(frozen=True)
class _Told:
    """What is said besides, in counts and lines."""

    counts: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    rows: "Sequence[QuarantinedRow]" = ()


@dataclass(frozen=True)
class _Rows:
    """Quarantined rows of an import or a migration."""

    hub: "Hub"
    system: str
    rows: "Sequence[QuarantinedRow]"

    def take(self, *, dry_run: bool, as_json: bool) -> _Told:
        """Where an import brought them, it is done again; a migration is run by its own command."""
        if not self.rows:
            return _Told()
        lines = [_row_line(row) for row in self.rows]
        command = self.hub.exchange.retaken_by(self.system)
        if dry_run or not command.startswith("hub import"):
            said = f"{_waiting(self.rows)}. Mend the table, the alias or the row; taken again by: {command}"
            more = [said] if command.startswith("hub import") else [said, _CORRECTIONS]
            return _Told({"rows_left": len(self.rows), "taken_by": command}, (*lines, *more), self.rows)
        with steps_bar(quiet=as_json) as step:
            done = self.hub.import_export(self.system, step)
        left = self.hub.exchange.find_quarantined_rows(self.system, None)
        lines += [_NOTHING_NEW] if done.already_loaded else ["The import was done again:", *map(line_of, done.files)]
        lines.append(f"{_waiting(left, 'still ')}.")
        counts = {"rows_left": len(left), "taken_by": command, "already_loaded": done.already_loaded}
        return _Told(counts, tuple(lines), self.rows)


_CORRECTIONS = (
    "What should stand in a row goes under `corrections` of FOLDER/decisions.yaml; only its batch is done again "
    "(docs/migration.md)."
)
_NOTHING_NEW = "Nothing that decides about these rows has changed since: mend a table, an alias or the files first."


def _waiting(rows: "Sequence[QuarantinedRow]", still: str = "") -> str:
    return f"1 row {still}waits" if len(rows) == 1 else f"{len(rows)} rows {still}wait"


def _row_line(row: "QuarantinedRow") -> str:
    return (
        " ".join(filter(None, (f"{row.file}:{row.line} ", row.kind, row.key))) + f": {reason_in(row.reason, row.field)}"
    )


def _left_out(hub: "Hub", system: str, count: int) -> Iterator[str]:
    if count:
        command = hub.exchange.retaken_by(system)
        yield f"{count} more landed then with an import or a migration: they are history, taken again by: {command}"


def _counts(
    exchange: "Exchange", system: str, found: "Sequence[Waiting]", *, dry_run: bool, as_json: bool
) -> dict[str, Any]:
    if dry_run:
        return {"replayed": 0}
    with bar_of("replay", quiet=as_json) as moved:
        done: PullResult = exchange.replay_records(system, found, moved)
    names = ("inserted", "updated", "unchanged", "rejected", "conflicts")
    return {"replayed": done.read, **{name: getattr(done, name) for name in names}}


def _tell(found: "Sequence[Waiting]", counts: Mapping[str, Any], more: _Told, *, as_json: bool) -> None:
    if as_json:
        rows = {"rows": [asdict(row) for row in more.rows]} if more.rows else {}
        typer.echo(json.dumps({"found": [asdict(one) for one in found], "count": len(found), **counts, **rows}))
        return
    for one in found:
        typer.echo(f"{one.id}  {one.kind} {one.subject_id}" + (f": {', '.join(one.why)}" if one.why else ""))
    said = ", ".join(f"{number} {name}" for name, number in counts.items() if name not in more.counts)
    if found:
        typer.echo(f"{len(found)} found, {said}.")
    elif not more.lines:
        typer.echo("Nothing to replay.")
    for line in more.lines:
        typer.echo(line)


@contextmanager
def _hub() -> Iterator["Hub"]:
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        yield hub
