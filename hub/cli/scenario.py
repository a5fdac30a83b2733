"""`hub scenario`: rehearse scenario files, or have them explained."""

import typer

app = typer.Typer(help="Rehearse a practice's configuration on scenario files.", no_args_is_help=True)


@app.callback()
def scenario() -> None:
    """Rehearse a practice's configuration on scenario files."""
