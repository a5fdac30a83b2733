"""`python -m hub.pipelines`: run the pipelines as one tracked run, or serve Dagster's web UI."""

import sys
from typing import Annotated

import typer

from hub.bootstrap import read_practice_folder
from hub.errors import HubError
from hub.pipelines import runs
from hub.pipelines.definitions import JOB, definitions
from hub.pipelines.instance import open_instance
from hub.settings import Settings

app = typer.Typer(
    help="The hub's pipelines.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.command()
def run(
    select: Annotated[
        str, typer.Option(help='What to run, in Dagster\'s words: key:"juniper-ehr/*", group:push …')
    ] = "*",
) -> None:
    """Pull, import, prove and push as one run that Dagster keeps; exits 1 when a step or a check that blocks failed."""
    defined = definitions()
    with open_instance(Settings().dagster_home) as instance:
        ran = runs.run(defined, JOB, instance, select)
    typer.echo(f"run {ran.run_id} {'succeeded' if ran.success else 'FAILED'}")
    raise typer.Exit(0 if ran.success else 1)


@app.command()
def serve(port: Annotated[int | None, typer.Option(help="Default: HUB_DAGSTER_PORT, 8302.")] = None) -> None:
    """Serve Dagster's web UI with its daemon on loopback, until Ctrl-C."""
    from hub.pipelines.serve import serve as serve_ui  # noqa: PLC0415 - a run needs no web server

    settings = Settings()
    read_practice_folder(settings)
    serve_ui(settings.dagster_home, settings.dagster_port if port is None else port)


def main() -> None:
    """Run a command; an error the hub knows becomes one clear message."""
    try:
        app()
    except HubError as error:
        for problem in error.problems:
            typer.echo(f"error: {problem}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
