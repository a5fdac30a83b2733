"""`hub serve` and `hub up`: the hub in the browser, alone or with Dagster's own UI beside it."""

from typing import TYPE_CHECKING

import typer

from hub.cli.processes import Processes, require_free_port

if TYPE_CHECKING:
    from hub.settings import Settings


def serve() -> None:
    """Serve the day board until Ctrl-C."""
    from hub.settings import read_settings

    with Processes(read_settings().home / "log", {}) as processes:
        raise typer.Exit(processes.run("hub.web"))


def up() -> None:
    """Serve the day board and Dagster's web UI side by side until Ctrl-C."""
    from hub.bootstrap import open_hub
    from hub.cli.demo import as_demo, is_demo, start_sandbox
    from hub.settings import read_settings

    settings = read_settings()
    require_free_port(settings.port, "HUB_PORT")
    require_free_port(settings.dagster_port, "HUB_DAGSTER_PORT")
    if is_demo(settings):
        require_free_port(settings.sandbox_port, "HUB_SANDBOX_PORT")
        settings = as_demo(settings)
    with Processes(settings.home / "log", environment_of(settings)) as processes, open_hub(settings) as hub:
        hub.apply_practice()
        if is_demo(settings):
            start_sandbox(settings, processes)
        start_board(settings, processes)
        start_dagster(settings, processes)
        typer.echo("Ctrl-C stops.")
        processes.wait()


def start_board(settings: "Settings", processes: Processes) -> None:
    """Serve the pages, and say where."""
    address = f"http://{settings.host}:{settings.port}"
    processes.start("web", "hub.web", ready_url=f"{address}/healthz")
    typer.echo(f"Day board     {address}/")


def start_dagster(settings: "Settings", processes: Processes) -> None:
    """Serve Dagster's own UI, and say where."""
    address = f"http://127.0.0.1:{settings.dagster_port}"
    processes.start("dagster", "hub.pipelines", "serve", ready_url=f"{address}/server_info")
    typer.echo(f"Dagster       {address}/")


def environment_of(settings: "Settings") -> dict[str, str]:
    """What programs beside this one must know of settings that a command changed."""
    import json

    return {
        "HUB_HOME": str(settings.home.resolve()),
        "HUB_PRACTICE": str(settings.practice.resolve()),
        "HUB_EXCHANGE_SECONDS": str(settings.exchange_seconds),
        "HUB_CONNECTION_URLS": json.dumps(settings.connection_urls),
    }
