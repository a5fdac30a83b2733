"""`hub drift`: records that take another shape than they had."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import AsJson
from hub.cli.asking import Reason, Role
from hub.cli.deciding import kind_named

if TYPE_CHECKING:
    from hub.bootstrap.exchange import Exchange

app = typer.Typer(help="Records of other systems that take another shape than they had.", no_args_is_help=True)


@app.command()
def show(as_json: AsJson = False) -> None:
    """List what has drifted in each stream; names of fields, types and declared codes, no other values."""
    from hub.bootstrap import open_hub
    from hub.operations.watch_drift import DRIFT, read_drifts
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        found = [(one.subject_id, one.subject_kind, read_drifts(one)) for one in hub.exchange.find_issues(DRIFT)]
    if as_json:
        told = [{"system": name, "kind": kind, "drifted": list(map(asdict, drifts))} for name, kind, drifts in found]
        typer.echo(json.dumps({"streams": told}))
        return
    for system, kind, drifts in found:
        typer.echo(f"{system} {kind}: " + ", ".join(map(str, drifts)))
    if not found:
        typer.echo("Nothing has drifted.")


@app.command()
def accept(
    system: Annotated[str, typer.Argument(help="The connection's name.")],
    kind: Annotated[str, typer.Argument(help="patient, visit …")],
    *,
    role: Role = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Let what has drifted in a stream belong to its contract, and take the records that were kept back for it."""
    from hub.bootstrap import open_hub
    from hub.errors import InvalidInput, Problem
    from hub.operations.pull_changes import Accepted
    from hub.settings import read_settings

    if not role or not reason:
        missing = "--role" if not role else "--reason"
        raise InvalidInput(Problem("who accepts it says in which role and why", field=missing))
    with open_hub(read_settings()) as hub:
        exchange: Exchange = hub.exchange
        done = exchange.accept_drift(system, kind_named(kind), Accepted("desk", role, reason))
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    typer.echo(f"Accepted. {done.inserted} new, {done.updated} changed, {done.rejected} still kept back.")
