"""`hub database`: the schema."""

import typer

from hub.cli.answers import AsJson, tell

app = typer.Typer(help="The hub's database.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The hub's database."""


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """Bring the schema up to date. With HUB_DATABASE_URL its login must own the database."""
    from hub.bootstrap import migrate_database
    from hub.settings import read_settings

    migrate_database(read_settings())
    tell({}, ["The schema is up to date."], as_json=as_json)
