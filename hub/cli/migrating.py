"""`hub migrate …`: years of history, moved with proof."""

import typer

from hub.cli.migrating_profile import profile

app = typer.Typer(help="Migrations.", no_args_is_help=True)
app.command()(profile)


@app.callback()
def _group() -> None:
    """Years of history from an old system, moved with proof."""
