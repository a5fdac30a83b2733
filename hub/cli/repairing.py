"""`hub repair`: a day that no longer fits is repaired with the fewest changes, each listed for approval."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson, local, tell, undecided, visits
from hub.cli.asking import Location, near

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.bootstrap import Hub
    from hub.operations.approve_repair import NotApproved
    from hub.ports.repairs import Proposal, ProposedChange
    from hub.scheduling.repair.day import Better

app = typer.Typer(help="Repair a day: propose, look, approve.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="PROPOSAL", help="What `propose` said.")]


@app.command()
def propose(
    *,
    on: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], callback=near, help="The local date to repair.")
    ],
    location: Location = None,
    notice: Annotated[int, typer.Option(min=0, help="Minutes: who arrives sooner keeps their time.")] = 120,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to look for the best.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """List the fewest changes that make the day fit again; nothing is changed until it is approved."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        proposal = hub.desk.propose_repair(
            hub.only_location(location), on.date(), notice_minutes=notice, seconds=seconds, actor="desk"
        )
        _show(hub, proposal, as_json=as_json)


@app.command()
def show(*, proposal: Id, as_json: AsJson = False) -> None:
    """Show a proposal again, with what was approved of it since."""
    from hub.bootstrap import open_hub
    from hub.errors import InvalidInput, Problem
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        found = hub.desk.find_proposal(proposal)
        if found is None:
            raise InvalidInput(Problem(f"there is no proposal {proposal!r}", field="proposal"))
        _show(hub, found, as_json=as_json)


@app.command()
def approve(
    *,
    proposal: Id,
    visit: Annotated[list[str] | None, typer.Option(help="Only this change; repeatable; default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make the changes, all that are approved or none; every one is checked again."""
    from hub.bootstrap import open_hub
    from hub.operations.approve_repair import NotApproved
    from hub.operations.confirm_hold import Undecided
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        done = hub.desk.approve_repair(proposal, visit, actor="desk")
        if isinstance(done, NotApproved):
            raise _refused(done, as_json=as_json)
        if isinstance(done, Undecided):
            raise undecided(done, as_json=as_json)
        answer, lines = visits(hub, done.visits, "changed")
        tell({**answer, "is_stale": done.is_stale}, lines or ["Nothing is left to change."], as_json=as_json)


def _show(hub: "Hub", proposal: "Proposal", *, as_json: bool) -> None:
    zone = hub.folder.practice.zone_of(proposal.location_id)
    changes = [_change(one, zone) for one in proposal.changes]
    counts = {fate: sum(one.fate.value == fate for one in proposal.changes) for fate in ("moved", "unplaced")}
    answer = {
        "proposal": proposal.id,
        "date": proposal.on.isoformat(),
        "proven": proposal.proven,
        "better": None if proposal.better is None else asdict(proposal.better),
        "kept": proposal.kept,
        **counts,
        "changes": changes,
    }
    best = "no better plan exists" if proposal.proven else f"the best found in the time; {_better(proposal.better)}"
    sums = f"{counts['moved']} moved, {counts['unplaced']} without a place, {proposal.kept} stay at their time"
    head = [f"{proposal.id}: {proposal.on}, {len(changes)} changes, {sums} ({best})"]
    tail = [f"`hub repair approve {proposal.id}` makes them, `--visit ID` only some"] if changes else []
    tell(answer, [*head, *(_line(one) for one in changes), *tail], as_json=as_json)


def _better(better: "Better | None") -> str:
    if better is None:
        return "a better one may exist"
    what = {
        "unplaced": "place {} more visits",
        "moved": "move {} visits less",
        "minutes": "move visits by {} minutes less in all",
        "resources": "change {} resources less",
    }
    return f"another one may {what[better.aim].format(f'at most {better.at_most}')}"


def _change(one: "ProposedChange", zone: "ZoneInfo") -> dict[str, Any]:
    return {
        "visit": one.visit_id,
        "trip": one.trip_id,
        "fate": one.fate.value,
        "from": local(one.from_at, zone),
        "to": local(one.to_at, zone),
        "with": {
            name: [one.from_resources.get(name), who]
            for name, who in one.to_resources.items()
            if one.from_resources.get(name) != who
        },
        "why": list(one.why),
        "applied": one.applied_at is not None,
    }


def _line(one: Mapping[str, Any]) -> str:
    if one["fate"] == "unplaced":
        what = f"{one['from'][11:16]} has no place: somebody must decide"
    elif one["fate"] == "moved":
        what = f"{one['from'][11:16]} -> {one['to'][11:16]}"
    else:
        what = f"{one['from'][11:16]} stays"
    names = "".join(f", {name} {before or 'nobody'} -> {after}" for name, (before, after) in one["with"].items())
    done = " (made)" if one["applied"] else ""
    return f"  {one['visit']}: {what}{names}, because {', '.join(one['why'])}{done}"


def _refused(done: "NotApproved", *, as_json: bool) -> typer.Exit:
    told = [{"visit": one.visit_id, "reasons": list(one.reasons), "needs": list(one.needs)} for one in done.objections]
    if as_json:
        typer.echo(json.dumps({"ok": False, "refused": told, "is_stale": done.is_stale}))
        return typer.Exit(1)
    typer.echo("refused: nothing was changed", err=True)
    for one in done.objections:
        needs = f"; approve also {', '.join(one.needs)}" if one.needs else ""
        typer.echo(f"  {one.visit_id}: {', '.join(one.reasons)}{needs}", err=True)
    if done.is_stale:
        typer.echo("The day has changed since this was proposed: `hub repair propose` looks at it anew", err=True)
    return typer.Exit(1)
