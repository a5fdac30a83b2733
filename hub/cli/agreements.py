"""`hub agreements`: which connections may move personal data, and which reviews are due."""

import json
from typing import TYPE_CHECKING

import typer

from hub.cli.answers import AsJson

if TYPE_CHECKING:
    from hub.governance.agreements import Standing


def agreements(*, as_json: AsJson = False) -> None:
    """List each connection's agreement as it stands today; exit 1 when one has none in force. Needs no database."""
    from dataclasses import asdict
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from hub.bootstrap import read_practice_folder
    from hub.governance.agreements import State, judge_agreement
    from hub.settings import read_settings

    folder = read_practice_folder(read_settings())
    # The listing asks no database, whose clock decides when something is about to move.
    today = datetime.now(UTC).astimezone(ZoneInfo(folder.practice.zone)).date()  # noqa: TID251
    standings = [judge_agreement(folder.agreements, system, today) for system in sorted(folder.connections)]
    if as_json:
        told = [{**asdict(one), "moves": sorted(one.moves)} for one in standings]
        typer.echo(json.dumps({"ok": True, "connections": told}, default=str))
    else:
        width = max((len(one.system) for one in standings), default=0)
        for one in standings:
            typer.echo(f"{one.system:{width}}  {_line(one)}")
    if any(one.state not in (State.IN_FORCE, State.EXEMPT) for one in standings):
        raise typer.Exit(1)


def _line(standing: "Standing") -> str:
    from hub.governance.agreements import State

    match standing.state:
        case State.IN_FORCE:
            until = f"until {standing.until}" if standing.until else "without an end"
            late = "OVERDUE since" if standing.is_overdue else "next by"
            return f"in force with {standing.vendor}, {until}; review {late} {standing.review_due_on}"
        case State.EXEMPT:
            moves = ", ".join(sorted(standing.moves)) or "nothing personal"
            return f"exempt: {standing.why}; may move {moves}"
        case State.NONE:
            return "NO AGREEMENT: nothing personal moves; agreements.yaml is where it is entered"
        case State.NOT_YET:
            return f"NOT IN FORCE YET with {standing.vendor}: nothing personal moves"
        case State.ENDED:
            return f"ENDED on {standing.until} with {standing.vendor}: nothing personal moves"
