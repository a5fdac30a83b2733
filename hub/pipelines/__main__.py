"""`python -m hub.pipelines`: run the pipelines as one tracked run, or serve Dagster's web UI."""

import atexit
import gc
import importlib.util
import json
from pathlib import Path
from typing import Annotated

import typer

from hub.bootstrap import read_practice_folder
from hub.bootstrap.migrating import open_store
from hub.bootstrap.migration_folder import read_migration_folder, read_named_migrations
from hub.errors import NeedsAttention, Problem
from hub.operations.migration.run_history import Run, loaded_kinds
from hub.pipelines.told import answer_of, lines_of
from hub.program import FAILED, one_clear_message
from hub.settings import read_settings

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
    settings = read_settings()
    folder = read_practice_folder(settings)
    from hub.pipelines.definitions import run_practice  # noqa: PLC0415 - seconds, and not for a wrong folder

    ran = run_practice(settings, folder, select)
    typer.echo(f"run {ran.run_id} {'succeeded' if ran.success else 'FAILED'}")
    raise typer.Exit(0 if ran.success else 1)


@app.command()
def migrate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The migration folder.")],
    source: Annotated[Path, typer.Option("--source", metavar="DIR", help="The folder of the export.")],
) -> None:
    """Move a history as tracked runs, one a partition, by workers where there is a broker; exits 1 when one failed."""
    settings = read_settings()
    history = read_migration_folder(folder, settings).history(source)
    with open_store(settings) as (store, _engine):
        moving = Run(history, store)
        if settings.broker_url is None:
            from hub.pipelines.migrating import run_migration  # noqa: PLC0415 - as above

            is_done = run_migration(moving, settings.dagster_home, typer.echo)
        else:
            _require_cluster()
            from hub.pipelines.workers import require_named, run_by_workers  # noqa: PLC0415 - as above

            require_named(settings, folder, source)
            is_done = run_by_workers(moving, settings, typer.echo)
    raise typer.Exit(0 if is_done else 1)


@app.command()
def work() -> None:
    """Do what is handed out over the broker, run by run, until Ctrl-C or SIGTERM; what is in hand is done first."""
    settings = read_settings()
    _require_cluster()
    read_named_migrations(settings)
    from hub.pipelines.broker import work as work_on  # noqa: PLC0415 - as above

    work_on(settings)


def _require_cluster() -> None:
    if importlib.util.find_spec("dagster_celery") is None:
        message, hint = "what speaks with a broker is not installed", "`make cluster` installs it"
        raise NeedsAttention(Problem(message, field="HUB_BROKER_URL", hint=hint))


@app.command()
def serve(port: Annotated[int | None, typer.Option(help="Default: HUB_DAGSTER_PORT, 8302.")] = None) -> None:
    """Serve Dagster's web UI with its daemon on loopback, until Ctrl-C."""
    settings = read_settings()
    read_practice_folder(settings)
    for folder, source in read_named_migrations(settings):
        loaded_kinds(folder.history(source))
    from hub.pipelines.serve import serve as serve_ui  # noqa: PLC0415 - as above

    serve_ui(settings.dagster_home, settings.dagster_port if port is None else port)


@app.command()
def prove(
    *,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The migration folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Prove a moved history; exits 1 when a check failed that nobody accepted."""
    from hub.pipelines.proving import Proving  # noqa: PLC0415 - as above

    settings = read_settings()
    read = read_migration_folder(folder, settings)
    with open_store(settings) as (store, engine):
        proof = Proving(read, store, engine, settings).prove()
    for line in [json.dumps(answer_of(proof))] if as_json else lines_of(proof):
        typer.echo(line)
    raise typer.Exit(FAILED if proof.blocking else 0)


def main() -> None:
    """Run a command."""
    atexit.register(gc.freeze)  # to look for circles in all that is loaded when it ends anyway takes Python a second
    with one_clear_message():
        app()


if __name__ == "__main__":
    main()
