"""`hub reconcile`: find out what became of bookings whose outcome nobody knew."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hub.ports import Pending


def reconcile(*, as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Ask the vendors and payment processors what became of undecided bookings, and settle those that are due.

    Exit 75 while some still wait for an answer.
    """
    from dataclasses import asdict

    from hub.bootstrap import open_hub
    from hub.program import TRY_AGAIN_LATER
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        done = hub.desk.reconcile()
        waiting = hub.desk.find_unsettled()
    if as_json:
        typer.echo(json.dumps(asdict(done) | {"unsettled": [_as_json(each) for each in waiting]}))
    else:
        typer.echo(f"{done.done} came about, {done.released} did not, {len(waiting)} are not known yet.")
        for each in waiting:
            typer.echo(_line(each))
    if waiting:
        raise typer.Exit(TRY_AGAIN_LATER)


def _as_json(pending: "Pending") -> dict[str, Any]:
    return {
        "visits": list(pending.visit_ids),
        "kind": pending.kind,
        "stage": str(pending.standing.stage),
        "payment": str(pending.standing.payment) if pending.standing.payment else None,
        "connection": pending.connection,
        "since": pending.begun_at.isoformat(),
        "attempts": pending.attempts,
        "code": pending.outcome,
    }


def _line(pending: "Pending") -> str:
    who = pending.connection or "payments"
    said = f": {pending.outcome}" if pending.outcome else ""
    since = pending.begun_at.isoformat(timespec="minutes")
    return f"  {pending.visit_ids[0]}  {pending.standing.stage} with {who} since {since}{said}"
