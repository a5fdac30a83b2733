"""`hub config`: check the practice folder, see what it would change and break, and put it in force."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.answers import AsJson, tell

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.operations.plan_practice import PracticePlan

app = typer.Typer(help="The practice folder (HUB_PRACTICE).", no_args_is_help=True)

NOTHING_MOVES = "nothing personal moves until agreements.yaml says so (hub agreements)."


@app.command()
def check(as_json: AsJson = False) -> None:
    """Read every file of the folder and say what is wrong, with file, line and key. Changes nothing."""
    from hub.bootstrap import check_practice_folder, find_notes
    from hub.settings import read_settings

    folder = check_practice_folder(read_settings())
    practice = folder.practice
    name, uncovered = practice.name or folder.path.name, sorted(set(folder.connections) - folder.agreements.covered)
    notes = list(find_notes(folder))
    counts = {
        "resources": len(practice.resources),
        "services": len(practice.services),
        "connections": len(folder.connections),
    }
    answer = {"practice": name, **counts, "without_agreement": uncovered, "notes": notes}
    said = ", ".join(f"{number} {word}" for word, number in counts.items())
    lines = [f"{name}: {said}. Nothing is wrong."]
    lines += [f"{system} has no agreement: {NOTHING_MOVES}" for system in uncovered]
    lines += [f"Note: {note}" for note in notes]
    tell(answer, lines, as_json=as_json)


@app.command()
def plan(as_json: AsJson = False) -> None:
    """Say what applying the folder would change, and which visits it would break: exit 1 when there are such."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        planned = hub.plan_practice()
        _show(hub, planned, as_json=as_json)
    if planned.broken:
        raise typer.Exit(1)


@app.command()
def apply(
    fingerprint: Annotated[
        str | None, typer.Option("--plan", metavar="FINGERPRINT", help="Apply what this plan said, nothing else.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Apply what is shown now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the plan and put it in force with --yes or --plan: exit 1 when there is one and neither is given."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        planned = hub.plan_practice()
        _show(hub, planned, as_json=as_json)
        agreed = fingerprint or (planned.fingerprint if yes or planned.is_first or not _is_news(planned) else None)
        if agreed is None:
            typer.echo(f"Nothing was applied. Add --plan {planned.fingerprint}, or --yes.", err=True)
            raise typer.Exit(1)
        applied = hub.apply_planned(agreed, actor="desk")
        typer.echo(f"In force: {len(applied.changed)} added or changed, {applied.lots} new lots.", err=as_json)


def _is_news(planned: "PracticePlan") -> bool:
    return bool(planned.changes or planned.broken or planned.consents)


def _show(hub: "Hub", planned: "PracticePlan", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_as_json(hub, planned)))
        return
    for line in _lines(hub, planned):
        typer.echo(line)


def _lines(hub: "Hub", planned: "PracticePlan") -> Iterator[str]:
    if planned.is_first:
        yield "Nothing is in force yet: all of the practice file is new."
        yield from _dates(planned)
        return
    if not _is_news(planned):
        yield "Nothing changes."
        return
    for change in planned.changes:
        values = f": {json.dumps(change.before)} -> {json.dumps(change.after)}" if change.how == "changed" else ""
        yield f"{change.how:8} {change.path}{values}"
    yield from _dates(planned)
    yield f"{len(planned.broken)} of {planned.judged} booked visits to come would break."
    for visit in _broken(hub, planned):
        who = ", ".join(visit["resources"]) or "nobody"
        otherwise = "; other resources would do" if visit["fits_otherwise"] else ""
        reasons = ", ".join(visit["reasons"])
        yield f"  {visit['id']}  {visit['arrives']}  {visit['service']} ({who}): {reasons}{otherwise}"
    for due in planned.consents:
        visits = f"{due.visits} booked {'visit' if due.visits == 1 else 'visits'}"
        yield f"{visits} to come would need {due.form_id} in version {due.version}: {due.patients} to sign it."
    yield f"Plan {planned.fingerprint}"


def _dates(planned: "PracticePlan") -> Iterator[str]:
    """What is new from which date on; what the file in force says already is no news."""
    new = [one for one in planned.dates if one.is_new]
    if new:
        yield "By date:"
    for one in new:
        yield f"  {one.on}  {one.path}: {one.what}"


def _as_json(hub: "Hub", planned: "PracticePlan") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "fingerprint": planned.fingerprint,
        "first": planned.is_first,
        "changes": [asdict(change) for change in planned.changes],
        "dates": [{**asdict(one), "on": one.on.isoformat()} for one in planned.dates],
        "judged": planned.judged,
        "broken": list(_broken(hub, planned)),
        "consents": [asdict(one) for one in planned.consents],
    }


def _broken(hub: "Hub", planned: "PracticePlan") -> Iterator[dict[str, Any]]:
    for visit in planned.broken:
        zone = hub.folder.practice.zone_of(visit.location_id)
        yield {
            "id": visit.id,
            "arrives": visit.arrives_at.astimezone(zone).isoformat(timespec="minutes"),
            "service": visit.service_id,
            "location": visit.location_id,
            "resources": list(visit.resources),
            "reasons": list(visit.reasons),
            "fits_otherwise": visit.fits_otherwise,
        }
