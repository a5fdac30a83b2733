"""`hub config`: check the practice folder, and put it in force."""

import typer

app = typer.Typer(help="The practice folder (HUB_PRACTICE).", no_args_is_help=True)


@app.command()
def check() -> None:
    """Read every file of the folder and say what is wrong, with file, line and key. Changes nothing."""
    from hub.bootstrap import check_practice_folder
    from hub.settings import read_settings

    folder = check_practice_folder(read_settings())
    practice = folder.practice
    typer.echo(
        f"{practice.name or folder.path.name}: {len(practice.resources)} resources, {len(practice.services)} services, "
        f"{len(folder.connections)} connections. Nothing is wrong."
    )


@app.command()
def apply() -> None:
    """Put the practice file in force: resources, services and lots. Applying it again changes nothing."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        applied = hub.apply_practice()
        typer.echo(f"In force: {len(applied.changed)} added or changed, {applied.lots} new lots.")
