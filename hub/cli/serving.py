"""`hub serve` and `hub up`: the hub in the browser, alone or with Dagster's own UI beside it."""

import os
from typing import TYPE_CHECKING

import typer

from hub.cli.processes import Processes, require_free_port

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.settings import Settings


def serve() -> None:
    """Serve the day board until Ctrl-C."""
    from hub.bootstrap import open_hub
    from hub.settings import Settings

    settings = Settings()
    with open_hub(settings) as hub:
        serve_board(hub, settings)


def up() -> None:
    """Serve the day board and Dagster's web UI side by side until Ctrl-C."""
    from hub.bootstrap import open_hub
    from hub.settings import Settings

    settings = Settings()
    require_free_port(settings.host, settings.port, "HUB_PORT")
    require_free_port("127.0.0.1", settings.dagster_port, "HUB_DAGSTER_PORT")
    with open_hub(settings) as hub, Processes(settings.home / "log") as processes:
        dagster = f"http://127.0.0.1:{settings.dagster_port}"
        typer.echo("Starting Dagster's web UI …")
        arguments = ["hub.pipelines", "serve", "--port", str(settings.dagster_port)]
        processes.start("dagster", arguments, f"{dagster}/server_info", os.environ)
        typer.echo(f"Dagster      {dagster}")
        serve_board(hub, settings)


def serve_board(hub: "Hub", settings: "Settings") -> None:
    """Serve the pages until Ctrl-C, and say where."""
    from hub.web.app import create_app
    from hub.web.server import make_server, open_socket

    with open_socket(settings.host, settings.port) as listening:
        port = listening.getsockname()[1]
        typer.echo(f"Day board    http://{settings.host}:{port}/\nCtrl-C stops.")
        make_server(create_app(hub.board)).run(sockets=[listening])
