"""`hub audit`: what was done that the rules would not have."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.answers import AsJson, tell

if TYPE_CHECKING:
    from hub.store.audit_query import RuleException

app = typer.Typer(help="Who did what, and why.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day; default: no bound.")]
LastDay = Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last one; default: no bound.")]


@app.callback()
def _group() -> None:
    """Who did what, and why."""


@app.command()
def overrides(first: Day = None, last: LastDay = None, as_json: AsJson = False) -> None:
    """List every rule that was passed over and every fee or deposit that was waived: when, who, in which role, why."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        found = hub.rule_exceptions(first and first.date(), last and last.date())
    tell({"exceptions": [asdict(one) for one in found]}, map(_line, found), as_json=as_json)


def _line(one: "RuleException") -> str:
    codes = ", ".join(one.detail.get("overridden", ()))
    waived = f"{one.detail['waived']} {one.detail['waived_minor']}" if "waived" in one.detail else ""
    who = f"{one.actor} ({one.role or 'no role'})"
    at = one.at.astimezone(UTC).isoformat(timespec="minutes")
    return f"{at}  {one.visit_id}  {one.action}  {codes or f'waived {waived}'}  {who}: {one.reason or '-'}"
