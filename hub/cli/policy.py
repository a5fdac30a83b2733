"""`hub policy`: what patients agree to."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from hub.cli.answers import AsJson, tell

app = typer.Typer(help="The practice's policy.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Local date; default: all entries.")]


@app.callback()
def _group() -> None:
    """The practice's policy."""


@app.command()
def show(on: Day = None, as_json: AsJson = False) -> None:
    """Print the policy in plain sentences, for the booking page and the confirmation. Needs no database."""
    from hub.bootstrap import read_practice_folder
    from hub.scheduling.policy_text import policy_sentences
    from hub.settings import read_settings

    practice = read_practice_folder(read_settings()).practice
    chosen = [practice.policy_on(on.date())] if on else practice.policies
    said = [{"since": one.since, "sentences": list(policy_sentences(practice, one))} for one in chosen]
    tell({"policies": said}, _lines(said), as_json=as_json)


def _lines(said: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in said:
        if one["since"] is not None:
            yield f"From {one['since']}:"
        yield from one["sentences"]
