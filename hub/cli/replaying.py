"""`hub replay`: do once more what was given up or kept back."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson
from hub.cli.deciding import kind_named

if TYPE_CHECKING:
    from hub.bootstrap.exchange import Exchange
    from hub.operations.pull_changes import PullResult
    from hub.operations.replay import Waiting

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
    with _exchange() as exchange:
        found = [one for one in exchange.find_dead(system) if not ids or one.id in ids]
        done = 0 if dry_run else exchange.replay_dead(system, [one.id for one in found])
    _tell(found, {"replayed": done}, as_json=as_json)


@app.command()
def quarantine(
    system: System,
    *,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take pulled records once more that could not be taken: by the tables as they are now."""
    with _exchange() as exchange:
        found = exchange.find_quarantined(system, kind_named(kind) if kind else None)
        _tell(found, _counts(exchange, system, found, dry_run=dry_run), as_json=as_json)


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
    """Take records that landed in a span once more, the newest state of each: by tables and rules as they are now."""
    with _exchange() as exchange:
        found = exchange.find_landed(system, kind_named(kind), first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
        _tell(found, _counts(exchange, system, found, dry_run=dry_run), as_json=as_json)


def _counts(exchange: "Exchange", system: str, found: "Sequence[Waiting]", *, dry_run: bool) -> dict[str, Any]:
    if dry_run:
        return {"replayed": 0}
    done: PullResult = exchange.replay_records(system, found)
    names = ("inserted", "updated", "unchanged", "rejected", "conflicts")
    return {"replayed": done.read, **{name: getattr(done, name) for name in names}}


def _tell(found: "Sequence[Waiting]", counts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"found": [asdict(one) for one in found], "count": len(found), **counts}))
        return
    for one in found:
        typer.echo(f"{one.id}  {one.kind} {one.subject_id}" + (f": {', '.join(one.why)}" if one.why else ""))
    said = ", ".join(f"{number} {name}" for name, number in counts.items())
    typer.echo(f"{len(found)} found, {said}.")


@contextmanager
def _exchange() -> Iterator["Exchange"]:
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        yield hub.exchange
