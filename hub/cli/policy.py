"""`hub policy`: what patients agree to."""

from datetime import datetime
from typing import Annotated

import typer

app = typer.Typer(help="The practice's policy.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Local date; default: all entries.")]


@app.callback()
def _group() -> None:
    """The practice's policy."""


@app.command()
def show(on: Day = None) -> None:
    """Print the policy in plain sentences, for the booking page and the confirmation. Needs no database."""
    from hub.bootstrap import read_practice_folder
    from hub.scheduling.policy_text import policy_sentences
    from hub.settings import read_settings

    practice = read_practice_folder(read_settings()).practice
    for policy in [practice.policy_on(on.date())] if on else practice.policies:
        if policy.since is not None:
            typer.echo(f"From {policy.since}:")
        for sentence in policy_sentences(practice, policy):
            typer.echo(sentence)
